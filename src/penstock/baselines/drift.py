"""The last value and the mean step of the past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.residuals import deviations
from penstock.data.panel import Panel
from penstock.estimator import Estimator

__all__ = ["Drift"]


@dataclass(repr=False, eq=False)
class Drift(Estimator):
    """A random walk with drift: the last value plus, for each step, the mean step of the training rows.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": [1, 2, 3], "y": [5.0, 6.0, 8.0]})
    >>> Drift(horizon=2).fit(frame).predict()["yhat"].tolist()
    [9.5, 11.0]

    References
    ----------
    Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., section 5.2; standard errors
    σ√(h(1 + h/(T − 1))) of table 5.2.
    """

    label = "Drift"
    rows_needed = 2
    parameters = 1
    state_fields = ("step", "steps", "sigma")

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        first, last = train.offsets[:-1], train.offsets[1:] - 1
        self.step_ = (train.y[last] - train.y[first]) / (last - first)
        self.steps_ = last - first
        observed, spans = train.observed, map(train.span, range(len(train)))
        moves = [observed[span][1:] - train.y[span][:-1] for span in spans]
        self.sigma_ = deviations((move - step for move, step in zip(moves, self.step_, strict=True)), 1)

    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        series = fitted[panel.series_of(origins)]
        ahead = np.arange(1, self.horizon + 1)
        forecast: NDArray[np.float64] = panel.y[origins][:, None] + self.step_[series][:, None] * ahead
        return forecast[None]

    def _sigma(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        series, ahead = fitted[panel.series_of(origins)], np.arange(1, self.horizon + 1)
        spread = np.sqrt(ahead * (1 + ahead / self.steps_[series][:, None]))
        return self.sigma_[series][:, None] * spread
