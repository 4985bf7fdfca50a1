"""Paths over the contours of a surface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from penstock.report.axes import legend
from penstock.report.svg import GRID, INK, MUTED, SERIES, Picture, draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["landscape_picture"]

Values = NDArray[np.float64]


def landscape_picture(
    title: str,
    caption: str,
    grid: tuple[Values, Values, Values],
    paths: Mapping[str, Values],
    *,
    levels: Values,
    goal: tuple[float, float] | None = None,
    names: tuple[str, str] = ("x", "y"),
) -> Picture:
    """Draw paths ``[steps, 2]`` over contours of a surface given as x ``[n]``, y ``[m]`` and heights ``[m, n]``."""

    def plot(figure: Figure, narrow: bool) -> None:
        axes = figure.subplots()
        x, y, heights = grid
        axes.contour(x, y, heights, levels=levels, colors=[GRID], linewidths=0.9)
        axes.set_autoscale_on(False)
        for number, (name, path) in enumerate(paths.items()):
            color = SERIES[number % len(SERIES)]
            axes.plot(path[:, 0], path[:, 1], ".-", color=color, label=name, linewidth=1.3, markersize=4)
        first = next(iter(paths.values()))[0]
        axes.plot(*first, "o", color=INK, markersize=6)
        axes.annotate("start", first, xytext=(7, 4), textcoords="offset points", fontsize=9, color=INK)
        if goal is not None:
            axes.plot(*goal, "*", color=INK, markersize=11)
        axes.grid(visible=False)
        axes.set_xlabel(names[0], color=MUTED)
        axes.set_ylabel(names[1], color=MUTED)
        legend(axes, narrow)

    return draw(title, caption, plot, height=4.6, narrow_height=4.9)
