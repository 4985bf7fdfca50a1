"""The linear autoregression."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.lag_order import LagOrder
from penstock.data.panel import Panel
from penstock.options import option

__all__ = ["AR"]


@dataclass(repr=False, eq=False)
class AR(LagOrder):
    """AR(p): a constant and the last p values, by least squares, each series for itself.

    y_t = c + φ_1 y_{t−1} + … + φ_p y_{t−p}; further steps ahead feed the forecasts back. statsmodels' ``AutoReg``
    does the estimation. Where `order` names a criterion, each series takes the p of 0 to `max_order` that it favours on
    common rows.

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

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        from statsmodels.tools.sm_exceptions import SingularMatrixWarning
        from statsmodels.tsa.ar_model import AutoReg, ar_select_order

        self.coef_ = np.zeros((len(train), 1 + self.rows_needed))
        self.sigma_ = np.zeros(len(train))
        with warnings.catch_warnings(), np.errstate(divide="ignore"):  # ln 0: a fit without error, which is the best
            # A constant series leaves the coefficients open; the smallest ones, which are taken, forecast it rightly.
            warnings.simplefilter("ignore", SingularMatrixWarning)
            for series in range(len(train)):
                y = train.y[train.span(series)]
                if isinstance(self.order, str):
                    model = ar_select_order(y, self.max_order, ic=self.order, trend="c").model
                else:
                    model = AutoReg(y, self.order, trend="c")
                fit = model.fit()
                self.coef_[series, : len(fit.params)] = fit.params
                self.sigma_[series] = np.sqrt(fit.sigma2)

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
