"""The linear autoregression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.centred import Centred
from penstock.baselines.lag_order import LagOrder
from penstock.data.panel import Panel
from penstock.fitted_choices import numbers_in_words
from penstock.options import option

__all__ = ["AR"]


@dataclass(repr=False, eq=False)
class AR(LagOrder):
    """AR(p): a constant and the last p values, by least squares, each series for itself.

    y_t = c + φ_1 y_{t−1} + … + φ_p y_{t−p}; further steps ahead feed the forecasts back. Where
    `order` names a criterion, each series takes the p of 0 to `max_order` that it favours on common rows.

    Attributes
    ----------
    coef_
        The constant and the weights of the lags, newest first, ``[series, 1 + lags]``; zero beyond a chosen p.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": range(8), "y": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]})
    >>> AR(1, horizon=2).fit(frame).predict()["yhat"].round(6).tolist()
    [256.0, 512.0]

    References
    ----------
    Hamilton (1994), *Time Series Analysis*, section 5.2: conditional least squares; 4.2: mean square errors of
    forecasts, σ²(1 + ψ_1² + … + ψ_{h−1}²).
    """

    order: int | str = option(5, "lags p, or what chooses it", at_least=1, choices=("aic", "bic"))
    max_order: int = option(20, "largest p to choose from", at_least=1)

    state_fields = ("coef", "sigma")

    @property
    def parameters(self) -> int:
        """The constant and the lags."""
        return self.rows_needed + 1

    @property
    def fitted_choices(self) -> dict[str, str]:
        """What the fit chose where an option left it open."""
        if not isinstance(self.order, str) or not hasattr(self, "coef_"):
            return {}
        lags = self.coef_[:, 1:] != 0
        return {"order": numbers_in_words(np.where(lags.any(axis=1), lags.shape[1] - lags[:, ::-1].argmax(axis=1), 0))}

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        self.coef_ = np.zeros((len(train), 1 + self.rows_needed))
        self.sigma_ = np.zeros(len(train))
        for series in range(len(train)):
            levels = train.y[train.span(series)][:, None]
            scale = Centred.of(levels)
            y = scale.forward(levels)[:, 0]
            order = self._chosen(y) if isinstance(self.order, str) else self.order
            X, ahead = _lagged(y, order)
            # A constant series leaves the coefficients open; the smallest ones, which are taken, forecast it rightly.
            coef = np.asarray(np.linalg.lstsq(X, ahead, rcond=None)[0], dtype=np.float64)
            self.sigma_[series] = np.sqrt(np.mean(np.square(ahead - X @ coef))) * scale.spread[0]
            lags = Centred(np.repeat(scale.mean, order), np.repeat(scale.spread, order))
            constant, weights = scale.coefficients(coef[:1], coef[1:, None], lags)
            self.coef_[series, : order + 1] = np.concatenate([constant, weights[:, 0]])

    def _chosen(self, y: NDArray[np.float64]) -> int:
        """Return the order that the criterion favours: one decomposition gives the squared errors of all orders."""
        X, ahead = _lagged(y, self.max_order)
        R = np.asarray(np.linalg.qr(np.column_stack([X, ahead]), mode="r"))
        errors = np.cumsum(np.square(R[::-1, -1]))[::-1][1:]  # of the constant alone, with one lag, with two ...
        price = 2.0 if self.order == "aic" else np.log(len(ahead))
        with np.errstate(divide="ignore"):  # ln 0: a fit without error, which is the best
            return int(np.argmin(len(ahead) * np.log(errors) + price * np.arange(len(errors))))

    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        series = fitted[panel.series_of(origins)]
        constant, weights = self.coef_[series, 0], self.coef_[series, 1:]
        lags = panel.y[origins[:, None] - np.arange(weights.shape[1])]  # newest first, as the coefficients are
        forecast = np.empty((len(origins), self.horizon))
        for step in range(self.horizon):
            forecast[:, step] = constant + (weights * lags).sum(axis=1)
            lags = np.column_stack([forecast[:, step], lags[:, :-1]])
        return forecast[None]

    def _sigma(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        psi = np.zeros((len(self.coef_), self.horizon))
        psi[:, 0] = 1
        for step in range(1, self.horizon):
            lags = min(step, self.coef_.shape[1] - 1)
            psi[:, step] = (self.coef_[:, 1 : lags + 1] * psi[:, step - lags : step][:, ::-1]).sum(axis=1)
        spread = self.sigma_[:, None] * np.sqrt(np.cumsum(np.square(psi), axis=1))
        return spread[fitted[panel.series_of(origins)]]


def _lagged(y: NDArray[np.float64], order: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a constant and the last `order` values, newest first, of every row that has them, and its value."""
    rows = np.arange(order, len(y))
    lags = y[rows[:, None] - np.arange(1, order + 1)]
    return np.column_stack([np.ones(len(rows)), lags]), y[order:]
