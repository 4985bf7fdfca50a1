"""The linear autoregression."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.estimator import Estimator
from penstock.options import option
from penstock.storage import Arrays

__all__ = ["AR"]


@dataclass(repr=False, eq=False)
class AR(Estimator):
    """AR(p): a constant and the last p values, by least squares, each series for itself.

    y_t = c + φ_1 y_{t−1} + … + φ_p y_{t−p}; further steps ahead feed the forecasts back. statsmodels' ``AutoReg``
    does the estimation.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": range(8), "y": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]})
    >>> AR(1, horizon=2).fit(frame).predict()["yhat"].round(6).tolist()
    [256.0, 512.0]

    References
    ----------
    Hamilton (1994), *Time Series Analysis*, section 5.2: conditional least squares.
    """

    order: int = option(5, "lags p", at_least=1)

    @property
    def label(self) -> str:
        """Short name in tables."""
        return f"AR({self.order})"

    @property
    def rows_needed(self) -> int:
        """The lags."""
        return self.order

    @property
    def rows_to_fit(self) -> int:
        """One equation more than there are coefficients."""
        return 2 * self.order + 2

    @property
    def parameters(self) -> int:
        """The constant and the lags."""
        return self.order + 1

    def _fit(self, train: Panel, watched: Panel | None) -> None:
        from statsmodels.tools.sm_exceptions import SingularMatrixWarning
        from statsmodels.tsa.ar_model import AutoReg

        with warnings.catch_warnings():
            # A constant series leaves the coefficients open; the smallest ones, which are taken, forecast it rightly.
            warnings.simplefilter("ignore", SingularMatrixWarning)
            fits = [AutoReg(train.y[train.span(s)], self.order, trend="c").fit() for s in range(len(train))]
        self.coef_ = np.array([fit.params for fit in fits], dtype=np.float64)

    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        series = fitted[panel.series_of(origins)]
        constant, weights = self.coef_[series, 0], self.coef_[series, 1:]
        lags = panel.y[origins[:, None] - np.arange(self.order)]  # newest first, as the coefficients are
        forecast = np.empty((len(origins), self.horizon))
        for step in range(self.horizon):
            forecast[:, step] = constant + (weights * lags).sum(axis=1)
            lags = np.column_stack([forecast[:, step], lags[:, :-1]])
        return forecast[None]

    def _arrays(self) -> Arrays:
        return {"coef": self.coef_}

    def _restore(self, arrays: Arrays) -> None:
        self.coef_ = arrays["coef"]
