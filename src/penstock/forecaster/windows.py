"""Windows in their own units, on the host: what they are measured by, and their way to the device and back."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.data.scaling import Standardizer
from penstock.data.season import season_positions
from penstock.data.window_scaling import WindowMeasures, WindowScale, base_rows, measure_windows
from penstock.training.source import padded_rows
from penstock.training.window_units import WindowUnits

__all__ = ["WindowReading"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class WindowReading:
    """How windows are read whose forecasts are additions to a seasonal naive forecast, in units of the window.

    Attributes
    ----------
    scale
        How each window is scaled; None: as its series is.
    season
        Periods in steps; none: forecasts are additions to the last value.
    window, least
        Length of a window, and its least true length at the beginning of a series.
    lost
        First rows of each series that have no value; where there are any, values are differences, and forecasts
        additions to no change.
    """

    scale: WindowScale | None
    season: tuple[int, ...]
    window: int
    least: int
    lost: int

    @property
    def front(self) -> int:
        """Rows that stand before all others, so that the shortest window of the first series begins at none below 0."""
        return self.window - self.least

    def ages(self, panel: Panel) -> Rows:
        """Count the rows of each row's series up to it that hold a value, ``[rows]``; at most 0 where it holds none."""
        first = np.repeat(panel.offsets[:-1], panel.lengths)
        return np.arange(panel.rows) - first + 1 - self.lost

    def ends(self, panel: Panel, steps: int) -> Rows:
        """Return the last row of every window that `steps` rows of its series follow."""
        after = np.repeat(panel.offsets[1:], panel.lengths) - 1 - np.arange(panel.rows)
        return np.flatnonzero((self.ages(panel) >= self.least) & (after >= steps))

    def measure(self, y: Values, panel: Panel, ends: Rows, scaling: Standardizer) -> WindowMeasures:
        """Measure the windows that end at some rows; `scaling` is that of each series of the panel."""
        found = measure_windows(y, self.ages(panel), ends, self.window, self.scale, self.season)
        if self.scale is None:
            series = panel.series_of(ends)
            found = found._replace(level=scaling.shift[series], spread=scaling.scale[series])
        elif self.scale.spread == "series":
            found = found._replace(spread=scaling.scale[panel.series_of(ends)])
        return found._replace(lag=np.where(found.lag == 1, 0, found.lag)) if self.lost else found

    def base(self, y: Values, measures: WindowMeasures, ends: Rows, steps: int) -> Values:
        """Return the seasonal naive forecasts that forecasts are additions to, ``[n, steps]``."""
        lag = measures.lag
        return np.where(lag[:, None] > 0, y[base_rows(ends, np.maximum(lag, 1), steps)], 0.0)

    def columns(self, y: Values, panel: Panel) -> tuple[Values, Values]:
        """Return further inputs of each row: values one season back ``[rows, periods]``, and positions in the seasons.

        A value that the series does not have is NaN.
        """
        ages = self.ages(panel)
        back = np.full((panel.rows, len(self.season)), np.nan)
        for place, period in enumerate(self.season):
            rows = np.flatnonzero(ages > period)
            back[rows, place] = y[rows - period]
        return back, season_positions(panel, self.season)

    def units(self, y: Values, panel: Panel, ends: Rows, measures: WindowMeasures, scaling: Standardizer) -> Values:
        """Return what :meth:`on_device` takes, for every row of the panel ``[rows, 5]``; zeros where no window ends.

        `scaling` is what the rows on the device are scaled by, series by series.
        """
        series = panel.series_of(ends)
        spread, scale = measures.spread, scaling.scale[series]
        inverse = np.where(spread > 0, scale / np.where(spread > 0, spread, 1), 0.0)
        level = (measures.level - scaling.shift[series]) / scale
        relative = np.arcsinh(np.where(spread > 0, measures.level / np.where(spread > 0, spread, 1), 0.0))
        rows = np.zeros((panel.rows, 5))
        rows[ends] = np.column_stack([level, inverse, self.ages(panel)[ends], measures.lag, relative])
        rows[:, 2] = self.ages(panel)
        return rows

    def on_device(self, rows: Values, scaled: tuple[int, ...], steps: int) -> WindowUnits:
        """Copy what :meth:`units` gave, laid out as the source is, as the device reads it."""
        dtype = jax.dtypes.canonicalize_dtype(float)
        level, inverse, age, lag = (
            padded_rows(rows[:, column], kind) for column, kind in enumerate((dtype, dtype, np.int32, np.int32))
        )
        facts = padded_rows(rows[:, 4:], dtype)
        return WindowUnits(level, inverse, age, lag, facts, scaled, self.season, steps, min(self.least, self.window))
