"""A page: one self-contained HTML file that reads well in light and dark, on a desk and on a phone."""

from __future__ import annotations

import abc
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.files import check_destination, write_whole
from penstock.report.svg import Picture, with_unique_ids
from penstock.report.table import Table
from penstock.version import __version__

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

__all__ = ["Page", "Passage", "Reported", "Section", "write_page"]


@dataclass(frozen=True)
class Passage:
    """A text in which some words are highlighted.

    Attributes
    ----------
    title, caption
        What the colours mean, in short and at length.
    spans
        The text part by part, each with a strength from −1 (orange) to 1 (blue); 0 for none.
    """

    title: str
    caption: str
    spans: Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Section:
    """A part of a page that explains: sentences, then formulas, pictures and tables.

    Attributes
    ----------
    title
        Its heading.
    text
        Paragraphs.
    formulas
        Lines of mathematics, set apart; what stands before a tab names the line.
    pictures, tables, passages
        What the words speak of; passages come first.
    """

    title: str
    text: Sequence[str] = ()
    formulas: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    passages: Sequence[Passage] = ()


@dataclass(frozen=True)
class Page:
    """What a report says, in the order in which it is read.

    Attributes
    ----------
    title, lead
        The title, and the plain sentences that a hurried reader takes away.
    warnings
        Leaks and the like, set off so that nobody misses them.
    tables
        The tables, the most important first.
    facts
        Data, split and settings, name by name.
    pictures
        The pictures.
    sections
        What is explained part by part, before all tables; a page that only explains has no others.
    wide
        Whether the page is wider than a column of text and its cells break, for a table of many long cells.
    """

    title: str
    lead: Sequence[str]
    tables: Sequence[Table] = ()
    warnings: Sequence[str] = ()
    facts: dict[str, str] = field(default_factory=dict)
    pictures: Sequence[Picture] = ()
    sections: Sequence[Section] = ()
    wide: bool = False

    def html(self) -> str:
        """Render the page; everything that came from data is escaped."""
        ids: Counter[str] = Counter()
        return _template().render(page=self, version=__version__, unique=partial(with_unique_ids, seen=ids))


def write_page(path: str | Path, build: Callable[[], Page]) -> Path:
    """Write a page as one self-contained HTML file, whole or not at all; the path is checked before it is built."""
    check_destination(path)
    return write_whole(path, build().html())


class Reported(abc.ABC):
    """What can become a page, and be written as one HTML file."""

    @abc.abstractmethod
    def page(self) -> Page:
        """Lay it out in words, tables and pictures."""

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
        return write_page(path, self.page)


_INDEX = re.compile(r"\b([A-Za-zΣ]{1,2})_(\w\b|\([^()]*\))")


def _mathematics(text: str) -> Markup:
    """Set indices low: s_t, J_(t+1). Everything is escaped."""
    from markupsafe import Markup, escape

    def lower(found: re.Match[str]) -> str:
        return f"{found[1]}<sub>{found[2].strip('()')}</sub>"

    return Markup(_INDEX.sub(lower, str(escape(text))))  # noqa: S704 (escaped before)


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["mathematics"] = _mathematics
    return environment.from_string(files("penstock.report").joinpath("page.html.j2").read_text(encoding="utf-8"))
