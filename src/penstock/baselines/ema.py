"""The exponential moving average."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.moving_average import MovingAverage
from penstock.baselines.residuals import deviations

__all__ = ["EMA"]


@dataclass(repr=False, eq=False)
class EMA(MovingAverage):
    """Every step ahead is a mean whose weights fall by the factor 1 − α into the past, α = 2 / (span + 1).

    The weights of the values that there are add up to one, as those of pandas' ``ewm(span=..., adjust=True)``. Its
    standard errors are those of simple exponential smoothing, σ√(1 + (h − 1)α²), with σ the root mean square of its
    one-step errors on the training rows.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": [1, 2, 3], "y": [5.0, 6.0, 8.0]})
    >>> EMA(3).fit(frame).predict()["yhat"].tolist()  # (8 + 6/2 + 5/4) / (1 + 1/2 + 1/4)
    [7.0]

    References
    ----------
    Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., section 8.1; standard errors of
    ETS(A,N,N) in table 8.8.
    """

    @property
    def rows_kept(self) -> int:
        """Twenty spans: older values weigh less than the rounding of a double."""
        return 20 * self.rows_needed + 24

    def _averages(self, y: NDArray[np.float64], rows: NDArray[np.int64], span: int) -> NDArray[np.float64]:
        from scipy.signal import lfilter

        stay = 1 - 2 / (span + 1)
        weighted = lfilter([1.0], [1.0, -stay], y[: rows.max() + 1])
        weights = (1 - stay ** (rows + 1.0)) / (1 - stay)
        return weighted[rows] / weights

    def _averages_by_span(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        rows = np.arange(self.max_span - 1, len(y) - 1)
        return np.stack([self._averages(y, rows, span) for span in range(1, self.max_span + 1)])

    def _spreads(self, y: NDArray[np.float64], observed: NDArray[np.float64], span: int) -> NDArray[np.float64]:
        rows = np.arange(span - 1, len(y) - 1)
        errors = observed[span:] - self._averages(y, rows, span) if len(rows) else np.zeros(0)
        ahead = np.arange(self.horizon)
        return deviations([errors]) * np.sqrt(1 + ahead * (2 / (span + 1)) ** 2)
