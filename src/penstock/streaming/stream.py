"""A fitted forecaster that is told one row after the other."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.errors import DataError, OptionError, PenstockError, nearest
from penstock.intervals.conformal import Conformal, ModelIntervals
from penstock.intervals.levels import checked_levels
from penstock.streaming.bounds import StreamBounds
from penstock.streaming.clock import StreamClock
from penstock.streaming.forecast import StreamForecast
from penstock.streaming.policies import DUPLICATE, LATE, StreamPolicies
from penstock.streaming.predictor import Predictor
from penstock.streaming.rows import StreamRows

__all__ = ["Stream"]

Values = NDArray[np.float64]


class Stream(StreamPolicies):
    """A fitted forecaster that takes one row at a time and gives the forecast after it; ``model.stream()`` makes it.

    The last rows are read anew for every forecast, so that it equals ``predict`` of the same rows. Time and memory do
    not grow with the rows that were pushed.

    Attributes
    ----------
    model
        The forecaster; it is not changed.
    ids
        Names of the series.
    mode
        How forecasts are computed, in words.
    levels, intervals
        Levels of the intervals in percent, and how they are made.
    late, duplicate, missing
        What is done with such rows.
    dropped, amended, carried
        How many rows were dropped as late or double, were written in place of another value, and were missing and
        carried forward, so far.
    """

    def __init__(
        self,
        model: Any,
        *,
        level: float | Sequence[float] = (),
        intervals: str | Conformal | None = None,
        late: str = "error",
        duplicate: str = "error",
        missing: str | None = None,
    ) -> None:
        model._require_fit()
        fitted = model.kind_.missing
        self.model, self.levels = model, checked_levels(level)
        self.late, self.duplicate, self.missing = late, duplicate, fitted if missing is None else missing
        for name, given, allowed in (("late", late, LATE), ("duplicate", duplicate, DUPLICATE)):
            if given not in allowed:
                raise OptionError(f"{name}={given!r} is unknown; {nearest(given, allowed)}")
        self._check_missing(fitted)
        self.intervals = self._resolve_intervals(intervals)
        self.dropped = self.amended = self.carried = 0
        tail = model.tail_
        self.ids: list[Hashable] = list(model.ids_)
        self._place = {name: place for place, name in enumerate(self.ids)}
        self._static = dict(enumerate(tail.static))
        self._clock = StreamClock(model.kind_)
        columns = model.kind_.columns
        self._names = (*columns.past, *columns.known)
        self._known = len(columns.known)
        self._positive = model.transform in ("log", "log_return")
        self._rows = StreamRows(len(self.ids), model.rows_kept, len(self._names))
        for series, name in enumerate(tail.ids):
            self._rows.take(tail, series, self._place[name])
        own = isinstance(self.intervals, ModelIntervals)
        self._bounds = StreamBounds(len(self.ids), model.horizon, () if own else self.levels, self.intervals)
        self._predictor = Predictor(model, self._rows, self.ids, self._static, self.levels if own else ())
        if self.levels and not own:
            self._calibrate()

    def _calibrate(self) -> None:
        try:
            tail = self.model._tail_errors()
        except PenstockError:  # no validation tail: intervals are infinite until errors are known
            return
        for series in range(len(self.ids)):
            own = tail.errors[tail.series == series]
            enough = np.isfinite(own).sum(axis=0) >= self._bounds.fewest.max()
            self._bounds.calibrate(series, own if enough.all() else tail.errors)

    @property
    def mode(self) -> str:
        """How forecasts are computed."""
        return "exact: the last rows are read anew by predict"

    def push(
        self,
        t: Any,
        y: float | None,
        id: Hashable = None,
        *,
        future: Mapping[str, Any] | None = None,
        **covariates: float,
    ) -> StreamForecast | None:
        """Take one row of one series and give the forecast after it.

        A row that is refused leaves the stream as it was.

        Parameters
        ----------
        t
            Time of the row, as in the frame of the fit.
        y
            The target; None or NaN where it is missing.
        id
            Name of the series; left out where there is one alone.
        future
            Known covariates of the next `horizon` steps, by name, where the model was fitted with known covariates.
        **covariates
            Past and known covariates of this row, by name.

        Returns
        -------
        The forecast; None where the row was dropped, or a new series has too few rows for one.

        Raises
        ------
        DataError
            For a row that the policies refuse, or a value that cannot be used.
        OptionError
            For names that are not those of the fit.
        """
        series = self._series(id)
        if self.model.joint and len(self.ids) > 1:
            raise OptionError("this model reads all series together; push them together: push_all(t, y).")
        time, value = self._clock.read(t), self._value(y, series)
        return self._push(series, time, value, self._covariates(covariates, series), self._ahead(future))

    def _push(self, series: int, time: int, value: float, row: Values, ahead: Values | None) -> StreamForecast | None:
        """Take a row whose values were checked."""
        if self._rows.count[series]:
            last = int(self._rows.times[series, self._rows.end[series] - 1])
            if time <= last:
                return self._older(series, time, value, row, ahead)
            self._carry(series, time, last)
        self._check_first(series, value, row)
        self._take(series, time, value, row)
        return self._forecast(series, ahead)

    def push_all(self, t: Any, y: Any, *, future: Any = None, **covariates: Any) -> Values:
        """Take one row of every series, all at the same time, and give the forecasts after them.

        Parameters
        ----------
        t
            Time of the rows.
        y
            Targets in the order of :attr:`ids`, ``[series]``.
        future
            Known covariates of the next `horizon` steps, by name, ``[series, horizon]`` each.
        **covariates
            Past and known covariates of the rows, by name, ``[series]`` each.

        Returns
        -------
        Forecasts, then lower and upper bounds of each level, ``[series, 1 + 2 levels, horizon]``.

        Raises
        ------
        DataError
            For rows that the policies refuse: late and double ones always.
        OptionError
            For names that are not those of the fit.
        """
        values = np.asarray(y, dtype=np.float64)
        count = len(self.ids)
        if values.shape != (count,):
            raise DataError(f"y has the shape {values.shape}; one value for each of the {count} series is needed.")
        time = self._clock.read(t)
        given = {
            name: np.broadcast_to(np.asarray(each, dtype=np.float64), (count,)) for name, each in covariates.items()
        }
        rows = [self._covariates({name: each[s] for name, each in given.items()}, s) for s in range(count)]
        steps = (count, self.model.horizon)
        parts = {name: np.broadcast_to(each, steps) for name, each in (future or {}).items()}
        aheads = [self._ahead({name: each[s] for name, each in parts.items()} or None) for s in range(count)]
        for series in range(count):
            self._value(values[series], series)
            self._check_first(series, values[series], rows[series])
            if self._rows.count[series] and time <= self._rows.times[series, self._rows.end[series] - 1]:
                raise DataError(
                    f"the row at {self._clock.show(time)} is not later than the newest{self._whose(series)}; push_all "
                    "takes rows in order."
                )
        for series in range(count):
            if self._rows.count[series]:
                self._carry(series, time, int(self._rows.times[series, self._rows.end[series] - 1]))
            self._take(series, time, values[series], rows[series])
        ahead = None if aheads[0] is None else np.concatenate([each for each in aheads if each is not None])
        return self._forecasts(range(count), ahead)

    def push_frame(self, frame: Any, *, future: Any = None) -> Any:
        """Take rows of any series from a frame, in the order of time, and give the forecasts after the last of each.

        Parameters
        ----------
        frame
            Rows in the columns of the fit.
        future
            Known covariates of the next `horizon` steps after the last row of each series, by name,
            ``[series of the frame, horizon]`` each; not wanted without known covariates.

        Returns
        -------
        A frame of the kind that was given: the id, the time, ``yhat``, and ``lo-80``, ``hi-80`` for each level.

        Raises
        ------
        DataError
            Where the frame cannot be read, or a policy refuses a row; rows before it have been taken then.
        """
        from penstock.streaming.frames import push_frame

        return push_frame(self, frame, future)

    def add(self, id: Hashable, **static: Any) -> None:
        """Take in a series that the model was not fitted on; it has no rows yet.

        Parameters
        ----------
        id
            Its name.
        **static
            Its static covariates, by name.

        Raises
        ------
        OptionError
            Where the model cannot forecast new series, or the name is known.
        """
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
        series = len(self.ids)
        self.ids.append(id)
        self._place[id] = series
        self._static[series] = [static[name] for name in wanted]
        self._rows.add()
        self._bounds.add_series()

    def save(self, path: str | Path) -> None:
        """Write the stream with its model to one file; :func:`penstock.load_stream` goes on with the same bits.

        Parameters
        ----------
        path
            File to write, whole or not at all.
        """
        from penstock.streaming.saved import write_stream

        write_stream(self, path)

    def _reload(self) -> None:
        """Read rows anew that were changed otherwise than by a push."""

    def _take(self, series: int, time: int, value: float, row: Values) -> None:
        self._bounds.observe(series, value)
        self._rows.append(series, time, value, row)
        self.carried += value != value

    def _forecast(self, series: int, ahead: Values | None) -> StreamForecast | None:
        if self._rows.count[series] < self.model.rows_needed:
            self._bounds.skip(series)
            return None
        values = self._forecasts([series], ahead)[0]
        newest = int(self._rows.times[series, self._rows.end[series] - 1])
        return StreamForecast(self.ids[series], values, self.levels, partial(self._times_after, series, newest))

    def _forecasts(self, which: Sequence[int], ahead: Values | None) -> Values:
        yhat, spreads, own = self._predictor.forecast(which, ahead)
        found = np.empty((len(which), 1 + 2 * len(self.levels), self.model.horizon))
        found[:, 0] = yhat
        for place, series in enumerate(which):
            if own is not None:
                found[place, 1::2], found[place, 2::2] = own[:, 0, place], own[:, 1, place]
            elif self.levels:
                half = self._bounds.give(series, yhat[place], float(spreads[place]))
                found[place, 1::2], found[place, 2::2] = yhat[place] - half, yhat[place] + half
        return found

    def _times_after(self, series: int, newest: int) -> NDArray[Any]:
        times = self._rows.times[series, self._rows.span(series)]
        times = times[times <= newest]
        if not len(times):
            raise DataError("the rows of this forecast are no longer kept; read its times before further rows come.")
        return self._clock.after(times, self.model.horizon, self.ids[series])
