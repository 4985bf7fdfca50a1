"""Heat maps of values between −1 and 1: blue above zero, orange below, the stronger the farther from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penstock.report.axes import plain
from penstock.report.svg import GRID, INK, MUTED, SERIES, Picture, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["heat_picture"]

Values = NDArray[np.float64]

_SHADES = 10
_NARROW = 24  # names of steps that stand side by side in a narrow picture
_ABOVE, _BELOW = SERIES[0], SERIES[1]


def heat_picture(
    title: str,
    caption: str,
    panels: Mapping[str, Values],
    *,
    curves: Mapping[str, Values] | None = None,
    limits: Mapping[str, float] | None = None,
    steps: Sequence[str] | None = None,
) -> Picture:
    """Show values over time as strips of colour, one row a unit, under curves of what went in.

    Parameters
    ----------
    title, caption
        What it shows, and how to read it.
    panels
        For each strip its name and its values ``[units, time]``.
    curves
        Drawn above the strips, each ``[time]``, such as the input.
    limits
        The value that is given the full colour, for strips that go beyond 1; their names say it.
    steps
        What stands beneath each step, such as its word; their numbers if left out.
    """
    rows = [len(values) for values in panels.values()]
    above = 1 if curves else 0

    def plot(figure: Figure, narrow: bool) -> None:
        heights = [max(0.24 * count, 0.6) for count in rows]
        every = figure.subplots(
            above + len(rows), 1, sharex=True, squeeze=False, height_ratios=[0.9] * above + heights
        )[:, 0]
        if curves:
            for number, (name, values) in enumerate(curves.items()):
                color = (INK, *SERIES)[number % (len(SERIES) + 1)]
                every[0].plot(np.arange(len(values)) + 1, values, color=color, label=name, drawstyle="steps-mid")
            every[0].grid(visible=False, axis="x")
            every[0].legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, borderaxespad=0.2)
        for axes, (name, values) in zip(every[above:], panels.items(), strict=True):
            _strip(axes, values, (limits or {}).get(name, 1.0))
            axes.set_ylabel(plain(name), rotation=0, ha="right", va="center", color=INK)
        if steps is None:
            every[-1].set_xlabel("step")
        else:
            places = range(0, len(steps), 2 if narrow and len(steps) > _NARROW else 1)
            names = [plain(steps[place]) for place in places]
            every[-1].set_xticks([place + 1 for place in places], names, rotation=90, color=INK)

    below = 0.0 if steps is None else 0.09 * max(map(len, steps), default=0)
    height = below + 0.7 + 0.95 * above + sum(max(0.17 * count, 0.42) + 0.08 for count in rows)
    return draw(title, caption, plot, height=height, narrow_height=height)


def _strip(axes: Axes, values: Values, limit: float) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    units, steps = values.shape
    levels = np.rint(np.clip(values / limit, -1, 1) * _SHADES).astype(int)
    for level in np.unique(levels[levels != 0]):
        # One shape a shade, and one box a run of equal neighbours: a picture of a thousand cells stays small.
        boxes = [_box(row, first, last) for row, first, last in _runs(levels == level)]
        color = _ABOVE if level > 0 else _BELOW
        shape = Path.make_compound_path(*boxes)
        axes.add_patch(PathPatch(shape, facecolor=color, alpha=abs(level) / _SHADES, linewidth=0))
    axes.set(xlim=(0.5, steps + 0.5), ylim=(units - 0.5, -0.5))
    axes.set_yticks([])
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(GRID)
    axes.yaxis.label.set_color(MUTED)


def _runs(true: NDArray[np.bool_]) -> Iterator[tuple[int, int, int]]:
    for row, line in enumerate(true):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], line, [False]]).astype(int)))
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            yield row, int(first), int(last)


def _box(row: int, first: int, last: int) -> Any:
    from matplotlib.path import Path

    left, right, top, bottom = first + 0.5, last + 0.5, row - 0.5, row + 0.5
    return Path([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], closed=True)
