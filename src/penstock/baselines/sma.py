"""The simple moving average."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.moving_average import MovingAverage
from penstock.baselines.residuals import deviations

__all__ = ["SMA"]


@dataclass(repr=False, eq=False)
class SMA(MovingAverage):
    """Every step ahead is the mean of the last `span` values.

    No process has it as its best forecast, so its standard errors are measured: the root mean square of its own errors
    at each step ahead over the training rows.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": [1, 2, 3, 4], "y": [5.0, 6.0, 8.0, 10.0]})
    >>> SMA(3, horizon=2).fit(frame).predict()["yhat"].tolist()
    [8.0, 8.0]

    References
    ----------
    Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., section 3.3.
    """

    def _averages(self, y: NDArray[np.float64], rows: NDArray[np.int64], span: int) -> NDArray[np.float64]:
        return y[rows[:, None] - np.arange(span)].mean(axis=1)

    def _averages_by_span(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        total = np.concatenate([[0.0], np.cumsum(y - y[0])])  # from the first value: large levels lose no digits
        rows = np.arange(self.max_span - 1, len(y) - 1)
        spans = np.arange(1, self.max_span + 1)[:, None]
        return (total[rows + 1] - total[rows + 1 - spans]) / spans + y[0]

    def _spreads(self, y: NDArray[np.float64], observed: NDArray[np.float64], span: int) -> NDArray[np.float64]:
        rows = np.arange(span - 1, len(y))
        average = self._averages(y, rows, span)
        ahead = range(1, self.horizon + 1)
        return deviations(observed[span - 1 + h :] - average[: max(len(rows) - h, 0)] for h in ahead)
