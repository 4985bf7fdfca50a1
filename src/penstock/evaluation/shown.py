"""How a comparison is shown: as text, and as HTML in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penstock.notebook import notebook_html
from penstock.report.table import Table

__all__ = ["ShownComparison"]


class ShownComparison:
    """Tables, and below them the verdicts, the leaks and how to read the scores."""

    if TYPE_CHECKING:  # of the comparison

        @property
        def said(self) -> list[str]: ...  # noqa: D102

        @property
        def warnings(self) -> list[str]: ...  # noqa: D102

        @property
        def notes(self) -> Sequence[str]: ...  # noqa: D102

        def tables(self) -> list[Table]: ...  # noqa: D102

    def __str__(self) -> str:
        """Lay the tables out as text, with the verdicts and how to read the scores below them."""
        return "\n".join([*map(str, self.tables()), *self._sentences])

    def _repr_html_(self) -> str:
        return notebook_html("\n".join(table.to_html() for table in self.tables()), self._sentences)

    @property
    def _sentences(self) -> list[str]:
        return [*self.said, *(f"Leak: {leak}" for leak in self.warnings), *self.notes]
