"""What boosted trees read at a cutoff: scaled lags, values one season before the step ahead, places in the season."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.data.season import season_places
from penstock.data.window_scaling import WindowMeasures, WindowScale, base_rows, measure_windows

__all__ = ["LagFeatures"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]

_SEASONS_BACK = 3


@dataclass(frozen=True, eq=False)
class LagFeatures:
    """Windows of a panel, each scaled by its own level and spread.

    Attributes
    ----------
    panel
        The series.
    lags
        Rows of a window.
    season
        Periods, ascending.
    """

    panel: Panel
    lags: int
    season: tuple[int, ...]

    @property
    def step_column(self) -> int:
        """Place of the step ahead among the features."""
        return self.lags + _SEASONS_BACK * len(self.season) + 2

    def measures(self, rows: Rows) -> WindowMeasures:
        """Measure the windows that end at these rows."""
        ages = np.arange(self.panel.rows) - self.panel.offsets[self.panel.series_of(np.arange(self.panel.rows))] + 1
        return measure_windows(self.panel.y, ages, rows, self.lags, WindowScale(), self.season)

    def read(self, rows: Rows, steps: Rows, measures: WindowMeasures, later: Values) -> tuple[Values, Values]:
        """Return the features of the trees and the forecasts that their outputs are added to, one row a sample.

        Parameters
        ----------
        rows, steps
            Cutoff and step ahead of each sample, ``[n]``.
        measures
            How the window of each is scaled.
        later
            Values that are taken to follow the cutoff, ``[n, more]``: a recursive forecast's own.

        Returns
        -------
        X, base
            ``[n, features]`` in units of the window, NaN where a series does not reach back so far; and the seasonal
            naive forecasts ``[n]`` in units of the target.
        """
        spread = np.where(measures.spread > 0, measures.spread, 1.0)[:, None]
        first = self.panel.offsets[self.panel.series_of(rows)]
        more = later.shape[1]

        def value(back: Rows) -> Values:
            """Give the values `back` rows before the newest, ``[n, k]``."""
            at = rows[:, None] + more - back
            found = self.panel.y[np.maximum(np.minimum(at, rows[:, None]), 0)]
            if more:
                own = np.clip(at - rows[:, None] - 1, 0, more - 1)
                found = np.where(at > rows[:, None], np.take_along_axis(later, own, axis=1), found)
            return np.where(at >= first[:, None], found, np.nan)

        ahead = (steps - more)[:, None]  # steps ahead of the newest value
        columns = [value(np.tile(np.arange(self.lags), (len(rows), 1)))]
        places = season_places(self.panel)[rows] + steps
        positions: list[NDArray[Any]] = []
        for period in self.season:
            nearest = -(-ahead // period) * period - ahead
            columns.append(value(nearest + period * np.arange(_SEASONS_BACK)))
            positions.append((places % period)[:, None])
        scaled = (np.hstack(columns) - measures.level[:, None]) / spread
        level = np.clip(measures.level[:, None] / spread, -1e6, 1e6)
        base = self.panel.y[np.take_along_axis(base_rows(rows, measures.lag, int(steps.max())), steps[:, None] - 1, 1)]
        from_base = (base - measures.level[:, None]) / spread
        X = np.hstack([scaled, from_base, level, steps[:, None], *positions])
        return X, base[:, 0]
