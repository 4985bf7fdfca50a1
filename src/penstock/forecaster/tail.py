"""Intervals from the validation tail, for networks that forecast values: split conformal, with nothing assumed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.intervals.conformal import Conformal, ResidualStream

__all__ = ["TailErrors"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TailErrors:
    """Errors (actual minus forecast) of forecasts of validation rows, which training has not seen.

    Attributes
    ----------
    errors
        ``[n, horizon]``; NaN where what came is not known.
    series
        Fitted series of each, ``[n]``.
    scale
        Scale of each fitted series, ``[series]``.
    """

    errors: Values
    series: NDArray[np.int64]
    scale: Values

    def bounds(self, series: int, levels: tuple[float, ...]) -> Values:
        """Give what to add to the forecasts of a series for their bounds, ``[levels, 2, horizon]``.

        A series whose tail is too short for the highest level shares the errors of all, in units of their scales.

        Raises
        ------
        DataError
            Where the errors of all series together are too few.
        """
        return np.stack([self._step(series, step, levels) for step in range(self.errors.shape[1])], axis=-1)

    def deviation(self, series: int) -> Values:
        """Give the root mean square of the errors of a series, ``[horizon]``."""
        return np.sqrt(np.nanmean(np.square(self.errors[self.series == series]), axis=0))

    def _step(self, series: int, step: int, levels: tuple[float, ...]) -> Values:
        method, unit = Conformal(), 1.0
        errors = self.errors[self.series == series, step]
        errors = errors[np.isfinite(errors)]
        if len(errors) < method.fewest(levels[-1]) and len(self.scale) > 1:
            unit, errors = self.scale[series], self.errors[:, step] / self.scale[self.series]
            errors = errors[np.isfinite(errors)]
        now = np.zeros(1)
        return unit * method.bounds(ResidualStream(errors, now, now, now + 1), levels)[:, :, 0]
