"""The forecast to beat: the last value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.residuals import deviations
from penstock.data.panel import Panel
from penstock.estimator import Estimator

__all__ = ["Naive"]


@dataclass(repr=False, eq=False)
class Naive(Estimator):
    """Every step ahead is the last value: the best forecast of a random walk.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": [1, 2, 3], "y": [5.0, 6.0, 8.0]})
    >>> Naive(horizon=2).fit(frame).predict().to_dict("list")
    {'ds': [4, 5], 'yhat': [8.0, 8.0]}

    References
    ----------
    Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., table 5.2: standard errors σ√h.
    """

    label = "Naive"
    rows_needed = 1
    state_fields = ("sigma",)

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        observed, spans = train.observed, map(train.span, range(len(train)))
        self.sigma_ = deviations(observed[span][1:] - train.y[span][:-1] for span in spans)

    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.tile(panel.y[origins][None, :, None], (1, 1, self.horizon))

    def _sigma(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        series = fitted[panel.series_of(origins)]
        return self.sigma_[series][:, None] * np.sqrt(np.arange(1, self.horizon + 1))
