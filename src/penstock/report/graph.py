"""The graph of a recurrent network: folded, with its loop, and unrolled over the steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penstock.report.svg import INK, MUTED, SERIES, Picture, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["graph_picture"]

_WIDTH, _HEIGHT = 0.34, 0.3


def graph_picture(
    title: str, caption: str, layers: Sequence[str], head: Sequence[str], *, steps: int, sequence: bool = False
) -> Picture:
    """Draw layers over time, bottom first, as boxes that hand their state to the next step.

    Parameters
    ----------
    title, caption
        What it shows, and how to read it.
    layers, head
        Names of the layers over time, and of what reads their last step.
    steps
        How many steps there are; the picture shows the first and the last ones.
    sequence
        Whether every step is read, not the last one alone.
    """

    def plot(figure: Figure, narrow: bool) -> None:
        axes = figure.subplots()
        shown = _shown(steps, 4 if narrow else 6)
        rows = len(layers)
        left = 0.0 if narrow else 2.1
        if not narrow:
            _folded(axes, layers, head)
        for column, step in enumerate(shown):
            x = left + column * 1.05
            if step is None:
                for row in range(rows):
                    axes.text(x, row + 1, "…", ha="center", va="center", color=MUTED, fontsize=13)
                    _arrow(axes, (x + 0.25, row + 1), (x + 1.05 - _WIDTH - 0.02, row + 1))
                continue
            name = _name(step, steps)
            axes.text(x, 0, f"$x_{{{name}}}$", ha="center", va="center", color=INK, fontsize=11)
            for row, layer in enumerate(layers):
                _box(axes, x, row + 1, "" if narrow else layer, SERIES[row % len(SERIES)])
                if narrow:
                    axes.text(x, row + 1, layer.split("(")[0], ha="center", va="center", color=INK, fontsize=7.5)
                _arrow(axes, (x, row + 0.17 if row == 0 else row + _HEIGHT), (x, row + 1 - _HEIGHT))
                if column + 1 < len(shown):
                    _arrow(axes, (x + _WIDTH + 0.02, row + 1), (x + 1.05 - _WIDTH - 0.02, row + 1))
            if sequence or step == steps:
                _head(axes, x, rows, head, narrow)
        axes.set(xlim=(-0.55 if not narrow else -0.5, left + (len(shown) - 1) * 1.05 + 0.55))
        axes.set(ylim=(-0.35, rows + 0.75 * len(head) + 0.95))
        axes.axis("off")

    height = 0.9 + 0.62 * (len(layers) + 0.8 * len(head))
    return draw(title, caption, plot, height=height, narrow_height=height)


def _shown(steps: int, most: int) -> list[int | None]:
    if steps <= most:
        return list(range(1, steps + 1))
    return [*range(1, most - 1), None, steps]


def _name(step: int, steps: int) -> str:
    return "T" if step == steps else str(step)


def _folded(axes: Axes, layers: Sequence[str], head: Sequence[str]) -> None:
    from matplotlib.patches import FancyArrowPatch

    axes.text(0, 0, "$x_t$", ha="center", va="center", color=INK, fontsize=11)
    for row, layer in enumerate(layers):
        _box(axes, 0, row + 1, layer, SERIES[row % len(SERIES)])
        _arrow(axes, (0, row + 0.17 if row == 0 else row + _HEIGHT), (0, row + 1 - _HEIGHT))
        loop = FancyArrowPatch(
            (_WIDTH, row + 1.14), (_WIDTH, row + 0.86), connectionstyle="arc3,rad=-1.6", arrowstyle="-|>",
            mutation_scale=9, color=INK, linewidth=1.1,
        )  # fmt: skip
        axes.add_patch(loop)
    _head(axes, 0, len(layers), head, narrow=False)
    axes.text(1.28, (len(layers) + 1) / 2, "=", ha="center", va="center", color=MUTED, fontsize=20)


def _head(axes: Axes, x: float, rows: int, head: Sequence[str], narrow: bool) -> None:
    y = rows + _HEIGHT
    for number, name in enumerate(head):
        place = rows + 0.85 + 0.75 * number
        _arrow(axes, (x, y), (x, place - 0.2))
        axes.text(x, place, name if not narrow else name.split("(")[0], ha="center", va="center", color=INK, fontsize=8)
        y = place + 0.17
    _arrow(axes, (x, y), (x, y + 0.3))
    axes.text(x, y + 0.42, r"$\hat{y}$", ha="center", va="center", color=INK, fontsize=11)


def _box(axes: Axes, x: float, y: float, name: str, color: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    outline = (x - _WIDTH + 0.06, y - _HEIGHT + 0.06)
    size = (2 * _WIDTH - 0.12, 2 * _HEIGHT - 0.12)
    for face, alpha, line in ((color, 0.18, 0.0), ("none", 1.0, 1.2)):
        axes.add_patch(
            FancyBboxPatch(
                outline, *size, boxstyle="round,pad=0.06,rounding_size=0.09", facecolor=face, edgecolor=color,
                alpha=alpha, linewidth=line,
            )
        )  # fmt: skip
    axes.text(x, y, name, ha="center", va="center", color=INK, fontsize=8)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    style = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=style)
