"""A table of results: one description that a terminal, a text, Markdown, HTML, LaTeX and JSON are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any, Self
from unicodedata import combining, east_asian_width

from penstock.files import jsonable
from penstock.report.numbers import show

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

__all__ = ["Marked", "Table"]

_STYLES = {"better": "green", "worse": "red", "minor": "dim", "pass": "green", "fail": "bold red"}
_ARROWS = {"better": " ▲", "worse": " ▼"}
_LONGEST_WORDS = 30  # characters of a column of text that are not broken in a terminal
_LONGEST_NUMBER = 60  # characters above which a cell of a page is set as text
_LATEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--", "−": "$-$",
    "±": r"$\pm$", "×": r"$\times$", "·": r"$\cdot$", "²": "$^2$", "→": r"$\to$", "▲": r"$\uparrow$",
    "▼": r"$\downarrow$", "≤": r"$\le$", "≥": r"$\ge$", "φ": r"$\varphi$", "Σ": r"$\Sigma$", "<": r"$<$", ">": r"$>$",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}  # fmt: skip


@dataclass(frozen=True)
class Marked:
    """A cell that is set apart by itself.

    Attributes
    ----------
    value
        What the cell shows.
    mark
        ``better`` or ``worse`` (with an arrow), ``minor``, ``pass`` or ``fail``.
    """

    value: Any
    mark: str


@dataclass(frozen=True)
class Table:
    """A table of results.

    Attributes
    ----------
    title
        What it holds.
    columns
        Heading of each column, and how its numbers are shown (see :func:`penstock.report.numbers.show`). The first
        column and those of the form ``<`` hold text and are aligned left, all others right.
    rows
        Values by heading; what a row lacks stays empty. The key ``mark`` sets a row apart: ``minor`` (the spread of
        members), ``better`` or ``worse`` (than the baseline, by more than chance).
    notes
        How to read it, in sentences.
    links
        Where the first cell of each row leads on a page, if anywhere.

    Examples
    --------
    >>> table = Table("Scores", {"model": "", "RMSE": "4g"}, [{"model": "AR(2)", "RMSE": 1.1375}, {"model": "Naive"}])
    >>> print(table)
    model   RMSE
    AR(2)  1.137
    Naive
    >>> print(table.to_markdown())
    | model | RMSE |
    | --- | ---: |
    | AR(2) | 1.137 |
    | Naive |  |
    """

    title: str
    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]] = field(repr=False)
    notes: Sequence[str] = ()
    links: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        title: str,
        headings: Iterable[str] | Mapping[str, str],
        cells: Iterable[Sequence[Any]],
        notes: Sequence[str] = (),
        **more: Any,
    ) -> Self:
        """Make a table of cells in the order of the headings, which may name the form of their numbers."""
        columns = dict(headings) if isinstance(headings, Mapping) else dict.fromkeys(headings, "")
        return cls(title, columns, [dict(zip(columns, row, strict=False)) for row in cells], notes, **more)

    def cells(self, row: Mapping[str, Any]) -> list[str]:
        """Format one row, in the order of the columns."""
        return [text for text, _ in self._cells(row)]

    def only(self, headings: Iterable[str]) -> Table:
        """Keep some columns."""
        kept = {heading: self.columns[heading] for heading in headings if heading in self.columns}
        return Table(self.title, kept, self.rows, self.notes, self.links)

    def to_json(self) -> dict[str, Any]:
        """Return the table ready for JSON; a number that does not exist is null."""
        rows = [
            {name: value.value if isinstance(value, Marked) else value for name, value in row.items()}
            for row in self.rows
        ]
        return {
            "title": self.title,
            "columns": dict(self.columns),
            "rows": jsonable(rows),
            "notes": list(self.notes),
        }

    def to_markdown(self) -> str:
        """Return the table as Markdown, without its title."""
        rule = ["---" if left else "---:" for left in self._left]
        lines = [list(self.columns), rule, *map(self.cells, self.rows)]
        return "\n".join(f"| {' | '.join(cell.replace('|', '∣') for cell in line)} |" for line in lines)

    def to_html(self) -> str:
        """Return the table as an HTML element, without its title; everything is escaped."""
        head = "".join(
            f'<th scope="col"{_classes("text" if left and place else "")}>{escape(name)}</th>'
            for place, (name, left) in enumerate(zip(self.columns, self._left, strict=True))
        )
        links = iter(self.links)
        body = "\n".join(
            f"<tr{_classes(row.get('mark', ''))}>{self._html_cells(row, next(links, ''))}</tr>" for row in self.rows
        )
        return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"

    def to_latex(self) -> str:
        r"""Return the table as a LaTeX ``tabular`` (package booktabs), without its title."""
        kinds = "".join("l" if left else "r" for left in self._left)
        head, *lines = [" & ".join(map(_latex, line)) + r" \\" for line in [self.columns, *map(self.cells, self.rows)]]
        return "\n".join(
            [rf"\begin{{tabular}}{{{kinds}}}", r"\toprule", head, r"\midrule", *lines, r"\bottomrule", r"\end{tabular}"]
        )

    def __str__(self) -> str:
        """Lay the table out as plain text, as wide as it is."""
        lines = [list(self.columns), *([name, *self.cells(row)[1:]] for name, row in self._named_rows)]
        widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                cell + " " * (width - _width(cell)) if left else " " * (width - _width(cell)) + cell
                for cell, width, left in zip(line, widths, self._left, strict=True)
            ).rstrip()
            for line in lines
        )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Lay the table out for rich: coloured in a terminal, and in parts where that is narrow; whole in a pipe."""
        from rich.text import Text

        if not console.is_terminal:
            yield Text(str(self))
            return
        for number, part in enumerate(self.parts(options.max_width)):
            if number:
                yield Text("")
            yield part._laid(options.max_width)

    def parts(self, width: int) -> list[Table]:
        """Part the columns so that each part fits a width, the first column in all of them.

        Parameters
        ----------
        width
            Columns of the terminal.

        Returns
        -------
        The parts; one with a column of its own where that is wider than the width leaves room for.
        """
        lines = [list(self.columns), *map(self.cells, self.rows)]
        widths = [max(map(_width, column)) + 2 for column in zip(*lines, strict=True)]
        room = width - min(widths[0], width // 2)
        parts: list[list[str]] = [[]]
        used = 0
        for (heading, left), need in list(zip(zip(self.columns, self._left, strict=True), widths, strict=True))[1:]:
            need = min(need, _LONGEST_WORDS) if left else need
            if parts[-1] and used + need > room:
                parts.append([])
                used = 0
            parts[-1].append(heading)
            used += need
        first = next(iter(self.columns))
        return [self.only([first, *headings]) for headings in parts]

    def _laid(self, width: int) -> RenderableType:
        """Lay the columns out side by side; a first cell longer than half of the width is broken, never cut."""
        from rich.table import Table as Laid
        from rich.text import Text

        laid = Laid(box=None, header_style="bold", pad_edge=False, padding=(0, 1))
        longest = max((_width(name) for name, _ in self._named_rows), default=0)
        wrap = longest + 2 > width // 2 and len(self.columns) > 1
        laid.add_column(next(iter(self.columns)), overflow="fold", no_wrap=not wrap)
        for heading, left in list(zip(self.columns, self._left, strict=True))[1:]:
            laid.add_column(heading, justify="left" if left else "right", no_wrap=not left)
        for name, row in self._named_rows:
            cells = [Text(text, style=_STYLES.get(mark, "")) for text, mark in self._cells(row)[1:]]
            laid.add_row(Text(name), *cells, style=_STYLES.get(row.get("mark", "")))
        return laid

    _repr_html_, _repr_markdown_, _repr_latex_ = to_html, to_markdown, to_latex

    @property
    def _named_rows(self) -> list[tuple[str, Mapping[str, Any]]]:
        """The rows, and the first cell of each."""
        return [(self.cells(row)[0], row) for row in self.rows]

    @property
    def _left(self) -> list[bool]:
        """Whether each column is aligned left."""
        return [place == 0 or form.startswith("<") for place, form in enumerate(self.columns.values())]

    def _cells(self, row: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Format one row as text and mark of each cell; beside cells with an arrow, those without keep its place."""
        shown = []
        for name, form in self.columns.items():
            value = row.get(name, "")
            cell = value if isinstance(value, Marked) else Marked(value, "")
            place = "  " if name in self._arrowed else ""
            shown.append((show(cell.value, form) + _ARROWS.get(cell.mark, place), cell.mark))
        return shown

    @cached_property
    def _arrowed(self) -> set[str]:
        """Headings of the columns in which a cell has an arrow."""
        return {
            name
            for row in self.rows
            for name, value in row.items()
            if isinstance(value, Marked) and value.mark in _ARROWS
        }

    def _html_cells(self, row: Mapping[str, Any], link: str) -> str:
        parts = []
        for place, ((text, mark), left) in enumerate(zip(self._cells(row), self._left, strict=True)):
            inner = escape(text)
            if link and place == 0:
                inner = f'<a href="{escape(link)}">{inner}</a>'
            kind = "words" if len(text) > _LONGEST_NUMBER else "text" if left and place else ""
            parts.append(f"<td{_classes(kind, mark)}>{inner}</td>")
        return "".join(parts)


def _classes(*names: str) -> str:
    given = " ".join(filter(None, names))
    return f' class="{given}"' if given else ""


def _latex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in text.strip())


def _width(text: str) -> int:
    """Count the columns of a terminal that a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(sign) else 1 + (east_asian_width(sign) in "WF") for sign in text)
