"""The value one season ago."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.residuals import deviations
from penstock.baselines.seasonal_indices import fitted_season
from penstock.data.panel import Panel
from penstock.data.season import season_note
from penstock.estimator import Estimator
from penstock.options import option
from penstock.storage import Arrays

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

    state_fields = ("steps", "sigma")

    season: int | None = option(
        5, "steps in a season: 5 trading days, 12 months; 1: none; None: from the frequency", at_least=1
    )

    @property
    def label(self) -> str:
        """Short name in tables."""
        return "SeasonalNaive" if self.season is None else f"SeasonalNaive({self.season})"

    @property
    def fit_notes(self) -> tuple[str, ...]:
        """The season that was taken from the frequency."""
        return (season_note((self._steps,)),) if self.season is None and hasattr(self, "steps_") else ()

    @property
    def rows_needed(self) -> int:
        """One season."""
        return self._steps

    @property
    def _steps(self) -> int:
        """Steps in the season: as given, or as fitted; 1 before the fit."""
        return int(self.steps_[0]) if self.season is None and hasattr(self, "steps_") else self.season or 1

    @property
    def fitted_choices(self) -> dict[str, str]:
        """What the fit chose where an option left it open."""
        return {"season": str(self._steps)} if self.season is None and hasattr(self, "steps_") else {}

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        steps = fitted_season(self.season, train) if self.season is None else self.season
        self.steps_ = np.array([steps])
        observed, spans = train.observed, map(train.span, range(len(train)))
        self.sigma_ = deviations(observed[span][steps:] - train.y[span][:-steps] for span in spans)

    def _restore(self, arrays: Arrays) -> None:
        super()._restore({"steps": np.array([self.season or 1]), **arrays})  # earlier files name the option alone

    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        back = self._steps - 1 - np.arange(self.horizon) % self._steps
        return panel.y[origins[:, None] - back][None]

    def _sigma(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        series = fitted[panel.series_of(origins)]
        return self.sigma_[series][:, None] * np.sqrt(1 + np.arange(self.horizon) // self._steps)
