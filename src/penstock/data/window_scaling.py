"""Scaling by window: the level and spread of each window, and the earlier rows that its forecasts are added to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penstock.options import Description, option

__all__ = [
    "CONSTANT",
    "LEAST",
    "LEVELS",
    "SPREADS",
    "WindowMeasures",
    "WindowScale",
    "base_rows",
    "differences",
    "measure_windows",
    "window_scale",
]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]

LEVELS = ("mean", "median", "last")
"""Levels of a window by name: the mean or median of its values, or the last one."""

SPREADS = ("deviation", "absolute", "difference", "series")
"""Spreads of a window by name: the standard deviation, the mean absolute value, or the mean absolute difference between
values one season apart, as the scaled error MASE has it (one step apart where there is no season); or the standard
deviation of the training rows of its series, the same for all of its windows."""

_BLOCK = 1 << 22  # values gathered at once
CONSTANT = 1e-9  # spread, as a share of the largest value, below which a window counts as constant
LEAST = 0.02  # least mean absolute difference, in standard deviations


@dataclass(frozen=True, repr=False)
class WindowScale(Description):
    """How each window is scaled: (y − level) / spread, both taken from the window itself.

    A network that reads such windows forecasts series of any level, those it has never seen included. The forecasts are
    in the same units, so that every series counts alike in the loss.

    Parameters
    ----------
    level
        What is subtracted: the ``mean`` or ``median`` of the window, or its ``last`` value.
    spread
        What is divided by: the standard ``deviation``, the mean ``absolute`` value, the mean absolute seasonal
        ``difference`` (the unit of MASE, Hyndman & Koehler 2006), or the deviation of the whole ``series``, fitted on
        its training rows: then every error weighs as it does in the mean squared error of standardised series, and
        series that were not fitted cannot be forecast.

    Examples
    --------
    >>> WindowScale(spread="absolute")
    WindowScale(spread='absolute')
    """

    level: str = option("mean", "what is subtracted from a window", choices=LEVELS)
    spread: str = option("difference", "what a window is divided by", choices=SPREADS)


def window_scale(given: str | WindowScale) -> WindowScale | None:
    """Return the scaling by window that `given` names or is; None where it names another scaling.

    Examples
    --------
    >>> window_scale("window"), window_scale("minmax")
    (WindowScale(), None)
    """
    if isinstance(given, WindowScale):
        return given
    return WindowScale() if given == "window" else None


class WindowMeasures(NamedTuple):
    """What windows that end at some rows are scaled by and forecast from, ``[n]`` each.

    Attributes
    ----------
    level, spread
        scaled = (y − level) / spread; the spread of a constant window is 0.
    lag
        The period of the seasonal naive forecast that the window's forecasts are added to; 1 is the last value.
    """

    level: Values
    spread: Values
    lag: Rows


def measure_windows(
    y: Values, ages: Rows, ends: Rows, window: int, scale: WindowScale | None, season: tuple[int, ...]
) -> WindowMeasures:
    """Measure the windows that end at some rows; each from its own rows alone, so that no other changes a bit of it.

    Of several seasons each window takes the one whose seasonal naive forecasts had the smallest mean absolute error in
    it; where none fits into the rows so far, the last value.

    Parameters
    ----------
    y
        Values of all series, one after the other, ``[rows]``.
    ages
        For each row, the number of usable rows of its series up to it, ``[rows]``.
    ends
        Last row of each window, ``[n]``.
    window
        Length of a window; it is shorter where its series has fewer rows so far.
    scale
        How windows are scaled; None leaves level 0 and spread 1.
    season
        Periods, in steps.

    Examples
    --------
    >>> y = np.array([1.0, 5.0, 2.0, 6.0, 3.0, 7.0])
    >>> measure_windows(y, np.arange(1, 7), np.array([5]), 4, WindowScale(), (2,))
    WindowMeasures(level=array([4.5]), spread=array([1.]), lag=array([2]))
    """
    lengths = np.minimum(ages[ends], window)
    level, spread = np.zeros(len(ends)), np.ones(len(ends))
    lag = np.ones(len(ends), dtype=np.int64)
    apart = {period: differences(y, ages, period) for period in {1, *season}}
    for length in np.unique(lengths):
        places = np.flatnonzero(lengths == length)
        for block in np.array_split(places, -(-len(places) * int(length) // _BLOCK)):
            rows = ends[block, None] - np.arange(int(length) - 1, -1, -1)
            errors = {period: _mean_difference(apart[period][rows]) for period in apart}
            lag[block] = _best_lag(errors, season, ages[ends[block]])
            if scale is not None:
                level[block], spread[block] = _scale(scale, y[rows], errors, season)
    return WindowMeasures(level, spread, lag)


def differences(y: Values, ages: Rows, period: int) -> Values:
    """Return |y_t − y_{t−period}| of each row, ``[rows]``; NaN where its series has no row so far back.

    Examples
    --------
    >>> differences(np.array([1.0, 5.0, 2.0]), np.array([1, 2, 3]), 2)
    array([nan, nan,  1.])
    """
    found = np.full(len(y), np.nan)
    rows = np.flatnonzero(ages > period)
    found[rows] = np.abs(y[rows] - y[rows - period])
    return found


def base_rows(ends: Rows, lag: Rows, steps: int) -> Rows:
    """Return the rows of the seasonal naive forecasts of the steps after `ends`, ``[n, steps]``.

    Examples
    --------
    >>> base_rows(np.array([9, 9]), np.array([1, 3]), 4).tolist()
    [[9, 9, 9, 9], [7, 8, 9, 7]]
    """
    return ends[:, None] - lag[:, None] + 1 + np.arange(steps) % lag[:, None]


def _mean_difference(differences: Values) -> Values:
    """Average over the steps of each window that have a difference; NaN where none has."""
    there = np.isfinite(differences)
    count = there.sum(axis=1)
    total = np.where(there, differences, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _best_lag(errors: dict[int, Values], season: tuple[int, ...], ages: Rows) -> Rows:
    lag = np.ones(len(ages), dtype=np.int64)
    best = np.full(len(ages), np.inf)
    for period in sorted(season):
        error = np.where(np.isnan(errors[period]), np.finfo(float).max, errors[period])
        better = (ages >= period) & (error < best)
        lag, best = np.where(better, period, lag), np.where(better, error, best)
    return lag


def _scale(
    scale: WindowScale, values: Values, errors: dict[int, Values], season: tuple[int, ...]
) -> tuple[Values, Values]:
    first = values[:, :1]  # the deviation is taken of differences from it, which large levels do not round away
    deviation = (values - first).std(axis=1)
    if scale.level == "mean":
        level = (values - first).mean(axis=1) + first[:, 0]
    else:
        level = np.median(values, axis=1) if scale.level == "median" else values[:, -1]
    size = np.abs(values).mean(axis=1)
    if scale.spread == "series":  # one number for all windows, which the fit knows
        return level, np.ones(len(level))
    if scale.spread == "absolute":
        spread = size
    elif scale.spread == "deviation":
        spread = deviation
    else:
        spread = errors[min(season, default=1)]
        spread = np.where(np.isnan(spread), errors[1], spread)
        spread = np.maximum(spread, LEAST * deviation)
    # One row has no differences: its own size is all that is known.
    spread = np.where(np.isnan(spread) | (values.shape[1] == 1), size, spread)
    return level, np.where(spread > CONSTANT * np.abs(values).max(axis=1), spread, 0.0)
