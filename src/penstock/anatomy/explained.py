"""What every explanation can do: become a page, and be written as one HTML file."""

from __future__ import annotations

import abc
from pathlib import Path

from penstock.files import check_destination, write_whole
from penstock.report.page import Page

__all__ = ["Explained"]


class Explained(abc.ABC):
    """Numbers about a mechanism that know how to explain themselves."""

    @abc.abstractmethod
    def page(self) -> Page:
        """Explain the numbers in words, tables and pictures."""

    def report(self, path: str | Path) -> Path:
        """Write :meth:`page` as one self-contained HTML file, whole or not at all.

        Parameters
        ----------
        path
            File to write.

        Returns
        -------
        The path of the page.
        """
        check_destination(path)
        return write_whole(path, self.page().html())
