"""What penalised regressions on lags share: standardising, and a penalty chosen by cross-validation in time."""

from __future__ import annotations

import abc
import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.lag_regression import LagRegression
from penstock.data.panel import Panel
from penstock.fitted_choices import numbers_in_words
from penstock.options import option

__all__ = ["PENALTIES", "PenalisedRegression"]

Values = NDArray[np.float64]

PENALTIES: Values = np.logspace(1, -5, 49)
"""The penalties that cross-validation chooses from, largest first; regressors and target are standardised."""

_FOLDS = 5


@dataclass(repr=False, eq=False)
class PenalisedRegression(LagRegression):
    """Least squares on lags and covariates with a penalty on the weights.

    It minimises ‖y − Xβ‖² / 2n + penalty · P(β), with all regressors and the target at mean 0 and deviation 1 on the
    training rows, so that a penalty means the same for prices and for returns. Where none is given, each regression
    takes that one of :data:`PENALTIES` with the smallest squared error over 5 expanding folds of the training rows,
    standardised afresh in each: scikit-learn's ``TimeSeriesSplit``, with a gap of h − 1 before the test rows of a
    regression on h steps ahead, so that no target it learns from is later than they are.

    Attributes
    ----------
    penalty_
        The penalty of each regression, ``[series, horizon]``.
    """

    lags: int = option(20, "lags of the target and of each past covariate", at_least=1)
    penalty: float | None = option(None, "weight of the penalty; None: by cross-validation in time", above=0)

    state_fields: ClassVar[tuple[str, ...]] = ("coef", "penalty")

    @property
    def label(self) -> str:
        """Short name in tables."""
        return f"{type(self).__name__}({self.lags})"

    @property
    def lags_used(self) -> int:
        """The lags."""
        return self.lags

    @property
    def rows_to_fit(self) -> int:
        """The lags, the steps ahead, and samples for the folds."""
        return self._least_samples(0) + self.lags + self.horizon - 1

    def _least_samples(self, regressors: int) -> int:
        return (_FOLDS + 1) * (self.horizon + 2) if self._chooses else 3

    @property
    def _chooses(self) -> bool:
        """Whether cross-validation has anything to choose."""
        return self.penalty is None

    @abc.abstractmethod
    def _path(self, X: Values, y: Values, penalties: Values) -> Values:
        """Give the weights for each penalty, ``[penalties, kinds, regressors]``; most models have one kind."""

    def _kept(self, series: int, step: int, kind: int) -> None:
        """Remember the kind that was chosen."""

    @property
    def fitted_choices(self) -> dict[str, str]:
        """What the fit chose where an option left it open."""
        return {"penalty": numbers_in_words(self.penalty_)} if self._chooses and hasattr(self, "penalty_") else {}

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        from sklearn.exceptions import ConvergenceWarning

        self.penalty_ = np.empty((len(train), self.horizon))
        with warnings.catch_warnings():
            # Coordinate descent stops at a tolerance far below what a forecast shows, or after very many rounds.
            warnings.simplefilter("ignore", ConvergenceWarning)
            super()._fit(train, validation)

    def _solve(self, X: Values, y: Values, step: int, series: int) -> Values:
        place, kind = self._chosen(X, y, step) if self._chooses else (0, 0)
        penalties = PENALTIES if self.penalty is None else np.array([self.penalty])
        self.penalty_[series, step] = penalties[place]
        self._kept(series, step, kind)
        mean, scale, middle, spread = _standards(X, y)
        weights = self._path((X - mean) / scale, (y - middle) / spread, penalties[place : place + 1])[0, kind]
        weights = weights * spread / scale
        return np.concatenate([[middle - weights @ mean], weights])

    def _chosen(self, X: Values, y: Values, step: int) -> tuple[int, int]:
        """Choose the penalty, and the kind of weights, that forecast the folds best."""
        from sklearn.model_selection import TimeSeriesSplit

        losses: list[Values] = []
        penalties = PENALTIES if self.penalty is None else np.array([self.penalty])
        for learn, test in TimeSeriesSplit(_FOLDS, gap=step).split(X):
            mean, scale, middle, spread = _standards(X[learn], y[learn])
            weights = self._path((X[learn] - mean) / scale, (y[learn] - middle) / spread, penalties)
            forecast = weights @ ((X[test] - mean) / scale).T * spread + middle
            losses.append(np.square(forecast - y[test]).mean(axis=2))
        place, kind = np.unravel_index(np.mean(losses, axis=0).argmin(), losses[0].shape)
        return int(place), int(kind)


def _standards(X: Values, y: Values) -> tuple[Values, Values, float, float]:
    """Give mean and deviation of the regressors and of the target; a constant one has the deviation 1."""
    scale, spread = X.std(axis=0), float(y.std())
    scale = np.where(scale > 1e-12 * np.abs(X).max(axis=0), scale, 1.0)
    return X.mean(axis=0), scale, float(y.mean()), spread if spread > 1e-12 * np.abs(y).max() else 1.0
