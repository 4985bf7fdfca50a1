"""What regressions on lags share: a matrix of lags and covariates, and one regression for each step ahead."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.errors import DataError
from penstock.estimator import Estimator

__all__ = ["LagRegression"]

Values = NDArray[np.float64]


@dataclass(repr=False, eq=False)
class LagRegression(Estimator):
    """Direct forecasts: y_{t+h} regressed on the last values at t, for each step h and each series by itself.

    The regressors are y_t … y_{t−p+1}, for each past covariate x_t … x_{t−p+1}, and the known covariates of the step
    ahead, z_{t+h}. Direct, not fed back: so no model of the past covariates is needed, every step sees the newest
    values, and a shrunken weight is not shrunk again at every step.

    Attributes
    ----------
    coef_
        The constant, the lags (newest first), the past and the known covariates, ``[series, horizon, 1 + regressors]``.
    """

    covariates: ClassVar[tuple[str, ...]] = ("past", "known")

    @property
    @abc.abstractmethod
    def lags_used(self) -> int:
        """Lags of the target and of each past covariate."""

    @property
    def rows_needed(self) -> int:
        """The lags."""
        return self.lags_used

    @property
    def parameters(self) -> int:
        """The constant and the weights of one step ahead; covariates are counted once it is fitted."""
        return self.coef_.shape[2] if hasattr(self, "coef_") else 1 + self.lags_used

    @abc.abstractmethod
    def _solve(self, X: Values, y: Values, step: int, series: int) -> Values:
        """Give the constant and the weights of one regression, ``[1 + regressors]``; `step` counts from 0."""

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        regressors = self.lags_used * (1 + train.past.shape[1]) + train.known.shape[1]
        short, least = train.shortest, self._least_samples(regressors)
        needed = least + self.lags_used + self.horizon - 1
        if train.lengths[short] < needed:
            raise DataError(
                f"{self.label}: {train.lengths[short]} training rows{train.name(short)} are too few: {needed} are "
                f"needed for {regressors} regressors and {self.horizon} steps ahead; give more rows, or fewer lags or "
                "covariates."
            )
        self.coef_ = np.empty((len(train), self.horizon, 1 + regressors))
        for series in range(len(train)):
            span = train.span(series)
            for step in range(self.horizon):
                rows = np.arange(span.start + self.lags_used - 1, span.stop - 1 - step)
                X = np.hstack([self._past(train, rows), train.known[rows + 1 + step]])
                self.coef_[series, step] = self._solve(X, train.y[rows + 1 + step], step, series)

    def _least_samples(self, regressors: int) -> int:
        """Count the samples without which one regression cannot be fitted."""
        return regressors + 2

    def _past(self, panel: Panel, rows: NDArray[np.int64]) -> Values:
        """Give what is known at each row, ``[n, lags · (1 + past)]``: the target's lags, then each covariate's."""
        back = rows[:, None] - np.arange(self.lags_used)
        return np.hstack([panel.y[back], *(column[back] for column in panel.past.T)])

    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> Values:
        series = fitted[panel.series_of(origins)]
        past, known = self._past(panel, origins), panel.known_after(origins, self.horizon)
        forecast = np.empty((len(origins), self.horizon))
        for step in range(self.horizon):
            coef = self.coef_[series, step]
            forecast[:, step] = coef[:, 0] + (coef[:, 1:] * np.hstack([past, known[:, step]])).sum(axis=1)
        return forecast[None]
