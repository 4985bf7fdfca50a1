"""A frame of forecasts that were made elsewhere: read once, looked up by series, cutoff and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from penstock.data.columns import Columns
from penstock.data.panel import Panel
from penstock.data.times import read_times, show_time
from penstock.errors import DataError, named, nearest

__all__ = ["ForecastTable"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class ForecastTable:
    """Forecasts by series, cutoff and time.

    Attributes
    ----------
    name
        What the forecasts are called in tables.
    columns
        Numbers by the name of their column: ``yhat``, ``lo-80`` and the like, ``[rows]``.
    places
        Row of each series (as text), cutoff and time (as numbers).
    """

    name: str
    columns: dict[str, Values]
    places: dict[tuple[str, int, int], int]

    def __repr__(self) -> str:
        return f"<{len(self.places):,} forecasts made elsewhere>"

    @classmethod
    def read(cls, frame: Any, columns: Columns, name: str) -> Self:
        """Read a frame of the columns id (if there are several series), ``cutoff``, time, ``yhat``, ``lo-80`` ...

        Raises
        ------
        DataError
            Where a column is missing, a forecast is no number, or two stand for one step.
        """
        table = nw.from_native(frame, eager_only=True)
        meant = {
            "cutoff": "the time of the last row that each forecast knew",
            columns.time: "the time that is forecast",
            "yhat": "the forecast",
        }
        for column, words in meant.items():
            if column not in table.columns:
                raise DataError(
                    f"{name}: the forecasts have no column {column!r}, {words}; {nearest(column, table.columns)} "
                    f"Needed: {columns.id!r} if there are several series, 'cutoff', {columns.time!r}, 'yhat', and for "
                    "intervals 'lo-80', 'hi-80' and the like."
                )
        numbers = {}
        for column in table.columns:
            if column == "yhat" or column.startswith(("lo-", "hi-")):
                values = np.asarray(table[column].cast(nw.Float64()).to_numpy(), dtype=np.float64)
                if not np.isfinite(values).all():
                    raise DataError(
                        f"{name}: {int((~np.isfinite(values)).sum()):,} of {len(values):,} values of {column!r} are "
                        f"missing or infinite, the first in row {int((~np.isfinite(values)).argmax())}; give a number "
                        "for each."
                    )
                numbers[column] = values
        for low in [column for column in numbers if column.startswith("lo-")]:
            crossed = numbers[low] > numbers.get(f"hi-{low[3:]}", numbers[low])
            if crossed.any():
                raise DataError(
                    f"{name}: {int(crossed.sum()):,} of {len(crossed):,} intervals end below their begin, the first in "
                    f"row {int(crossed.argmax())}; {low!r} is the lower bound and 'hi-{low[3:]}' the upper one."
                )
        ids = [str(each) for each in table[columns.id].to_list()] if columns.id in table.columns else [""] * len(table)
        cutoffs, times = (read_times(table[column])[0].astype(np.int64) for column in ("cutoff", columns.time))
        keys = list(zip(ids, cutoffs.tolist(), times.tolist(), strict=True))
        places = {key: row for row, key in enumerate(keys)}
        if len(places) < len(keys):
            row = next(row for row, key in enumerate(keys) if places[key] != row)
            raise DataError(
                f"{name}: rows {row} and {places[keys[row]]} forecast the same time of the same series from the same "
                f"cutoff; keep one{'' if columns.id in table.columns else f', or add the column {columns.id!r}'}."
            )
        return cls(name, numbers, places)

    def values(self, column: str, panel: Panel, origins: NDArray[np.int64], horizon: int) -> Values:
        """Look up a column from these cutoffs, ``[n, horizon]``.

        Raises
        ------
        DataError
            Where the column, a series, a cutoff or a step is missing.
        """
        if column not in self.columns:
            raise DataError(
                f"{self.name}: the forecasts have no column {column!r} for the intervals that were asked for; add it, "
                "or leave level= out."
            )
        series = panel.series_of(origins)
        times = panel.times.astype(np.int64)
        rows = np.full((len(origins), horizon), -1)
        for place, (origin, own) in enumerate(zip(origins.tolist(), series.tolist(), strict=True)):
            name = "" if panel.ids[own] is None else str(panel.ids[own])
            for step in range(horizon):
                rows[place, step] = self.places.get((name, times[origin], times[origin + 1 + step]), -1)
        if (rows < 0).any():
            self._refuse(rows, panel, origins, series)
        return self.columns[column][rows]

    def _refuse(
        self, rows: NDArray[np.int64], panel: Panel, origins: NDArray[np.int64], series: NDArray[np.int64]
    ) -> None:
        """Say which forecasts are missing."""
        missing = rows < 0
        place, step = (int(each[0]) for each in np.nonzero(missing))
        own, origin = int(series[place]), int(origins[place])
        given = {name for name, _, _ in self.places}
        name = "" if panel.ids[own] is None else str(panel.ids[own])
        count = f"{int(missing.sum()):,} of {rows.size:,} forecasts are missing"
        if name not in given:
            raise DataError(
                f"{self.name}: {count}; the first series without any is {name!r}, and the forecasts hold "
                f"{named(sorted(given), 3)}."
            )
        cutoffs = {cutoff for each, cutoff, _ in self.places if each == name}
        here = "" if panel.times.astype(np.int64)[origin] in cutoffs else ", a cutoff that they do not have"
        raise DataError(
            f"{self.name}: {count}; the first{panel.name(own)} from the cutoff {show_time(panel.times[origin])}{here}, "
            f"for {show_time(panel.times[origin + 1 + step])}. A cutoff is the time of the last row that a forecast "
            f"knew; give all {rows.shape[1]} steps from each."
        )
