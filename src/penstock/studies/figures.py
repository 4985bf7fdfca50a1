"""The figures that a source states, beside ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from penstock.files import jsonable
from penstock.report.numbers import show
from penstock.report.table import Table

__all__ = ["Figure", "figures_table"]


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

    @property
    def range(self) -> str:
        """The interval in words; empty where there is none."""
        if self.low is None or self.high is None:
            return ""
        return f"{show(self.low, self.form)} – {show(self.high, self.form)}"

    @property
    def best(self) -> str:
        """The best baseline in words."""
        return f"{show(self.baseline_value, self.form)} ({self.baseline})" if self.baseline else "–"

    def to_json(self) -> dict[str, Any]:
        """Give the figure for JSON."""
        return dict(jsonable(self.__dict__))


def figures_table(figures: Sequence[Figure]) -> Table:
    """Put the source's figures, ours and the best baseline's side by side."""
    cells = [
        [each.name, show(each.published, each.form), show(each.ours, each.form), each.range, each.best]
        for each in figures
    ]
    columns = ("figure", "published", "ours", "from – to", "best baseline")
    return Table.of("The source's figures and ours", columns, cells)
