"""The Theta method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.seasonal_indices import fitted_season, seasonal_indices, without
from penstock.baselines.theta_lines import PARAMETERS, ThetaLines, ThetaState, fit_lines
from penstock.data.panel import Panel
from penstock.data.season import season_note, season_places
from penstock.estimator import Estimator
from penstock.options import option
from penstock.storage import Arrays

__all__ = ["VARIANTS", "Theta"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]

VARIANTS = ("standard", "optimized", "dynamic")
"""Theta methods by name: half of the trend's slope; as much of the trend line as fits; a line that follows the rows."""

_ALPHAS = np.concatenate([[0.001], np.arange(0.02, 1.0, 0.02), [0.999]])


@dataclass(repr=False, eq=False)
class Theta(Estimator):
    """Simple exponential smoothing with half the slope of the linear trend, on a series without its season.

    A series whose autocorrelation at the season is significant (one-sided, 90 %) is divided by the seasonal indices of
    the classical decomposition, or has them subtracted where a value is not positive; its forecasts get them back. Each
    series chooses the smoothing parameter with the smallest squared one-step errors on its training rows.

    ``variant="optimized"`` chooses, in the same way, the level before the first row and how much of the trend line
    counts too (half of its slope in the standard method); ``"dynamic"`` also lets the line follow the rows.

    Attributes
    ----------
    alpha_, slope_
        Smoothing parameter, and slope of the trend line, of each series, ``[series]``; 0 where it follows the rows.
    intercept_, share_, start_
        Intercept and share of the trend line and level before the first row, for the variants; else 0.
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
    Hyndman & Billah (2003), *Unmasking the theta method*; the variants: Fiorucci et al. (2016), *Models for optimising
    the theta method and their relationship to state space models* (OTM and DOTM).
    """

    season: int | None = option(None, "steps in a season; 1: none; None: from the frequency", at_least=1)
    variant: str = option("standard", "how the trend line is used", choices=VARIANTS)

    state_fields = ("alpha", "slope", "intercept", "share", "start", "index", "multiplicative", "sigma")
    rows_needed = 1
    rows_to_fit = 4

    @property
    def label(self) -> str:
        """Short name in tables."""
        said = [str(self.season)] * (self.season is not None) + [self.variant] * (self.variant != "standard")
        return f"Theta({', '.join(said)})" if said else "Theta"

    @property
    def parameters(self) -> int:
        """The smoothing parameter and the slope; for the variants also the share of the line and the start."""
        return 2 if self.variant == "standard" else 4

    @property
    def fit_notes(self) -> tuple[str, ...]:
        """The season that was taken from the frequency."""
        if self.season is not None or not hasattr(self, "index_"):
            return ()
        return (season_note(self.index_.shape[1:]),)

    @property
    def rows_kept(self) -> None:
        """All of them: the level remembers its whole past."""
        return None

    @property
    def fitted_choices(self) -> dict[str, str]:
        """What the fit chose where an option left it open."""
        return {"season": str(self.index_.shape[1])} if self.season is None and hasattr(self, "index_") else {}

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
        free = np.maximum(train.lengths - self.parameters, 1)
        self.intercept_, self.share_, self.start_ = np.zeros((3, count))
        if self.variant != "standard":
            lines, squared = fit_lines(y, _ALPHAS, dynamic=self.variant == "dynamic")
            for name in PARAMETERS:
                setattr(self, f"{name}_", getattr(lines, name))
            self.sigma_ = np.sqrt(squared / free)
            return
        errors = np.stack([self._smooth(y, np.full(count, alpha))[1] for alpha in _ALPHAS])
        self.alpha_ = _ALPHAS[errors.argmin(axis=0)]
        for width in (0.01, 0.005, 0.0025):  # between the points of the grid
            tried = np.clip(self.alpha_ + np.array([[-width], [0.0], [width]]), 0.001, 0.999)
            errors = np.stack([self._smooth(y, alpha)[1] for alpha in tried])
            self.alpha_ = tried[errors.argmin(axis=0), np.arange(count)]
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

    def _restore(self, arrays: Arrays) -> None:
        lines = ("intercept", "share", "start")  # which files older than the variants do not hold
        super()._restore({**dict.fromkeys(lines, np.zeros(len(self.ids_))), **arrays})

    def _forecast(self, panel: Panel, origins: Rows, fitted: Rows) -> Values:
        series, own = panel.series_of(origins), fitted[panel.series_of(origins)]
        y = self._side_by_side(panel, fitted)
        rows = origins - panel.offsets[series]
        index = self._index_ahead(panel, origins, own)
        if self.variant != "standard":
            plain = self._along_lines(y, rows, series, own)
            return np.where(self.multiplicative_[own, None], plain * index, plain + index)[None]
        level = self._smooth(y, self.alpha_[fitted])[0][rows, series]
        alpha, slope = self.alpha_[own], self.slope_[own]
        lag = (1 - (1 - alpha) ** (rows + 1.0)) / alpha  # by which smoothing is behind the trend
        ahead = np.arange(self.horizon)
        plain = level[:, None] + slope[:, None] / 2 * (ahead + lag[:, None])
        return np.where(self.multiplicative_[own, None], plain * index, plain + index)[None]

    def _along_lines(self, y: Values, rows: Rows, series: Rows, own: Rows) -> Values:
        """Forecast the variants from the rows of each series that are given, ``[n, horizon]``."""
        every = ThetaLines(
            self.alpha_, self.share_, self.start_, self.intercept_, self.slope_, self.variant == "dynamic"
        )
        fitted = np.zeros(y.shape[1], dtype=np.int64)
        fitted[series] = own
        states = [np.stack(each) for each in zip(*every.of(fitted).states(y), strict=True)]
        return every.of(own).ahead(ThetaState(*(part[rows, series] for part in states)), self.horizon)

    def _sigma(self, panel: Panel, origins: Rows, fitted: Rows) -> Values:
        own = fitted[panel.series_of(origins)]
        spread = self.sigma_[own, None] * np.sqrt(1 + np.arange(self.horizon) * np.square(self.alpha_[own, None]))
        index = self._index_ahead(panel, origins, own)
        return np.where(self.multiplicative_[own, None], spread * np.abs(index), spread)

    def _index_ahead(self, panel: Panel, origins: Rows, own: Rows) -> Values:
        places = season_places(panel)[origins][:, None] + np.arange(1, self.horizon + 1)
        return self.index_[own[:, None], places % self.index_.shape[1]]
