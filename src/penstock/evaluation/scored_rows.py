"""What forecasts are scored from: values, forecasts, their bounds, and the scales of the training rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.evaluation.rolling_origin import Fold

__all__ = ["ScoredRows", "seasonal_scales"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """The forecasts of one model, with all that its scores are computed from.

    Attributes
    ----------
    panel, folds
        All rows, and the folds of the rolling origin.
    origins
        Flat row of each cutoff, ``[n]``, fold by fold.
    season
        Steps between the rows whose differences are the scale of MASE and RMSSE.
    yhat
        Forecasts, ``[n, horizon]``.
    levels, bounds
        Levels of the intervals in percent, and their bounds ``[levels, 2, n, horizon]``; None without intervals.
    """

    panel: Panel
    folds: Sequence[Fold]
    origins: Rows
    season: int
    yhat: Values
    levels: tuple[float, ...] = ()
    bounds: Values | None = None

    @cached_property
    def y(self) -> Values:
        """The values that came, ``[n, horizon]``."""
        return self.panel.y[self.origins[:, None] + 1 + np.arange(self.yhat.shape[1])]

    @cached_property
    def series(self) -> Rows:
        """Place of the series of each cutoff among those of the panel, ``[n]``."""
        return self.panel.series_of(self.origins)

    @cached_property
    def fold(self) -> Rows:
        """Number of the fold of each cutoff, ``[n]``."""
        return np.repeat(np.arange(len(self.folds)), [len(fold.origins) for fold in self.folds])

    @cached_property
    def scales(self) -> Values:
        """Mean absolute and mean squared seasonal difference in the training rows of each cutoff, ``[2, n]``.

        NaN where there is none, or where it is zero: a constant has no scale.
        """
        found = seasonal_scales(self.panel, self.folds, self.season)[:, self.fold, self.series]
        return np.where(found > 0, found, np.nan)

    def training(self, fold: int, series: int) -> Values:
        """Return the observed training rows of a series in a fold.

        Parameters
        ----------
        fold, series
            Their numbers.

        Returns
        -------
        The values, ``[rows]``.
        """
        y = self.panel.observed[self.folds[fold].starts[series] : self.folds[fold].ends[series]]
        return y[~np.isnan(y)]

    def of(self, yhat: Values, bounds: Values | None = None) -> ScoredRows:
        """Return the same rows with the forecasts of another model.

        Parameters
        ----------
        yhat
            Forecasts, ``[n, horizon]``.
        bounds
            Bounds of their intervals, ``[levels, 2, n, horizon]``.

        Returns
        -------
        The rows; what is the same for all models is not computed again.
        """
        other = replace(self, yhat=yhat, bounds=bounds)
        for name in ("y", "series", "fold", "scales"):
            other.__dict__[name] = getattr(self, name)
        return other


def seasonal_scales(panel: Panel, folds: Sequence[Fold], season: int) -> Values:
    """Return the mean absolute and the mean squared difference of rows one season apart, in each fold's training rows.

    Parameters
    ----------
    panel
        The series; differences with a value that was carried forward are left out.
    folds
        Where the training rows of each series start and end.
    season
        Steps between the two rows.

    Returns
    -------
    Both, ``[2, folds, series]``; NaN where a series has no two such rows.

    Examples
    --------
    >>> panel = Panel(np.array([1.0, 2.0, 4.0, 9.0]), np.arange(4), np.array([0, 4]), (None,))
    >>> fold = Fold(np.array([0]), np.array([3]), np.array([2]))
    >>> seasonal_scales(panel, [fold], 1).ravel().tolist()
    [1.5, 2.5]
    """
    observed = panel.observed
    starts, ends = (np.stack([getattr(fold, name) for fold in folds]) for name in ("starts", "ends"))
    out = np.full((2, len(folds), len(panel)), np.nan)
    for series in range(len(panel)):
        y = observed[panel.span(series)]
        apart = np.abs(y[season:] - y[: max(len(y) - season, 0)])
        known = ~np.isnan(apart)
        apart = np.where(known, apart, 0.0)
        sums = np.zeros((3, len(apart) + 1))
        np.cumsum([apart, np.square(apart), known], axis=1, out=sums[:, 1:])
        first = np.minimum(starts[:, series] - panel.offsets[series], len(apart))
        last = np.maximum(ends[:, series] - panel.offsets[series] - season, first)
        total = sums[:, last] - sums[:, first]
        np.divide(total[:2], total[2], out=out[:, :, series], where=total[2] > 0)
    return out
