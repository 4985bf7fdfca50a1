"""The tables of a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from penstock.report.page import PageTable, TableRow
from penstock.studies.cells import show
from penstock.studies.numbers import plain

__all__ = ["Figure", "StudyTable", "figures_table"]

_MARKS = {"better": "better", "worse": "worse"}


@dataclass(frozen=True)
class StudyTable:
    """A table of a study.

    Attributes
    ----------
    title
        What it holds.
    columns
        Heading of each column, and how its numbers are shown (see :func:`penstock.studies.cells.show`).
    rows
        Values by heading; what a row lacks stays empty. The key ``mark`` sets a row apart: ``minor`` (the spread of
        members), ``better`` or ``worse`` (than the baseline, by more than chance).
    notes
        How to read it.
    """

    title: str
    columns: dict[str, str]
    rows: Sequence[dict[str, Any]]
    notes: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the table for JSON; a number that does not exist is null."""
        rows = [plain(dict(row)) for row in self.rows]
        return {"title": self.title, "columns": self.columns, "rows": rows, "notes": list(self.notes)}

    def page_table(self) -> PageTable:
        """Lay the table out for a page."""
        rows = [
            TableRow(self.cells(row), minor=row.get("mark") == "minor", mark=_MARKS.get(row.get("mark", ""), ""))
            for row in self.rows
        ]
        return PageTable(self.title, list(self.columns), rows, self.notes)

    def cells(self, row: dict[str, Any]) -> list[str]:
        """Show one row, in the order of the columns."""
        return [show(row[name], form) if name in row else "" for name, form in self.columns.items()]


@dataclass(frozen=True)
class Figure:
    """A figure that the source states, ours, and that of the best baseline on the same rows.

    Attributes
    ----------
    name
        What is measured, such as ``RMSE``, in the source's units.
    published
        What the source states; None where it states none.
    ours
        Ours: the median of the members.
    low, high
        The least and the largest of the members, or an interval; None where there is but one.
    baseline, baseline_value
        The best baseline and its figure.
    form
        How the numbers are shown.
    """

    name: str
    published: float | None
    ours: float | None
    low: float | None = None
    high: float | None = None
    baseline: str | None = None
    baseline_value: float | None = None
    form: str = ".4f"

    def to_json(self) -> dict[str, Any]:
        """Give the figure for JSON."""
        return dict(plain(dict(self.__dict__)))


def figures_table(figures: Sequence[Figure]) -> StudyTable:
    """Put the source's figures, ours and the best baseline's side by side."""
    rows = []
    for each in figures:
        some = each.low is not None and each.high is not None
        rows.append(
            {
                "figure": each.name,
                "published": show(each.published, each.form),
                "ours": show(each.ours, each.form),
                "from – to": f"{show(each.low, each.form)} – {show(each.high, each.form)}" if some else "",
                "best baseline": f"{show(each.baseline_value, each.form)} ({each.baseline})" if each.baseline else "–",
            }
        )
    columns = dict.fromkeys(("figure", "published", "ours", "from – to", "best baseline"), "")
    return StudyTable("The source's figures and ours", columns, rows)
