"""What every picture of curves does at its end: dates that fit, and a legend above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penstock.report.svg import GRID

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["finish", "legend", "plain", "shortened"]

_LONGEST_LABEL = 24


def finish(axes: Axes, times: NDArray[Any], narrow: bool, *, named: bool = True) -> None:
    """Set dates as many as fit, the grid and, unless it is not `named`, the legend."""
    if np.asarray(times).dtype.kind == "M":
        import matplotlib.dates as dates

        locator = dates.AutoDateLocator(minticks=2 if narrow else 3, maxticks=5 if narrow else 9)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.margins(x=0.01)
    axes.grid(color=GRID)
    if named:
        legend(axes, narrow)


def legend(axes: Axes, narrow: bool) -> None:
    """Put the legend above, in as many columns as the longest name leaves room for."""
    handles, given = axes.get_legend_handles_labels()
    if not given:
        return
    labels = [shortened(label) for label in given]
    room = 44 if narrow else 96  # letters; a handle and the gaps about it take nine
    columns = max(1, min(len(labels), room // (max(map(len, labels)) + 9)))
    axes.legend(handles, labels, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=columns, borderaxespad=0.2)


def shortened(label: str) -> str:
    """Cut a long name."""
    return plain(label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…")


def plain(text: str) -> str:
    """Return the text with dollar signs escaped, which matplotlib reads as the beginning of a formula."""
    return text.replace("$", r"\$")
