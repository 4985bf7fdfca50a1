"""Curves over a number or over time: plain, on logarithmic scales, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penstock.report.axes import finish, plain, shortened
from penstock.report.svg import INK, MUTED, SERIES, Picture, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Curves", "curves_picture"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curves:
    """One pair of axes with its curves.

    Attributes
    ----------
    lines
        Name, x and y of each.
    x, y
        What stands along the axes.
    log
        Which axes are logarithmic: ``""``, ``"x"``, ``"y"`` or ``"xy"``.
    marks
        Named points ``(x, y)`` to set off.
    spans
        Named stretches of x to shade.
    level
        A height to draw a thin line at.
    limits
        The range of y.
    style
        How lines are drawn.
    dark
        Name of the line that is drawn dark, such as the actual values.
    bands
        Named areas between two lines: x, the lower and the upper one; the widest first.
    """

    lines: Mapping[str, tuple[Any, Any]]
    x: str = ""
    y: str = ""
    log: str = ""
    marks: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    spans: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    level: float | None = None
    limits: tuple[float, float] | None = None
    style: str = "-"
    dark: str | None = None
    bands: Mapping[str, tuple[Any, Any, Any]] = field(default_factory=dict)


def curves_picture(
    title: str,
    caption: str,
    panels: Sequence[Curves] | Curves,
    *,
    height: float = 3.3,
    narrow_height: float | None = None,
) -> Picture:
    """Draw one pair of axes, or several beside each other; on a phone below each other.

    Where all hold the same lines, one legend stands above them.
    """
    every = [panels] if isinstance(panels, Curves) else list(panels)

    def plot(figure: Figure, narrow: bool) -> None:
        shape = (len(every), 1) if narrow else (1, len(every))
        alike = all([*each.lines, *each.bands] == [*every[0].lines, *every[0].bands] for each in every)
        together = alike and len(every) > 1
        for axes, curves in zip(figure.subplots(*shape, squeeze=False).ravel(), every, strict=True):
            _draw(axes, curves, narrow or len(every) > 1, named=not together)
        if together:
            handles, labels = axes.get_legend_handles_labels()
            figure.legend(handles, list(map(shortened, labels)), loc="outside upper left", ncols=2 if narrow else 4)

    return draw(title, caption, plot, height=height, narrow_height=narrow_height or height * len(every))


def _draw(axes: Axes, curves: Curves, narrow: bool, named: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    times = np.asarray(next(iter(curves.lines.values()))[0])
    for number, (name, (x, low, high)) in enumerate(curves.bands.items()):
        axes.fill_between(x, low, high, color=SERIES[0], alpha=0.14 + 0.16 * number, linewidth=0, label=name)
    for name in [curves.dark] if curves.dark is not None else []:
        axes.plot(*curves.lines[name], color=INK, linewidth=1.8, label=name)
    others = {name: line for name, line in curves.lines.items() if name != curves.dark}
    for number, (name, (x, y)) in enumerate(others.items()):
        axes.plot(x, y, curves.style, color=SERIES[number % len(SERIES)], label=name)
    for number, (name, (low, high)) in enumerate(curves.spans.items()):
        axes.axvspan(low, high, color=SERIES[number % len(SERIES)], alpha=0.14, linewidth=0)
        axes.plot([], [], color=SERIES[number % len(SERIES)], alpha=0.35, linewidth=6, label=name)
    for name, (x, y) in curves.marks.items():
        axes.plot([x], [y], "o", color=INK, markersize=4)
        axes.annotate(plain(name), (x, y), xytext=(5, 5), textcoords="offset points", fontsize=8.5, color=INK)
    if curves.level is not None:
        axes.axhline(curves.level, color=MUTED, linewidth=0.8)
    if "x" in curves.log:
        axes.set_xscale("log")
    elif times.dtype.kind in "iu":
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if "y" in curves.log:
        axes.set_yscale("log")
    if curves.limits:
        axes.set_ylim(*curves.limits)
    axes.set_xlabel(curves.x)
    axes.set_ylabel(curves.y)
    finish(axes, times, narrow, named=named)
