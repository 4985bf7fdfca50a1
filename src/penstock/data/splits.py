"""The validation tail: the last part of the TRAINING rows, which early stopping may see."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.data.windows import Windows

__all__ = ["cut_at", "rows_for_tail", "tail_border", "tail_length"]


def cut_at(panel: Panel, windows: Windows, border: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Part windows at a flat row of each series, `border` ``[series]``.

    A window is for training when all its targets lie before the border, for validation when all lie at it or behind,
    so no target is in both.

    Returns
    -------
    train, validation
        Start rows of the windows of each part.
    """
    starts = windows.starts
    mine = border[panel.series_of(starts)]
    first = starts + windows.window
    return starts[first + windows.horizon <= mine], starts[first >= mine]


def tail_border(panel: Panel, validation: float, horizon: int) -> NDArray[np.int64]:
    """Give the flat row at which the tail of each series begins, ``[series]``."""
    return panel.offsets[1:] - np.array([tail_length(int(rows), validation, horizon) for rows in panel.lengths])


def tail_length(rows: int, validation: float, horizon: int) -> int:
    """Count the rows of the tail: a share of the rows if below 1, else a number of rows; at least one horizon."""
    if validation == 0:
        return 0
    return max(math.ceil(rows * validation) if validation < 1 else int(validation), horizon)


def rows_for_tail(needed: int, validation: float, horizon: int) -> int:
    """Count the rows of a series that leave `needed` rows before its tail.

    Examples
    --------
    >>> rows_for_tail(64, 0.1, 1), rows_for_tail(64, 20, 1)
    (72, 84)
    """
    rows = needed + tail_length(needed, validation, horizon) * (validation >= 1)
    if 0 < validation < 1:
        rows = max(needed + horizon, int(needed / (1 - validation)) - 2)
    while rows - tail_length(rows, validation, horizon) < needed:
        rows += 1
    return rows
