"""Any object or function that forecasts, asked in one way by an audit and by a comparison."""

from __future__ import annotations

import abc
import copy
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import function_name
from penstock.data.frames import Columns, read_panel
from penstock.data.reading.labels import group
from penstock.data.reading.table import as_table, newest_last
from penstock.data.reading.values import numbers
from penstock.data.times import read_times
from penstock.errors import DataError, OptionError
from penstock.evaluation.gaps import with_gaps
from penstock.evaluation.libraries import library_model

__all__ = ["USUAL_HORIZON", "AuditedModel", "Backtest", "Forecast", "FrameRows", "audited_model"]

Values = NDArray[np.float64]
Forecast = Callable[["FrameRows"], Values]
"""A fitted model: history in, forecasts ``[series, horizon]`` out."""
Backtest = Callable[[Any, Any, int], Any]
"""A library's own backtest: ``backtest(model, frame, test)`` forecasts from every cutoff of the last `test` times."""

USUAL_HORIZON = 4
"""Steps ahead of a model that has no horizon of its own."""


@dataclass(frozen=True, eq=False)
class FrameRows:
    """The rows of a frame, which can be cut in time and given other targets; other columns stay as they are.

    Attributes
    ----------
    table
        The frame.
    times, series
        Time of each row, and number of its series.
    """

    table: nw.DataFrame[Any]
    columns: Columns
    times: NDArray[Any]
    series: NDArray[np.int64]

    @classmethod
    def read(cls, frame: Any, columns: Columns, missing: str = "error", calendar: str | None = None) -> FrameRows:
        """Read a frame, or say what is wrong with it."""
        panel, kind = read_panel(frame, columns, missing, calendar=calendar)
        table = as_table(with_gaps(panel, kind) if panel.filled.any() else frame, columns)
        times, form = read_times(table[columns.time])
        backend = table.implementation
        plain = [
            nw.new_series(
                columns.target, numbers(table[columns.target], "target", table), nw.Float64(), backend=backend
            )
        ]
        if form.kind != "native":  # text is read once: a part of the rows may leave open what all of them tell
            of_times = nw.Int64() if form.counts else nw.Datetime("ns")
            plain.append(nw.new_series(columns.time, times, of_times, backend=backend))
        table = table.with_columns(*plain)
        order, offsets, _ = group(table[columns.id] if columns.id in table.columns else None, len(table))
        if (turned := newest_last(order, offsets, times, columns)) is not order:
            table = table[turned.tolist()]
        names = table[columns.id].to_list() if columns.id in table.columns else [None] * len(table)
        places = {name: place for place, name in enumerate(dict.fromkeys(names))}
        return cls(table, columns, read_times(table[columns.time])[0], np.array([places[name] for name in names]))

    @property
    def native(self) -> Any:
        """The frame of the library that it came from."""
        return self.table.to_native()

    @property
    def y(self) -> Values:
        """The targets."""
        return np.array(self.table[self.columns.target].cast(nw.Float64()).to_numpy(), dtype=np.float64)

    @property
    def calendar(self) -> NDArray[Any]:
        """Every time once, in order."""
        return np.unique(self.times)

    @property
    def last(self) -> NDArray[np.bool_]:
        """Whether each row is the last of its series with a value."""
        there = np.isfinite(self.y)
        newest = np.array([self.times[(self.series == s) & there].max() for s in range(int(self.series.max()) + 1)])
        return np.asarray(self.times == newest[self.series])

    def until(self, time: Any) -> FrameRows:
        """Keep the rows up to a time."""
        keep = self.times <= time
        return FrameRows(self.table.filter(keep.tolist()), self.columns, self.times[keep], self.series[keep])

    def only(self, series: NDArray[np.int64]) -> FrameRows:
        """Keep the rows of these series."""
        keep = np.isin(self.series, series)
        numbered = np.unique(self.series[keep], return_inverse=True)[1]
        return FrameRows(self.table.filter(keep.tolist()), self.columns, self.times[keep], numbered)

    def with_y(self, y: Values) -> FrameRows:
        """Put other targets at the same rows."""
        column = nw.new_series(self.columns.target, y, nw.Float64(), backend=self.table.implementation)
        return replace(self, table=self.table.with_columns(column))

    def spread(self) -> Values:
        """Give, for each row, the standard deviation of its series; 1 where it is constant."""
        y = self.y
        deviations = np.array([np.nanstd(y[self.series == s]) for s in range(self.series.max() + 1)])
        return np.where(deviations > 0, deviations, 1.0)[self.series]


class AuditedModel(abc.ABC):
    """A model under audit.

    Attributes
    ----------
    label
        Its name.
    reads_history
        Whether a fitted model can forecast from other rows than it was fitted on.
    backtests
        Whether it has a backtest of its own, which could look ahead.
    """

    label: str
    reads_history: bool
    backtests: bool

    @abc.abstractmethod
    def fit(self, *trainings: FrameRows) -> Forecast:
        """Fit a fresh twin on each of `trainings`, one after the other."""

    def backtest(self, rows: FrameRows, test: int, before: FrameRows | None = None) -> Values:
        """Forecast the last `test` times from every cutoff, ``[cutoffs, ...]``, where `backtests` says it can.

        `before` are rows on which the twin is fitted first; they must leave no trace.
        """
        raise NotImplementedError


