"""What a stream does with rows that are late, double, missing, or cannot be used."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import checked_choice, described
from penstock.data.frames import say_names
from penstock.data.missing import MISSING
from penstock.data.panel import series_name
from penstock.errors import DataError, OptionError, nearest
from penstock.intervals.conformal import Conformal, ModelIntervals, resolve_intervals
from penstock.streaming.bounds import StreamBounds, check_intervals
from penstock.streaming.clock import StreamClock
from penstock.streaming.forecast import StreamForecast
from penstock.streaming.rows import StreamRows
from penstock.training.heads import Value

__all__ = ["DUPLICATE", "LATE", "StreamPolicies"]

Values = NDArray[np.float64]

LATE = ("error", "drop", "amend")
"""What to do with a row that is earlier than the newest: refuse it, drop it, or write it where a value was carried."""

DUPLICATE = ("error", "drop", "replace")
"""What to do with a row whose time is known already: refuse it, drop it, or take its value instead."""


class StreamPolicies:
    """The checks of rows, before anything is taken, and the policies."""

    model: Any
    ids: list[Hashable]
    levels: tuple[float, ...]
    late: str
    duplicate: str
    missing: str
    dropped: int
    amended: int
    carried: int
    _place: dict[Hashable, int]
    _names: tuple[str, ...]
    _known: int
    _positive: bool
    _simple: dict[Hashable, Any]
    _called: Hashable = None  # what pushes call a series that has no name
    _clock: StreamClock
    _rows: StreamRows
    _bounds: StreamBounds

    @property
    def counts(self) -> bool:
        """Whether times are counted steps."""
        return self._clock.counts

    def read_time(self, t: Any) -> int:
        """Return a time as a whole number: counted steps, or nanoseconds in UTC since 1970."""
        return self._clock.read(t)

    @abstractmethod
    def _take(
        self, series: int, time: int, value: float, row: Values, ahead: Values | None = None, *, wanted: bool = False
    ) -> StreamForecast | None:
        """Take a row that was checked; give the forecast after it where it is wanted and there are enough rows."""

    @abstractmethod
    def _changed(self, series: int, place: int, ahead: Values | None) -> StreamForecast | None:
        """Give the forecast after the newest row once more, when rows from a place of the buffers on were changed."""

    def _check_missing(self, fitted: str) -> None:
        checked_choice("missing", self.missing, MISSING)
        if (self.missing == "indicator") != (fitted == "indicator") and self.missing != "error":
            raise OptionError(
                f"missing={self.missing!r}, but the model was fitted with missing={fitted!r}, which decides whether it "
                f"is told which values are missing; allowed: 'error', {fitted if fitted != 'error' else 'ffill'!r}."
            )

    def _resolve_intervals(self, given: str | Conformal | None) -> Conformal:
        values = isinstance(self.model.head(), Value)
        if given is None:
            given = "adaptive" if values else "own"
        found = resolve_intervals(given)
        if isinstance(found, ModelIntervals):
            return found
        if not values:
            raise OptionError(
                f"intervals={found!r}: with loss={self.model.loss!r} the network gives the intervals; allowed: 'own'."
            )
        check_intervals(found, self.levels)
        return found

    def _check_new(self, id: Hashable, static: Mapping[str, Any]) -> None:
        model = self.model
        if not model.forecasts_new_series:
            raise OptionError(
                f"{model.label} forecasts the series that it was fitted on; new ones need scale='window' with a spread "
                "of the window."
            )
        if id in self._place or None in self._place:
            raise OptionError(f"the series {id!r} cannot be added; the stream has {self.ids[:9]!r}.")
        wanted = model.kind_.columns.static
        if {*static} != {*wanted}:
            raise OptionError(f"the series {id!r} needs static={list(wanted)}, but was given {list(static)}.")

    def _series(self, id: Hashable) -> int:
        if id is None and len(self.ids) == 1:
            return 0
        if self.ids == [None]:
            if self._called is None:
                say_names((id,), (None,), self.model.kind_.columns)
            if self._called in (None, id):
                return 0
            raise DataError(
                f"series {id!r} is another than {self._called!r}, whose rows are taken for the one series without a "
                "name that the model was fitted to; make a stream for each series."
            )
        place = self._place.get(id)
        if place is None:
            raise DataError(f"series {id!r} is not in this stream; {nearest(id, self.ids)}")
        return place

    def _note_name(self, id: Hashable) -> None:
        """Remember what a row that was taken calls a series that has no name; further rows are taken as quickly."""
        if id is not None and id != self._called and self.ids == [None]:
            self._called = id
            self._simple |= {id: self._simple[None]} if None in self._simple else {}

    def _whose(self, series: int) -> str:
        return series_name(self.ids[series])

    def _value(self, y: float | None, series: int) -> float:
        try:
            value = np.nan if y is None else float(y)
        except (TypeError, ValueError):
            raise DataError(f"y={y!r}{self._whose(series)} is no number.") from None
        if value != value:
            if self.missing == "error":
                raise DataError(
                    f"y is missing{self._whose(series)}; give a number, or carry the last value forward with "
                    "missing='ffill'."
                )
        elif not abs(value) < np.inf:
            raise DataError(
                f"y={value}{self._whose(series)} is not finite; give a number, or None where it is missing."
            )
        elif self._positive and value <= 0:
            raise DataError(
                f"y={value:g}{self._whose(series)} is not positive, which transform={self.model.transform!r} needs."
            )
        return value

    def _covariates(self, given: Mapping[str, Any], series: int) -> Values:
        if not self._names and not given:
            return np.zeros(0)
        for name in given:
            if name not in self._names:
                raise OptionError(f"{name!r} is no past or known covariate of the fit; {nearest(name, self._names)}")
        row = np.array([np.nan if given.get(name) is None else given[name] for name in self._names], dtype=np.float64)
        if np.isinf(row).any():
            raise DataError(f"the covariates {dict(given)}{self._whose(series)} are not finite.")
        if np.isnan(row).any() and self.missing == "error":
            lost = self._names[int(np.isnan(row).argmax())]
            raise DataError(f"the covariate {lost!r} is missing{self._whose(series)}; give it, or use missing='ffill'.")
        return row

    @staticmethod
    def _require_mapping(future: Any) -> None:
        if not isinstance(future, (Mapping, type(None))):
            raise OptionError(f"future={described(future)}; allowed: values of the steps ahead by covariate, or None.")

    def _ahead(self, future: Mapping[str, Any] | None) -> Values | None:
        self._require_mapping(future)
        names = self._names[len(self._names) - self._known :]
        if not names:
            if future:
                raise OptionError("the model was fitted without known covariates; leave future= out.")
            return None
        horizon = self.model.horizon
        if future is None or {*future} != {*names}:
            raise OptionError(
                f"future holds {list(future or ())}; the model needs the known covariates {list(names)} of the next "
                f"{horizon} steps."
            )
        steps = np.stack([np.asarray(future[name], dtype=np.float64).reshape(-1) for name in names], axis=-1)
        if len(steps) != horizon or not np.isfinite(steps).all():
            raise DataError(f"future needs {horizon} finite values of each known covariate, one for each step ahead.")
        return steps[None]

    def _check_first(self, series: int, value: float, row: Values) -> None:
        if not self._rows.count[series] and (value != value or np.isnan(row).any()):
            raise DataError(f"the first row{self._whose(series)} must hold a value; nothing comes before it to carry.")

    def _missing(self, series: int, time: int) -> list[int]:
        """Return the times that are missing before a row that is later than the newest, or refuse them."""
        if not self._rows.count[series]:
            return []
        last = int(self._rows.times[series, self._rows.end[series] - 1])
        if time - last == self._clock.step(self.ids[series]):
            return []
        times = self._rows.times[series, self._rows.span(series)]
        gone = self._clock.missing(times, time, self.ids[series])
        if gone and self.missing == "error":
            raise DataError(
                f"{len(gone)} rows are missing{self._whose(series)} between {self._clock.show(last)} and "
                f"{self._clock.show(time)}, the first at {self._clock.show(gone[0])}; push them, or carry the last "
                "value forward with missing='ffill'."
            )
        return gone

    def _carry(self, series: int, gone: list[int]) -> None:
        """Carry the last row forward over times that are missing."""
        for each in gone:
            self._take(series, int(each), np.nan, np.full(len(self._names), np.nan))

    def _older(self, series: int, time: int, value: float, row: Values, ahead: Values | None) -> StreamForecast | None:
        """Treat a row that is not later than the newest as the policies say."""
        span = self._rows.span(series)
        place = span.start + int(np.searchsorted(self._rows.times[series, span], time))
        known = bool(self._rows.times[series, place] == time)
        double = known and not self._rows.filled[series, place]
        what, policy = ("duplicate", self.duplicate) if double else ("late", self.late)
        if policy == "drop":
            self.dropped += 1
            return None
        at = self._clock.show(time)
        if policy == "error":
            newest = self._clock.show(int(self._rows.times[series, span.stop - 1]))
            said = "is known already" if double else f"is late: the newest is at {newest}"
            other = "replace" if double else "amend"
            allowed = f"{what}='drop'" if self.model.stateful else f"{what}='drop' or '{other}'"
            raise DataError(f"the row at {at}{self._whose(series)} {said}; allowed: {allowed}.")
        if not known:
            raise DataError(
                f"the row at {at}{self._whose(series)} has no place among the rows that are kept, so late='amend' "
                "cannot write it; allowed: late='drop'."
            )
        if value != value:
            raise DataError(f"the row at {at}{self._whose(series)} holds no value to write.")
        self._rows.write(series, place, value, row)
        for later in range(place + 1, span.stop):  # what was carried from it follows
            if not self._rows.filled[series, later]:
                break
            self._rows.y[series, later] = value
        self.amended += 1
        return self._changed(series, place, ahead)
