"""The straight line through the last values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.estimator import Estimator
from penstock.options import option

__all__ = ["LinearTrend"]


@dataclass(repr=False, eq=False)
class LinearTrend(Estimator):
    """Ordinary least squares of the last `window` values on time, and the line drawn on.

    Each cutoff has its own line, so nothing is fitted beforehand. (Least squares on lags is :class:`AR`.)

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": [1, 2, 3, 4], "y": [50.0, 6.0, 8.0, 10.0]})
    >>> LinearTrend(3, horizon=2).fit(frame).predict()["yhat"].round(9).tolist()
    [12.0, 14.0]

    References
    ----------
    Hamilton (1994), *Time Series Analysis*, section 16.1; standard errors of a new observation,
    s√(1 + 1/n + (h − x̄)²/Σ(x − x̄)²), as in James et al. (2023), *ISLP*, section 3.2.
    """

    window: int = option(20, "values that the line is drawn through", at_least=3)

    @property
    def label(self) -> str:
        """Short name in tables."""
        return f"LinearTrend({self.window})"

    @property
    def rows_needed(self) -> int:
        """The window."""
        return self.window

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        """Nothing is fitted before a cutoff is known."""

    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        level, slope, _ = self._lines(panel, origins)
        return (level[:, None] + slope[:, None] * self._distance)[None]

    def _sigma(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        level, slope, values = self._lines(panel, origins)
        residuals = values - level[:, None] - slope[:, None] * self._places
        deviation = np.sqrt(np.square(residuals).sum(axis=1) / (self.window - 2))
        spread = 1 + 1 / self.window + np.square(self._distance) / np.square(self._places).sum()
        return deviation[:, None] * np.sqrt(spread)

    @property
    def _places(self) -> NDArray[Any]:
        """Places of the values in time, around their middle."""
        return np.arange(self.window) - (self.window - 1) / 2

    @property
    def _distance(self) -> NDArray[Any]:
        """Distance of each step ahead from the middle of the window."""
        return (self.window - 1) / 2 + np.arange(1, self.horizon + 1)

    def _lines(self, panel: Panel, origins: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
        """Give the mean, the slope and the values of each window."""
        values = panel.y[origins[:, None] - np.arange(self.window - 1, -1, -1)]
        level = values.mean(axis=1)
        slope = ((values - level[:, None]) * self._places).sum(axis=1) / np.square(self._places).sum()
        return level, slope, values
