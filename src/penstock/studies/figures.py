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

    def to_json(self) -> dict[str, Any]:
        """Give the figure for JSON."""
        return dict(jsonable(self.__dict__))


def figures_table(figures: Sequence[Figure]) -> Table:
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
    return Table("The source's figures and ours", columns, rows)
