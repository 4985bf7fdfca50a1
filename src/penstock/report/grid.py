"""A grid of squares, the stronger the darker: what attends to what, which model beats which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from penstock.report.axes import plain
from penstock.report.svg import INK, SERIES, Picture, draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["attention_picture", "grid_picture"]

Square = tuple[str, float, str]
"""Colour, strength from 0 to 1, and what is written into it."""


def grid_picture(
    title: str,
    caption: str,
    rows: Sequence[str],
    columns: Sequence[str],
    square: Callable[[int, int, bool], Square | None],
    *,
    names: tuple[str, str] = ("", ""),
    row_height: float = 0.3,
) -> Picture:
    """Draw squares in rows and columns.

    Parameters
    ----------
    rows, columns
        What stands beside each row, from the top, and below each column.
    square
        The square of a row and a column, None for none; its third argument says whether the picture is narrow.
    names
        What stands along the rows and beside the columns.
    row_height
        Height of a row in inches.
    """

    def plot(figure: Figure, narrow: bool) -> None:
        from matplotlib.patches import Rectangle

        axes = figure.subplots()
        for row, column in np.ndindex(len(rows), len(columns)):
            if (drawn := square(row, column, narrow)) is not None:
                color, strength, text = drawn
                place = (column - 0.48, row - 0.48)
                axes.add_patch(Rectangle(place, 0.96, 0.96, facecolor=color, alpha=strength, linewidth=0))
                axes.text(column, row, text, ha="center", va="center", fontsize=8, color=INK)
        axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5), xlabel=names[0], ylabel=names[1])
        axes.set_xticks(range(len(columns)), [plain(name) for name in columns])
        axes.set_yticks(range(len(rows)), [plain(name) for name in rows])
        axes.tick_params(length=0)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)

    height = 0.9 + row_height * len(rows)
    return draw(title, caption, plot, height=height, narrow_height=height)


def attention_picture(
    title: str, caption: str, weights: NDArray[np.float64], read: Sequence[str], told: Sequence[str]
) -> Picture:
    """Draw weights ``[told, read]`` between 0 and 1, the symbols at the edges."""

    def square(row: int, column: int, narrow: bool) -> Square | None:
        share = round(float(weights[row, column]), 2)
        return (SERIES[0], share, "") if share > 0 else None

    return grid_picture(title, caption, told, read, square, names=("read", "told"), row_height=0.24)
