"""Intervals from rows at the end that a model was not fitted on: split conformal, with nothing assumed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.errors import DataError
from penstock.intervals.conformal import Conformal

__all__ = ["TailErrors"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TailErrors:
    """Errors (actual minus forecast) of forecasts of validation rows, which training has not seen.

    Attributes
    ----------
    errors
        ``[n, horizon]``, each in units of the spread at its own cutoff; NaN where what came is not known.
    series
        Fitted series of each, ``[n]``.

    Examples
    --------
    >>> tail = TailErrors(np.arange(1.0, 6.0)[:, None] * [1, -10], np.zeros(5, int))
    >>> tail.bounds(np.array([0]), np.array([2.0]), (80,))[0, :, 0].tolist()
    [[-10.0, -100.0], [10.0, 100.0]]
    """

    errors: Values
    series: Rows

    def bounds(self, series: Rows, spreads: Values, levels: tuple[float, ...]) -> Values:
        """Return what to add to forecasts for their bounds, ``[levels, 2, n, horizon]``.

        Parameters
        ----------
        series
            Fitted series of each forecast, -1 for a new one, ``[n]``.
        spreads
            Spread at each cutoff, ``[n]``.
        levels
            Coverage of each interval in percent, ascending. A series whose tail is too short for the highest shares the
            errors of all.

        Raises
        ------
        DataError
            Where the errors of all series together are too few.
        """
        own, place = np.unique(series, return_inverse=True)
        shared: Values | None = None
        widths = np.empty((len(own), len(levels), self.errors.shape[1]))
        for number, each in enumerate(own):
            mine = _widths(np.abs(self.errors[self._rows(int(each))]), levels)
            if np.isnan(mine).any():
                shared = _widths(np.abs(self.errors), levels) if shared is None else shared
                mine = np.where(np.isnan(mine).any(axis=0), shared, mine)
            widths[number] = mine
        if np.isnan(widths).any():
            count = int(np.isfinite(self.errors).sum(axis=0).min())
            raise DataError(
                f"{count} residuals can give no {levels[-1]:g} % interval: {Conformal().fewest(levels[-1])} "
                "are needed; keep a longer validation tail, or give more rows, or a lower level."
            )
        half = np.moveaxis(widths[place], 0, 1) * spreads[:, None]
        return np.stack([-half, half], axis=1)

    def deviations(self, series: Rows, spreads: Values) -> Values:
        """Return the root mean square error at each step, ``[n, horizon]``; of a series without tail, that of all."""
        own, place = np.unique(series, return_inverse=True)
        found = np.empty((len(own), self.errors.shape[1]))
        for number, each in enumerate(own):
            rows = self._rows(int(each))
            found[number] = np.sqrt(np.nanmean(np.square(self.errors[rows if len(rows) else slice(None)]), axis=0))
        return found[place] * spreads[:, None]

    def _rows(self, series: int) -> Rows:
        """Return the rows of one series; they stand in order."""
        first, last = np.searchsorted(self.series, [series, series + 1])
        return np.arange(first, last)


def _widths(sizes: Values, levels: tuple[float, ...]) -> Values:
    """Return the order statistics of absolute errors ``[n, horizon]`` that are half intervals, ``[levels, horizon]``.

    NaN at a step with too few errors for the highest level (:class:`penstock.intervals.conformal.Conformal` says how
    many).
    """
    ordered = np.sort(sizes, axis=0)  # NaN last
    count = np.isfinite(sizes).sum(axis=0)
    found = np.full((len(levels), sizes.shape[1]), np.nan)
    for step in np.flatnonzero(count >= Conformal().fewest(levels[-1])):
        for number, level in enumerate(levels):
            place = min(math.ceil((count[step] + 1) * level / 100 - 1e-9), count[step])
            found[number, step] = ordered[place - 1, step]
    return found
