"""The mean of the past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.residuals import deviations
from penstock.data.panel import Panel
from penstock.estimator import Estimator

__all__ = ["Mean"]


@dataclass(repr=False, eq=False)
class Mean(Estimator):
    """Every step ahead is the mean of the training rows: the best forecast of white noise, such as many returns.

    It is constant by design: newer rows change it only with a new fit.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": [1, 2, 3], "y": [5.0, 6.0, 10.0]})
    >>> Mean(horizon=2).fit(frame).predict()["yhat"].tolist()
    [7.0, 7.0]

    References
    ----------
    Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., section 5.2; standard errors σ√(1 + 1/T)
    of table 5.2.
    """

    label = "Mean"
    rows_needed = 1
    parameters = 1
    state_fields = ("mean", "rows", "sigma")

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        values = [train.y[train.span(series)] for series in range(len(train))]
        self.mean_ = np.array([y.mean() for y in values])
        self.rows_ = train.lengths
        observed = np.split(train.observed, train.offsets[1:-1])
        self.sigma_ = deviations((y - mean for y, mean in zip(observed, self.mean_, strict=True)), 1)

    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        series = fitted[panel.series_of(origins)]
        return np.tile(self.mean_[series][None, :, None], (1, 1, self.horizon))

    def _sigma(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        series = fitted[panel.series_of(origins)]
        return np.tile((self.sigma_ * np.sqrt(1 + 1 / self.rows_))[series][:, None], (1, self.horizon))
