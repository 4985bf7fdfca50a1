"""The Theta method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.seasonal_indices import fitted_season, seasonal_indices, without
from penstock.data.panel import Panel
from penstock.data.season import season_places
from penstock.estimator import Estimator
from penstock.options import option

__all__ = ["Theta"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]

_ALPHAS = np.concatenate([[0.001], np.arange(0.02, 1.0, 0.02), [0.999]])


@dataclass(repr=False, eq=False)
class Theta(Estimator):
    """Simple exponential smoothing with half the slope of the linear trend, on a series without its season.

    A series whose autocorrelation at the season is significant (one-sided, 90 %) is divided by the seasonal indices of
    the classical decomposition, or has them subtracted where a value is not positive; its forecasts get them back. Each
    series chooses the smoothing parameter with the smallest squared one-step errors on its training rows.

    Attributes
    ----------
    alpha_, slope_
        Smoothing parameter, and slope of the trend line, of each series, ``[series]``.
    index_
        Seasonal indices, ``[series, season]``, by the step's place in the season.
    multiplicative_
        Whether they multiply, ``[series]``.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": range(30), "y": [10.0 + 2 * n for n in range(30)]})
    >>> Theta(horizon=2).fit(frame).predict()["yhat"].round(1).tolist()  # half of the slope, 2
    [69.0, 70.0]

    References
    ----------
    Assimakopoulos & Nikolopoulos (2000), *The theta model*, the method that won the M3 competition; in the form of
    Hyndman & Billah (2003), *Unmasking the theta method*.
    """

    season: int | None = option(None, "steps in a season; 1: none; None: from the frequency", at_least=1)

    state_fields = ("alpha", "slope", "index", "multiplicative", "sigma")
    rows_needed = 1
    rows_to_fit = 4

    @property
    def label(self) -> str:
        """Short name in tables."""
        return "Theta" if self.season is None else f"Theta({self.season})"

    @property
    def parameters(self) -> int:
        """The smoothing parameter and the slope."""
        return 2

    @property
    def rows_kept(self) -> None:
        """All of them: the level remembers its whole past."""
        return None

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        season = fitted_season(self.season, train)
        places = season_places(train)
        count = len(train)
        self.index_, self.multiplicative_ = np.zeros((count, season)), np.zeros(count, dtype=bool)
        self.slope_ = np.zeros(count)
        for series in range(count):
            y, place = train.y[train.span(series)], places[train.span(series)] % season
            self.multiplicative_[series] = bool((y > 0).all())
            self.index_[series] = seasonal_indices(y, place, season, multiplicative=bool(self.multiplicative_[series]))
            plain = without(y, self.index_[series][place], self.multiplicative_[series])
            time = np.arange(len(y)) - (len(y) - 1) / 2
            self.slope_[series] = time @ plain / (time @ time)
        y = self._side_by_side(train, np.arange(count))
        errors = np.stack([self._smooth(y, np.full(count, alpha))[1] for alpha in _ALPHAS])
        self.alpha_ = _ALPHAS[errors.argmin(axis=0)]
        for width in (0.01, 0.005, 0.0025):  # between the points of the grid
            tried = np.clip(self.alpha_ + np.array([[-width], [0.0], [width]]), 0.001, 0.999)
            errors = np.stack([self._smooth(y, alpha)[1] for alpha in tried])
            self.alpha_ = tried[errors.argmin(axis=0), np.arange(count)]
        free = np.maximum(train.lengths - 2, 1)
        self.sigma_ = np.sqrt(self._smooth(y, self.alpha_)[1] / free)

    def _side_by_side(self, panel: Panel, fitted: Rows) -> Values:
        """Return the series without their seasons side by side ``[rows, series]``, NaN behind the end of each."""
        places = season_places(panel)
        y = np.full((int(panel.lengths.max()), len(panel)), np.nan)
        for series, own in enumerate(fitted):
            span = panel.span(series)
            index = self.index_[own][places[span] % self.index_.shape[1]]
            y[: span.stop - span.start, series] = without(panel.y[span], index, self.multiplicative_[own])
        return y

    @staticmethod
    def _smooth(y: Values, alpha: Values) -> tuple[Values, Values]:
        """Return the level after each row ``[rows, series]``, and the sum of squared one-step errors ``[series]``."""
        levels = np.empty(y.shape)
        levels[0] = level = y[0]
        errors = np.zeros(y.shape[1])
        for row in range(1, len(y)):
            error = y[row] - level
            levels[row] = level = level + alpha * error
            errors += np.where(np.isnan(error), 0, np.square(error))
        return levels, errors

    def _forecast(self, panel: Panel, origins: Rows, fitted: Rows) -> Values:
        series, own = panel.series_of(origins), fitted[panel.series_of(origins)]
        y = self._side_by_side(panel, fitted)
        rows = origins - panel.offsets[series]
        level = self._smooth(y, self.alpha_[fitted])[0][rows, series]
        alpha, slope = self.alpha_[own], self.slope_[own]
        lag = (1 - (1 - alpha) ** (rows + 1.0)) / alpha  # by which smoothing is behind the trend
        ahead = np.arange(self.horizon)
        plain = level[:, None] + slope[:, None] / 2 * (ahead + lag[:, None])
        index = self._index_ahead(panel, origins, own)
        return np.where(self.multiplicative_[own, None], plain * index, plain + index)[None]

    def _sigma(self, panel: Panel, origins: Rows, fitted: Rows) -> Values:
        own = fitted[panel.series_of(origins)]
        spread = self.sigma_[own, None] * np.sqrt(1 + np.arange(self.horizon) * np.square(self.alpha_[own, None]))
        index = self._index_ahead(panel, origins, own)
        return np.where(self.multiplicative_[own, None], spread * np.abs(index), spread)

    def _index_ahead(self, panel: Panel, origins: Rows, own: Rows) -> Values:
        places = season_places(panel)[origins][:, None] + np.arange(1, self.horizon + 1)
        return self.index_[own[:, None], places % self.index_.shape[1]]
