"""The value one season ago."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.residuals import deviations
from penstock.data.panel import Panel
from penstock.estimator import Estimator
from penstock.options import option

__all__ = ["SeasonalNaive"]


@dataclass(repr=False, eq=False)
class SeasonalNaive(Estimator):
    """Every step ahead is the last value seen at the same place in the season.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": [1, 2, 3], "y": [5.0, 6.0, 8.0]})
    >>> SeasonalNaive(2, horizon=3).fit(frame).predict()["yhat"].tolist()
    [6.0, 8.0, 6.0]

    References
    ----------
    Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., table 5.2: standard errors σ√(k+1), where
    k whole seasons lie before the step ahead.
    """

    state_fields = ("sigma",)

    season: int = option(5, "steps in a season: 5 trading days, 12 months", at_least=1)

    @property
    def label(self) -> str:
        """Short name in tables."""
        return f"SeasonalNaive({self.season})"

    @property
    def rows_needed(self) -> int:
        """One season."""
        return self.season

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        observed, spans = train.observed, map(train.span, range(len(train)))
        self.sigma_ = deviations(observed[span][self.season :] - train.y[span][: -self.season] for span in spans)

    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        back = self.season - 1 - np.arange(self.horizon) % self.season
        return panel.y[origins[:, None] - back][None]

    def _sigma(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        series = fitted[panel.series_of(origins)]
        return self.sigma_[series][:, None] * np.sqrt(1 + np.arange(self.horizon) // self.season)