class _Object(AuditedModel):
    def __init__(self, model: Any, backtest: Backtest | None, label: str) -> None:
        self.model, self.own_backtest, self.backtests = model, backtest, backtest is not None
        self.label = label
        try:
            self.reads_history = len(inspect.signature(model.predict).parameters) > 0
        except (TypeError, ValueError):  # built-in code has no signature
            self.reads_history = True

    def fit(self, *trainings: FrameRows) -> Forecast:
        model = self._twin()
        for rows in trainings:
            model.fit(rows.native)

        def forecast(rows: FrameRows) -> Values:
            return _values(model.predict(rows.native) if self.reads_history else model.predict(), rows, self.label)

        return forecast

    def backtest(self, rows: FrameRows, test: int, before: FrameRows | None = None) -> Values:
        if self.own_backtest is None:
            raise NotImplementedError
        model = self._twin()
        if before is not None:
            model.fit(before.native)
        out = np.asarray(self.own_backtest(model, rows.native, test), dtype=np.float64)
        return out.reshape(len(out), -1)

    def _twin(self) -> Any:
        return copy.deepcopy(self.model)


class _Function(AuditedModel):
    reads_history = backtests = False

    def __init__(self, function: Callable[[Any, int], Any], horizon: int) -> None:
        self.function, self.horizon = function, horizon
        self.label = function_name(function)

    def fit(self, *trainings: FrameRows) -> Forecast:
        for rows in trainings[:-1]:
            self.function(rows.native, self.horizon)
        return lambda rows: _values(self.function(rows.native, self.horizon), rows, self.label)


def audited_model(model: Any, columns: Columns, horizon: int | None, backtest: Backtest | None = None) -> AuditedModel:
    """Return an object, a function or a model of another library as it is asked, or say that it is no model."""
    if isinstance(model, type):
        raise OptionError(f"the class {model.__name__} was given; give a model: {model.__name__}(...).")
    if (library := library_model(model, columns, horizon or USUAL_HORIZON)) is not None:
        return _Object(library, backtest, type(model).__name__)
    if hasattr(model, "fit") and hasattr(model, "predict"):
        return _Object(model, backtest, type(model).__name__)
    if callable(model):
        return _Function(model, horizon or USUAL_HORIZON)
    raise OptionError(
        f"{model!r} is no model; allowed: a Penstock model such as AR(5), a model of statsforecast, sktime, darts or "
        "neuralforecast, a regressor of scikit-learn, an object with fit(frame) and predict(frame), or a function "
        "forecast(frame, horizon) that returns the values to come."
    )


def _values(answer: Any, rows: FrameRows, label: str) -> Values:
    """Read forecasts ``[series, horizon]`` off a frame or an array."""
    count = int(rows.series.max()) + 1
    table = nw.from_native(answer, eager_only=True, pass_through=True)
    if isinstance(table, nw.DataFrame):
        given = [
            name
            for name in table.columns
            if name not in (rows.columns.id, rows.columns.time, "unique_id", "ds") and table[name].dtype.is_numeric()
        ]
        if not given:
            raise DataError(f"{label} gave a frame without numbers: {table.columns}; a column 'yhat' is needed.")
        answer = table["yhat" if "yhat" in given else given[-1]].to_numpy()
        names = next((name for name in (rows.columns.id, "unique_id") if name in table.columns), None)
        if names is not None and rows.columns.id in rows.table.columns:
            return _by_series(_numbers(answer, label), table[names].to_list(), rows, label)
    values = _numbers(answer, label)
    if values.size == 0 or values.size % count:
        raise DataError(f"{label} gave {values.size} forecasts for {count} series; the same number for each is needed.")
    return values.reshape(count, -1)


def _numbers(answer: Any, label: str) -> Values:
    try:
        return np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"{label} gave {str(answer)[:60]!r}, a {type(answer).__name__}; return numbers, the values to come."
        ) from None


def _by_series(values: Values, ids: list[Any], rows: FrameRows, label: str) -> Values:
    """Put forecasts that name their series into the order of the rows' series, ``[series, horizon]``."""
    wanted = list(dict.fromkeys(map(str, rows.table[rows.columns.id].to_list())))
    places: dict[str, list[int]] = {name: [] for name in wanted}
    for place, name in enumerate(map(str, ids)):
        if name in places:
            places[name].append(place)
    counts = {len(each) for each in places.values()}
    if len(counts) > 1 or 0 in counts:
        fewest = min(places, key=lambda name: len(places[name]))
        raise DataError(
            f"{label} gave {len(places[fewest])} forecasts of series {fewest!r}, and up to {max(counts)} of others; "
            "the same number for each series of the frame is needed."
        )
    return values[np.array(list(places.values()))]
