"""The last value, seasonally adjusted: the benchmark of the M competitions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.residuals import deviations
from penstock.baselines.seasonal_indices import fitted_season, seasonal_indices, without
from penstock.data.panel import Panel
from penstock.data.season import season_note, season_places
from penstock.estimator import Estimator
from penstock.options import option

__all__ = ["Naive2"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(repr=False, eq=False)
class Naive2(Estimator):
    """The last value, seasonally adjusted where the season is significant: the "Naive2" of the M competitions.

    A series of three seasons or more, whose autocorrelation at the season is significant (90 %), is divided by the
    seasonal indices of the classical decomposition, or has them subtracted where a value is not positive; forecasts get
    them back. Any other series is forecast by its last value.

    Attributes
    ----------
    index_
        Seasonal indices, ``[series, season]``, by the step's place in the season.
    multiplicative_
        Whether they multiply, ``[series]``.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": range(24), "y": [10.0, 20.0, 30.0] * 8})
    >>> Naive2(3, horizon=4).fit(frame).predict()["yhat"].round(6).tolist()
    [10.0, 20.0, 30.0, 10.0]

    References
    ----------
    Makridakis, Spiliotis & Assimakopoulos (2020), *The M4 competition: 100,000 time series and 61 forecasting methods*,
    with the test of the season that its code has.
    """

    season: int | None = option(None, "steps in a season; 1: none; None: from the frequency", at_least=1)

    state_fields = ("index", "multiplicative", "sigma")
    rows_needed = 1
    rows_to_fit = 2

    @property
    def label(self) -> str:
        """Short name in tables."""
        return "Naive2" if self.season is None else f"Naive2({self.season})"

    @property
    def fit_notes(self) -> tuple[str, ...]:
        """The season that was taken from the frequency."""
        return (season_note(self.index_.shape[1:]),) if self.season is None and hasattr(self, "index_") else ()

    @property
    def fitted_choices(self) -> dict[str, str]:
        """What the fit chose where an option left it open."""
        return {"season": str(self.index_.shape[1])} if self.season is None and hasattr(self, "index_") else {}

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        season, count = fitted_season(self.season, train), len(train)
        places = season_places(train) % season
        self.index_, self.multiplicative_ = np.zeros((count, season)), np.zeros(count, dtype=bool)
        plain = []
        for series in range(count):
            y, place = train.y[train.span(series)], places[train.span(series)]
            multiplicative = bool((y > 0).all())
            index = seasonal_indices(y, place, season, multiplicative=multiplicative, fewest=3 * season)
            self.index_[series], self.multiplicative_[series] = index, multiplicative
            plain.append(without(y, index[place], multiplicative))
        self.sigma_ = deviations(y[1:] - y[:-1] for y in plain)

    def _forecast(self, panel: Panel, origins: Rows, fitted: Rows) -> Values:
        own = fitted[panel.series_of(origins)]
        index = self._index(panel, origins, own, np.arange(self.horizon + 1))
        y, times = panel.y[origins][:, None], self.multiplicative_[own, None]
        now = np.where(times, index[:, :1], 1.0)
        return np.where(times, y / now * index, y - index[:, :1] + index)[None, :, 1:]

    def _sigma(self, panel: Panel, origins: Rows, fitted: Rows) -> Values:
        own = fitted[panel.series_of(origins)]
        steps = np.arange(1, self.horizon + 1)
        spread = self.sigma_[own, None] * np.sqrt(steps)
        index = self._index(panel, origins, own, steps)
        return np.where(self.multiplicative_[own, None], spread * np.abs(index), spread)

    def _index(self, panel: Panel, origins: Rows, own: Rows, steps: Rows) -> Values:
        """Return the seasonal index of steps after each origin, ``[n, steps]``; 0 is the origin itself."""
        places = season_places(panel)[origins][:, None] + steps
        return self.index_[own[:, None], places % self.index_.shape[1]]
