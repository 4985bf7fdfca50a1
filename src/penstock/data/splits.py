"""Splits: the validation tail of the TRAINING rows, which early stopping may watch, and rows held out at random."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.data.windows import Windows

__all__ = ["cut_at", "keep_every_class", "rows_for_tail", "stratified_split", "tail_border", "tail_length"]


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
    first = starts + windows.window
    mine = border[panel.series_of(first)]  # a short window's start lies before its series
    return starts[first + windows.horizon <= mine], starts[first >= mine]


def tail_border(panel: Panel, validation: float | str, horizon: int, least: int = 0) -> NDArray[np.int64]:
    """Give the flat row at which the tail of each series begins, ``[series]``.

    A series that would keep fewer than `least` rows before its tail gives none.
    """
    lengths, which = np.unique(panel.lengths, return_inverse=True)
    tails = np.array([tail_length(int(rows), validation, horizon) for rows in lengths])[which]
    return panel.offsets[1:] - np.where(panel.lengths - tails >= least, tails, 0)


def tail_length(rows: int, validation: float | str, horizon: int) -> int:
    """Count the rows of the tail: a share of the rows if below 1, else a number of rows; at least one horizon.

    ``"horizon"`` is one horizon.
    """
    if validation == 0:
        return 0
    if isinstance(validation, str):
        return horizon
    return max(math.ceil(rows * validation) if validation < 1 else int(validation), horizon)


def rows_for_tail(needed: int, validation: float | str, horizon: int) -> int:
    """Count the rows of a series that leave `needed` rows before its tail.

    Examples
    --------
    >>> rows_for_tail(64, 0.1, 1), rows_for_tail(64, 20, 1)
    (72, 84)
    """
    if isinstance(validation, str) or validation >= 1:
        return needed + tail_length(needed, validation, horizon)
    rows = needed
    if validation > 0:
        rows = max(needed + horizon, int(needed / (1 - validation)) - 2)
    while rows - tail_length(rows, validation, horizon) < needed:
        rows += 1
    return rows


def stratified_split(codes: NDArray[np.int64], share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Hold out a share of the samples at random, of each class alike.

    Parameters
    ----------
    codes
        Class number of each sample, ``[samples]``; all zero for samples without classes.
    share
        Share of the samples that is held out, below 1.
    seed
        Seed of the draw.

    Returns
    -------
    train, test
        Numbers of the samples of each part, in rising order. Every class has a sample in the first.

    Examples
    --------
    >>> train, test = stratified_split(np.repeat([0, 1, 2], [10, 5, 1]), 0.4, seed=0)
    >>> np.repeat([0, 1, 2], [10, 5, 1])[test].tolist()
    [0, 0, 0, 0, 1, 1]
    """
    count = len(codes)
    drawn = np.random.default_rng(seed).permutation(count)
    drawn = drawn[np.argsort(codes[drawn], kind="stable")]
    passed = (np.arange(count + 1) * round(share * count) + count // 2) // max(count, 1)
    held_out = np.diff(passed) > 0  # equally spaced, so every class by its share
    return keep_every_class(np.sort(drawn[~held_out]), np.sort(drawn[held_out]), codes)


def keep_every_class(
    train: NDArray[np.int64], test: NDArray[np.int64], codes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Move the first test sample of each class that training lacks to the training part.

    Examples
    --------
    >>> keep_every_class(np.array([0, 1]), np.array([2, 3, 4]), np.array([0, 0, 1, 0, 1]))
    (array([0, 1, 2]), array([3, 4]))
    """
    classes, first = np.unique(codes[test], return_index=True)
    moved = test[first[~np.isin(classes, codes[train])]]
    return np.sort(np.concatenate([train, moved])), test[~np.isin(test, moved)]
