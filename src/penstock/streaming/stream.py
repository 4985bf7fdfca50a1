"""A fitted forecaster that is told one row after the other."""

from __future__ import annotations

import ctypes
from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import checked_choice
from penstock.errors import DataError, OptionError, PenstockError
from penstock.intervals.conformal import Conformal, ModelIntervals
from penstock.intervals.levels import checked_levels
from penstock.streaming.bounds import StreamBounds
from penstock.streaming.carried import CarriedSteps, check_carried, flat_states
from penstock.streaming.clock import MOST_COUNTED, StreamClock
from penstock.streaming.files import StreamFiles
from penstock.streaming.forecast import StreamForecast
from penstock.streaming.image import refusal
from penstock.streaming.library import CARRY, TOO_FEW, find
from penstock.streaming.native import NativeSteps
from penstock.streaming.policies import DUPLICATE, LATE, StreamPolicies
from penstock.streaming.predictor import Predictor
from penstock.streaming.rows import StreamRows

__all__ = ["Stream"]

Values = NDArray[np.float64]


class Stream(StreamFiles, StreamPolicies):
    """A fitted forecaster that takes one row at a time and gives the forecast after it; ``model.stream()`` makes it.

    The last rows are read anew for every forecast, or, of a stateful model, one step is taken from the state that is
    carried; either way it equals ``predict`` of the same rows. Time and memory do not grow with the rows pushed.

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
            checked_choice(name, given, allowed)
        self._check_missing(fitted)
        if model.stateful:
            check_carried(late, duplicate)
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
        many = model.stateful and len(self.ids) > 1
        beside = len(self._names) + 2 * len(model.season_)
        self._rows = StreamRows(len(self.ids), model.rows_kept, beside, side_by_side=many)
        for series, name in enumerate(tail.ids):
            self._rows.take(tail, series, self._place[name])
        own = isinstance(self.intervals, ModelIntervals)
        self._bounds = StreamBounds(len(self.ids), model.horizon, () if own else self.levels, self.intervals)
        self._predictor = Predictor(self, own=own)
        self._states = flat_states(model.states_after()) if model.stateful else np.zeros((len(self.ids), 0))
        self._steps_of = CarriedSteps(self) if model.stateful else self._predictor
        if self.levels and not own:
            self._calibrate()
        self._compile()

    def _calibrate(self) -> None:
        with suppress(PenstockError):  # no validation tail: intervals are infinite until errors are known
            self._bounds.calibrate_all(self.model._tail_errors(), len(self.ids))

    def __repr__(self) -> str:
        """Show the model, the number of series, the newest row, and how forecasts are computed."""
        newest = self._rows.newest()
        until = "" if newest is None else f"rows to {self._clock.show(newest)}, "
        return f"Stream({self.model.label}, {len(self.ids):,} series, {until}{self.mode})"

    @property
    def mode(self) -> str:
        """How forecasts are computed."""
        kind, otherwise = ("stateful", "by JAX") if self.model.stateful else ("exact", "by predict")
        if self._native is None:
            return f"{kind}, {otherwise}: {self._reason}"
        return f"{kind}, compiled ({self._native.library.isa})"

    @property
    def compiled(self) -> bool:
        """Whether forecasts are computed by compiled steps, in microseconds."""
        return self._native is not None

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
            Name of the series; left out where there is one alone. A name is taken for that of a series which had none
            in the fit, with a note, as in `predict`.
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
        if isinstance(y, float) and not covariates and future is None and id in self._simple:
            pointer, copied, series = self._simple[id]
            time = t if type(t) is int and self._counts and -MOST_COUNTED < t < MOST_COUNTED else self._clock.read(t)
            status = self._push_native(pointer, time, y, self._flags)
            if status >= 0:
                self.carried += y != y
                return None if status == TOO_FEW else StreamForecast(self, series, time, copied())
        series = self._series(id)
        if self.model.joint and len(self.ids) > 1:
            raise OptionError("this model reads all series together; push them together: push_all(t, y).")
        time, value = self._clock.read(t), self._value(y, series)
        answer = self._push(series, time, value, self._covariates(covariates, series), self._ahead(future))
        self._note_name(id)
        return answer

    def _push(self, series: int, time: int, value: float, row: Values, ahead: Values | None) -> StreamForecast | None:
        """Take a row whose values were checked."""
        if self._rows.count[series]:
            last = int(self._rows.times[series, self._rows.end[series] - 1])
            if time <= last:
                return self._older(series, time, value, row, ahead)
            self._carry(series, self._missing(series, time))
        self._check_first(series, value, row)
        return self._take(series, time, value, row, ahead, wanted=True)

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
        from penstock.streaming.many import push_all

        return push_all(self, t, y, future, covariates)

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
        self._check_new(id, static)
        series = len(self.ids)
        self.ids.append(id)
        self._place[id] = series
        self._static[series] = [static[name] for name in self.model.kind_.columns.static]
        self._rows.add()
        self._bounds.add_series()
        self._compile()

    def _compile(self) -> None:
        """Take the compiled steps, where they can compute this stream."""
        library = find()
        self._reason = library if isinstance(library, str) else refusal(self)
        self._native = None if self._reason or isinstance(library, str) else NativeSteps(library, self)
        self._steps = np.array([self._clock.step(name) for name in self.ids], dtype=np.int64)
        self._regular, self._counts = bool(self._steps.all()), self._clock.counts
        self._outputs: list[Values] = [] if self._native is None else self._native.outputs
        # Of series whose rows need no more than a check of their step: what a push calls, by name.
        self._simple: dict[Hashable, tuple[Any, Any, int]] = {}
        if self._native is not None and self._regular and not self._names and not self.model.season_:
            self._push_native = self._native.library.push
            self._flags = ctypes.c_int(0 if self.missing == "error" else CARRY)
            for series, name in enumerate(self.ids):
                pointer = ctypes.c_void_p(self._native.pointers[series])
                self._simple[name] = pointer, self._outputs[series].copy, series
            if len(self.ids) == 1:
                self._simple[None] = self._simple[self.ids[0]]

    def _take(
        self, series: int, time: int, value: float, row: Values, ahead: Values | None = None, *, wanted: bool = False
    ) -> StreamForecast | None:
        self.carried += value != value
        if self._native is not None:
            there = self._native.push(series, time, value, row, ahead, wanted=wanted)
            return self._answer(series, self._outputs[series].copy()) if there else None
        self._bounds.observe(series, value)
        self._rows.append(series, time, value, row)
        return self._forecast(series, ahead, wanted=wanted)

    def _changed(self, series: int, place: int, ahead: Values | None) -> StreamForecast | None:
        if self._native is None:
            return self._forecast(series, ahead, wanted=True)
        self._native.reload(series, place)
        there = self._native.forecast(series, ahead)
        return self._answer(series, self._outputs[series].copy()) if there else None

    def _forecast(self, series: int, ahead: Values | None, *, wanted: bool) -> StreamForecast | None:
        there = self._rows.count[series] >= self.model.rows_needed
        if there and self.model.stateful and not wanted:
            ahead = np.zeros((1, self.model.horizon, self._known)) if self._known else None
            self._steps_of.forecast([series], ahead)  # the state goes on
        if not wanted or not there:
            self._bounds.skip(series)
            return None
        return self._answer(series, self._steps_of.forecast([series], ahead)[0])

    def _answer(self, series: int, values: Values) -> StreamForecast:
        newest = int(self._rows.times[series, self._rows.end[series] - 1])
        return StreamForecast(self, series, newest, values)

    def _times_after(self, series: int, newest: int) -> NDArray[Any]:
        times = self._rows.times[series, self._rows.span(series)]
        times = times[times <= newest]
        if not len(times):
            raise DataError("the rows of this forecast are no longer kept; read its times before further rows come.")
        return self._clock.after(times, self.model.horizon, self.ids[series])
