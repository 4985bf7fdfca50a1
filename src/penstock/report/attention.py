"""A map of attention: what each told symbol looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penstock.report.axes import plain
from penstock.report.svg import INK, SERIES, Picture, draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["attention_picture"]


def attention_picture(
    title: str, caption: str, weights: NDArray[np.float64], read: Sequence[str], told: Sequence[str]
) -> Picture:
    """Draw weights ``[told, read]`` between 0 and 1 as squares, the symbols at the edges."""
    rows, columns = weights.shape

    def plot(figure: Figure, narrow: bool) -> None:
        axes: Any = figure.subplots()
        for row in range(rows):
            for column in range(columns):
                share = round(float(weights[row, column]), 2)
                if share > 0:
                    axes.add_patch(_square(column, row, share))
        axes.set_xlim(-0.5, columns - 0.5)
        axes.set_ylim(rows - 0.5, -0.5)
        axes.set_xticks(range(columns), [plain(symbol) for symbol in read], color=INK)
        axes.set_yticks(range(rows), [plain(symbol) for symbol in told], color=INK)
        axes.tick_params(length=0)
        axes.grid(visible=False)
        axes.set_xlabel("read")
        axes.set_ylabel("told")

    height = 0.9 + 0.24 * rows
    return draw(title, caption, plot, height=height, narrow_height=height)


def _square(column: int, row: int, share: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((column - 0.47, row - 0.47), 0.94, 0.94, facecolor=SERIES[0], alpha=share, edgecolor="none")
