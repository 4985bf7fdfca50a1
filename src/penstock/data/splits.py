"""The validation tail: the last part of the TRAINING rows, which early stopping may watch."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.data.windows import Windows

__all__ = ["cut_tail", "rows_for_tail", "tail_length"]


def cut_tail(panel: Panel, windows: Windows, validation: float | int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Part the windows of the training rows into those to learn from and those to watch.

    A window is watched when all its targets lie in the last `validation` rows of its series (a share if below 1), and
    learned from when all lie before, so no target is in both. :func:`rows_for_tail` says how long a series must be.

    Returns
    -------
    learn, watch
        Start rows of the windows of each part.
    """
    starts = windows.starts
    if validation == 0:
        return starts, starts[:0]
    tail = np.array([tail_length(int(rows), validation, windows.horizon) for rows in panel.lengths])
    border = (panel.offsets[1:] - tail)[panel.series_of(starts)]
    first = starts + windows.window
    last = first + windows.horizon - 1
    return starts[last < border], starts[first >= border]


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
    rows = needed
    while rows - tail_length(rows, validation, horizon) < needed:
        rows += 1
    return rows
