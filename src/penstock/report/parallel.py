"""Parallel coordinates: many settings as lines across one axis for each option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penstock.report.axes import shortened
from penstock.report.numbers import show
from penstock.report.svg import GRID, INK, MUTED, SERIES, Picture, draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["axis_places", "parallel_picture"]

_LOGARITHMIC = 50  # largest over smallest from which positive numbers are laid out by their logarithms


def axis_places(values: Sequence[Any]) -> tuple[NDArray[np.float64], list[tuple[float, str]]]:
    """Lay values out along an axis from 0 to 1: numbers by size, others by their order.

    Returns
    -------
    The place of each, and the places and texts of some ticks.

    Examples
    --------
    >>> places, ticks = axis_places([0.001, 0.1, 10.0])
    >>> places.round(2).tolist(), ticks
    ([0.0, 0.5, 1.0], [(0.0, '0.001'), (1.0, '10')])
    >>> axis_places(["a", "b", "a"])[0].tolist()
    [0.0, 1.0, 0.0]
    """
    if all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in values):
        numbers = np.array(values, float)
        low, high = float(numbers.min()), float(numbers.max())
        ticks = [(0.0, show(low, ".4g")), (1.0, show(high, ".4g"))] if low < high else [(0.5, show(low, ".4g"))]
        if low > 0 and high / low >= _LOGARITHMIC:
            numbers, low, high = np.log(numbers), np.log(low), np.log(high)
        return (numbers - low) / (high - low) if low < high else np.full(len(numbers), 0.5), ticks
    names = list(dict.fromkeys(map(str, values)))
    places = np.array([names.index(str(each)) for each in values]) / max(len(names) - 1, 1)
    return places, [(place / max(len(names) - 1, 1), name) for place, name in enumerate(names)]


def parallel_picture(
    title: str,
    caption: str,
    axes: Mapping[str, Sequence[Any]],
    error: NDArray[np.float64],
    unit: str,
    dashed: int | None = None,
) -> Picture:
    """Draw each setting as a line across the options to its error: the best dark, the better half blue.

    Parameters
    ----------
    title, caption
        What it shows, and how to read it.
    axes
        For each option its values, one a setting.
    error
        Error of each setting.
    unit
        What stands above the axis of errors.
    dashed
        Number of the setting whose line is dashed, if any.
    """
    columns = {**axes, unit: error.tolist()}
    laid = [axis_places(values) for values in columns.values()]
    lines = np.stack([places for places, _ in laid], axis=1)
    order = np.argsort(-error)  # the best last, above the others

    def plot(figure: Figure, narrow: bool) -> None:
        frame = figure.subplots()
        x = np.arange(len(laid))
        half = np.median(error)
        for place in order:
            best = place == order[-1]
            color = INK if best else SERIES[0] if error[place] <= half else MUTED
            marked = place == dashed
            frame.plot(
                x, lines[place], color=INK if marked else color, linewidth=2.0 if best else 1.4 if marked else 0.8,
                alpha=1.0 if best or marked else 0.6, linestyle="--" if marked else "-",
            )  # fmt: skip
        for number, (_, ticks) in enumerate(laid):
            frame.axvline(number, color=GRID, linewidth=1, zorder=0)
            for height, text in ticks:
                frame.annotate(
                    shortened(text), (number, height), xytext=(3, 0), textcoords="offset points", fontsize=7.5,
                    va="center", color=INK,
                )  # fmt: skip
        names = [shortened(name.split("__")[-1] if narrow else name.replace("__", " ")) for name in columns]
        frame.set_xticks(x, names)
        frame.set_yticks([])
        frame.set_xlim(-0.05, len(laid) - 1 + 0.35)
        frame.set_ylim(-0.06, 1.06)
        frame.grid(visible=False)

    return draw(title, caption, plot, height=3.2)
