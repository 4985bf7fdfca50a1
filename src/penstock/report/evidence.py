"""The pictures of the evidence: every pair tested, losses summed over time, errors by step, members, intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penstock.report.axes import finish, legend, shortened
from penstock.report.grid import Square, grid_picture
from penstock.report.lines import Curves, curves_picture
from penstock.report.numbers import show
from penstock.report.svg import GRID, INK, MUTED, SERIES, Picture, draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["difference_picture", "fan_picture", "horizon_picture", "pairs_picture", "spread_picture", "wealth_picture"]

Times = NDArray[Any]
Values = NDArray[np.float64]

_MOST_IN_LINE = 50  # dots that stand in one line
_MOST_NUMBERS = 12  # models up to which p-values are written into the heat map
_BETTER, _WORSE = SERIES[2], SERIES[1]


def pairs_picture(names: Sequence[str], statistic: Values, pvalue: Values, test: str) -> Picture:
    """Show the test of every pair ``[k, k]`` as a heat map."""

    def square(row: int, column: int, narrow: bool) -> Square | None:
        p = float(pvalue[row, column])
        if np.isnan(p):
            return None
        strength = min(-np.log10(max(p, 1e-3)) / 3, 1.0)
        shown = len(names) <= (_MOST_NUMBERS // 2 if narrow else _MOST_NUMBERS)
        text = show(p, "p").lstrip("0") if shown else ""
        return _BETTER if statistic[row, column] < 0 else _WORSE, 0.06 + 0.6 * strength, text

    caption = (
        f"p-values of every pair ({test}), corrected for the number of pairs (Holm): green where the row's model has a "
        "lower loss than the column's, orange where a higher one; the stronger, the less it can be chance."
    )
    numbers = [str(number) for number in range(1, len(names) + 1)]
    rows = [f"{shortened(name)}  {number}" for name, number in zip(names, numbers, strict=True)]
    return grid_picture("Every pair of models", caption, rows, numbers, square)


def difference_picture(
    times: Times, differences: Mapping[str, Values], against: str, what: str = "squared errors"
) -> Picture:
    """Show the summed loss of the best baseline minus that of other models, ``[n]``, over time."""
    caption = (
        f"{what[0].upper()}{what[1:]} of {against}, the best baseline, minus those of each other model, summed over "
        "the test rows: a line that rises gains on the baseline; one that jumps owes its score to a few days."
    )
    lines = {name: (times, np.cumsum(each)) for name, each in differences.items()}
    curves = Curves(lines, y="loss saved so far", level=0)
    return curves_picture("Loss saved against the best baseline", caption, curves, height=3.2)


def horizon_picture(errors: Mapping[str, Values], score: str = "RMSE") -> Picture:
    """Show a score at each step ahead, ``[horizon]``."""
    caption = f"{score} on the test rows, by how far ahead the forecast looks."
    lines = {name: (np.arange(1, len(each) + 1), each) for name, each in errors.items()}
    return curves_picture("Error by step", caption, Curves(lines, "steps ahead", score, style=".-"), height=3.0)


def spread_picture(
    title: str,
    caption: str,
    values: Mapping[str, Values],
    bars: Mapping[str, float],
    label: str,
    line: tuple[str, float] | None = None,
) -> Picture:
    """Show the values of each row as dots, spread where there are many, with one bar each, and a named line."""

    def plot(figure: Figure, narrow: bool) -> None:
        axes, rng = figure.subplots(), np.random.default_rng(0)
        for place, (name, each) in enumerate(values.items()):
            reach, size = (0.25, 3) if len(each) > _MOST_IN_LINE else (0.0, 6)
            heights = place + rng.uniform(-reach, reach, len(each))
            axes.plot(each, heights, "o", color=SERIES[0], alpha=0.45, markersize=size, markeredgewidth=0)
            axes.plot([bars[name]], [place], "|", color=INK, markersize=22, markeredgewidth=2)
        if line is not None:
            axes.axvline(line[1], color=SERIES[1], linewidth=1.2, label=line[0])
        axes.set_yticks(range(len(values)), [shortened(name) for name in values])
        axes.set_ylim(len(values) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(label)
        legend(axes, narrow)

    height = 1.3 + 0.45 * len(values)
    return draw(title, caption, plot, height=height, narrow_height=height)


def fan_picture(
    title: str,
    caption: str,
    times: Times,
    y: Values,
    name: str,
    yhat: Values,
    bands: Mapping[str, tuple[Values, Values]],
) -> Picture:
    """Show forecasts with their intervals, the widest first, over what came.

    Forecasts are NaN before their cutoff, where there is one; what led to it is joined by a line.
    """

    def plot(figure: Figure, narrow: bool) -> None:
        axes = figure.subplots()
        for number, (label, (lower, upper)) in enumerate(bands.items()):
            shade = 0.14 + 0.16 * number
            axes.fill_between(times, lower, upper, color=SERIES[0], alpha=shade, linewidth=0, label=label)
        axes.plot(times, yhat, color=SERIES[0], linewidth=1.1, label=name)
        if np.isnan(yhat).any():
            axes.plot(times, y, color=MUTED, linewidth=0.8)
        axes.plot(times, y, ".", color=INK, markersize=3.5, label="actual")
        axes.grid(color=GRID)
        finish(axes, times, narrow)

    return draw(title, caption, plot, height=3.4)


def wealth_picture(times: Times, wealth: Mapping[str, Values], caption: str) -> Picture:
    """Show what 1 became under each strategy, ``[steps]``, after costs; the first is drawn dark."""
    lines = {name: (times, each) for name, each in wealth.items()}
    curves = Curves(lines, y="growth of 1", level=1, dark=next(iter(wealth)))
    return curves_picture("Trading on the forecasts", caption, curves, height=3.4)
