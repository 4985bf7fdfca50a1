"""The vector autoregression: series that explain each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.centred import Centred
from penstock.baselines.lag_order import LagOrder
from penstock.data.panel import Panel
from penstock.errors import DataError
from penstock.options import option

__all__ = ["VAR"]


@dataclass(repr=False, eq=False)
class VAR(LagOrder):
    """VAR(p): a constant and the last p values of ALL series of the panel, by least squares.

    y_t = c + A_1 y_{t−1} + … + A_p y_{t−p}, where y_t holds the values of the K series at time t; further steps ahead
    feed the forecasts back. The series must have their rows at the same times. One series alone is an AR(p). Where
    `order` names a criterion, p of 0 to `max_order` is chosen on common rows.

    Attributes
    ----------
    coef_
        The constants, then the rows of A_1' to A_p', ``[1 + K p, K]``.
    covariance_
        Covariance of the errors, ``[K, K]``.

    Examples
    --------
    >>> import pandas as pd
    >>> a, b = [1.0, 2.0, 3.0, 5.0, 4.0, 7.0], [0.0, 1.0, 2.0, 3.0, 5.0, 4.0]  # b is what a was one step before
    >>> frame = pd.DataFrame({"unique_id": ["a"] * 6 + ["b"] * 6, "ds": [*range(6)] * 2, "y": a + b})
    >>> VAR(1).fit(frame).predict()["yhat"].round(6).tolist()[1]
    7.0

    References
    ----------
    Lütkepohl (2005), *New Introduction to Multiple Time Series Analysis*: section 3.2 (least squares), equations 2.1.22
    and 3.2.19 (mean square errors), section 4.3 (order).
    """

    order: int | str = option(1, "lags p, or what chooses it", at_least=1, choices=("aic", "bic"))
    max_order: int = option(12, "largest p to choose from", at_least=1)

    state_fields = ("coef", "covariance")

    @property
    def parameters(self) -> int:
        """The constant and the lags of each series, for one of them; known once it is fitted."""
        return len(self.coef_) if hasattr(self, "coef_") else self.rows_needed + 1

    def not_scored(self, panel: Panel) -> str:
        """Say that of one series it is another model, whose name the table would not tell."""
        if len(panel) > 1:
            return ""
        return (
            f"{self.label} reads several series that explain each other, and there is one; give the others as series "
            "(--wide, or a row for each in the id column), or take AR(p), which a VAR of one series is, or ARX, which "
            "reads past= columns"
        )

    @property
    def fitted_choices(self) -> dict[str, str]:
        """What the fit chose where an option left it open."""
        if not isinstance(self.order, str) or not hasattr(self, "coef_"):
            return {}
        return {"order": str((len(self.coef_) - 1) // self.coef_.shape[1])}

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        values = self._together(train)
        rows, series = values.shape
        needed = self.rows_needed * (series + 1) + 2
        if rows < needed:
            raise DataError(
                f"{self.label}: {rows} rows of each of {series} series are too few: {needed} are needed, one equation "
                f"more than the {1 + series * self.rows_needed} coefficients of each; give more rows, or fewer series "
                "or lags."
            )
        order = self._chosen(values) if isinstance(self.order, str) else self.order
        self.coef_, residuals = _least_squares(values, order)
        self.covariance_ = residuals.T @ residuals / (len(residuals) - len(self.coef_))

    def _chosen(self, values: NDArray[np.float64]) -> int:
        """Choose p by ln|Σ| + penalty · coefficients / T, all on the rows that the largest p leaves."""
        scores = []
        for order in range(self.max_order + 1):
            _, residuals = _least_squares(values[self.max_order - order :], order)
            rows, series = residuals.shape
            penalty = 2 if self.order == "aic" else np.log(rows)
            logdet = np.linalg.slogdet(residuals.T @ residuals / rows)[1]
            scores.append(logdet + penalty / rows * series * (1 + order * series))
        return int(np.argmin(scores))

    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        absent = [name for place, name in enumerate(self.ids_) if place not in fitted]
        if absent:
            raise DataError(
                f"{self.label} needs every series that was fitted; {absent[0]!r} is not in the frame: add its rows."
            )
        values = self._together(panel)[:, np.argsort(fitted)]
        series = panel.series_of(origins)
        rows, which = np.unique(origins - panel.offsets[series], return_inverse=True)  # one forecast for all series
        order = (len(self.coef_) - 1) // values.shape[1]
        lags = values[rows[:, None] - np.arange(order)].reshape(len(rows), -1)  # newest first, as the coefficients are
        forecast = np.empty((len(rows), self.horizon, values.shape[1]))
        for step in range(self.horizon):
            forecast[:, step] = self.coef_[0] + (lags[:, :, None] * self.coef_[1:]).sum(axis=1)
            lags = np.concatenate([forecast[:, step], lags], axis=1)[:, : lags.shape[1]]
        return forecast[which, :, fitted[series]][None]

    def _sigma(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        series = len(self.covariance_)
        A = self.coef_[1:].reshape(-1, series, series).transpose(0, 2, 1)  # [p, K, K]
        phi, variance = [np.eye(series)], [self.covariance_]
        for step in range(1, self.horizon):
            phi.append(sum((A[lag] @ phi[step - 1 - lag] for lag in range(min(step, len(A)))), np.zeros_like(phi[0])))
            variance.append(variance[-1] + phi[-1] @ self.covariance_ @ phi[-1].T)
        deviation = np.sqrt(np.array([np.diag(matrix) for matrix in variance])).T  # [K, horizon]
        return deviation[fitted[panel.series_of(origins)]]

    def _together(self, panel: Panel) -> NDArray[np.float64]:
        """Put the series side by side, ``[times, series]``, or say why they do not stand so."""
        panel.require_aligned(self.label)
        return panel.y.reshape(len(panel), -1).T


def _least_squares(values: NDArray[np.float64], order: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Regress ``[T, K]`` on a constant and `order` lags; give the coefficients and the residuals."""
    rows = np.arange(order, len(values))
    lags = values[rows[:, None] - 1 - np.arange(order)].reshape(len(rows), -1)
    targets, regressors = Centred.of(values[rows]), Centred.of(lags)
    X = np.column_stack([np.ones(len(rows)), regressors.forward(lags)])
    ahead = targets.forward(values[rows])
    coef: NDArray[np.float64] = np.asarray(np.linalg.lstsq(X, ahead, rcond=None)[0], dtype=np.float64)
    constant, weights = targets.coefficients(coef[0], coef[1:], regressors)
    return np.vstack([constant, weights]), (ahead - X @ coef) * targets.spread
