"""The autoregression with covariates."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.centred import Centred
from penstock.baselines.lag_regression import LagRegression
from penstock.data.panel import Panel
from penstock.options import option

__all__ = ["ARX"]


@dataclass(repr=False, eq=False)
class ARX(LagRegression):
    """ARX(p): a constant, the last p values of the target and of each past covariate, and the known covariates.

    Least squares, one regression for each step ahead (see :class:`LagRegression`); one step ahead it is the textbook's
    y_t = c + Σ φ_i y_{t−i} + Σ β_i' x_{t−i} + γ' z_t. statsmodels' ``OLS`` does the estimation. Without covariates and
    one step ahead it is :class:`AR`. Standard errors are the deviations of each regression's residuals.

    Examples
    --------
    >>> import pandas as pd
    >>> price = [0, 1, 0, 1, 0, 0, 1, 0]  # each value is half the last and ten times the price
    >>> y = [1.0, 10.5, 5.25, 12.625, 6.3125, 3.15625, 11.578125, 5.7890625]
    >>> model = ARX(1).fit(pd.DataFrame({"ds": range(8), "y": y, "price": price}), known="price")
    >>> model.predict(future=pd.DataFrame({"ds": [8], "price": [1]}))["yhat"].round(6).tolist()
    [12.894531]

    References
    ----------
    Lütkepohl (2005), *New Introduction to Multiple Time Series Analysis*, section 10.2; Marcellino, Stock & Watson
    (2006), *Journal of Econometrics* 135: direct against iterated forecasts.
    """

    order: int = option(5, "lags p of the target and of each past covariate", at_least=1)

    fits = ("coef", "sigma")

    @property
    def label(self) -> str:
        """Short name in tables."""
        return f"ARX({self.order})"

    @property
    def lags_used(self) -> int:
        """The lags."""
        return self.order

    @property
    def rows_to_fit(self) -> int:
        """One sample more than there are coefficients, without covariates."""
        return 2 * self.order + 1 + self.horizon

    def _fit(self, train: Panel, watched: Panel | None) -> None:
        self.sigma_ = np.empty((len(train), self.horizon))
        super()._fit(train, watched)

    def _solve(self, X: NDArray[np.float64], y: NDArray[np.float64], step: int, series: int) -> NDArray[np.float64]:
        from statsmodels.regression.linear_model import OLS
        from statsmodels.tools.sm_exceptions import SingularMatrixWarning

        with warnings.catch_warnings():
            # Regressors that repeat each other leave the weights open; the smallest ones are taken.
            warnings.simplefilter("ignore", SingularMatrixWarning)
            target, regressors = Centred.of(y[:, None]), Centred.of(X)
            fit = OLS(target.forward(y[:, None])[:, 0], np.column_stack([np.ones(len(y)), regressors.forward(X)])).fit()
        self.sigma_[series, step] = np.sqrt(fit.scale) * target.spread[0]
        params = np.asarray(fit.params)
        constant, weights = target.coefficients(params[:1], params[1:, None], regressors)
        return np.concatenate([constant, weights[:, 0]])

    def _sigma(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        return self.sigma_[fitted[panel.series_of(origins)]]
