"""A few numbers as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from penstock.report.axes import legend, plain
from penstock.report.numbers import show_minus
from penstock.report.svg import INK, MUTED, SERIES, Picture, draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["bars_picture", "groups_picture"]


def bars_picture(title: str, caption: str, values: Mapping[str, float], *, form: str = ".3f") -> Picture:
    """Draw each value as a bar with its number, blue above zero and orange below."""

    def plot(figure: Figure, narrow: bool) -> None:
        axes = figure.subplots()
        colors = [SERIES[0] if value >= 0 else SERIES[1] for value in values.values()]
        axes.bar(range(len(values)), list(values.values()), color=colors, width=0.62)
        for place, value in enumerate(values.values()):
            text = show_minus(value, form)
            axes.annotate(
                text, (place, value), xytext=(0, 4 if value >= 0 else -4), textcoords="offset points",
                ha="center", va="bottom" if value >= 0 else "top", fontsize=8.5 if not narrow else 7.5, color=INK,
            )  # fmt: skip
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.set_xticks(range(len(values)), [plain(name) for name in values])
        axes.tick_params(length=0, axis="x", labelcolor=INK)
        axes.margins(y=0.16)
        axes.grid(visible=False, axis="x")

    return draw(title, caption, plot, height=2.9)


def groups_picture(
    title: str, caption: str, groups: Sequence[str], values: Mapping[str, Sequence[float]], unit: str
) -> Picture:
    """Draw bars side by side in groups, one of each colour in every group.

    Parameters
    ----------
    groups
        Names of the groups, from left to right.
    values
        For each name in the legend, one value a group.
    unit
        What stands beside the vertical axis.
    """

    def plot(figure: Figure, narrow: bool) -> None:
        axes = figure.subplots()
        places, width = np.arange(len(groups)), 0.8 / len(values)
        for number, (name, heights) in enumerate(values.items()):
            shift = (number - (len(values) - 1) / 2) * width
            axes.bar(places + shift, heights, width, color=SERIES[number % len(SERIES)], label=plain(name))
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_xticks(places, [plain(name) for name in groups])
        axes.set_ylabel(unit)
        legend(axes, narrow)

    return draw(title, caption, plot)
