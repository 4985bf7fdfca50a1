"""Frames in, frames out: pandas, polars and pyarrow through narwhals; the same kind comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from narwhals.exceptions import DuplicateError
from numpy.typing import NDArray

from penstock.data.calendar import next_times
from penstock.data.panel import Panel
from penstock.data.times import as_time_type, dtype_from_json, dtype_to_json, read_times, show_time, time_type
from penstock.errors import DataError, OptionError, nearest

__all__ = ["Columns", "FrameKind", "read_panel"]


_RESERVED = ("yhat", "y", "cutoff", "step", "model")  # columns of answers, which the id and the time stand beside


@dataclass(frozen=True)
class Columns:
    """The columns of a long frame: which one names the series, which holds the time, which the target."""

    id: str = "unique_id"
    time: str = "ds"
    target: str = "y"

    def __post_init__(self) -> None:
        """Refuse names that could not be told apart, in the frame or in answers."""
        names = asdict(self)
        for role, name in names.items():
            if not isinstance(name, str):
                raise OptionError(f"{role}={name!r}: columns are named by text; rename the frame's columns first.")
        if len(set(names.values())) < 3:
            raise OptionError(f"one column cannot be two things: {names}.")
        for role in ("id", "time"):
            if names[role] in _RESERVED:
                raise OptionError(f"{role}={names[role]!r} is the name of a column of the answers; rename it first.")


@dataclass(frozen=True)
class FrameKind:
    """What a frame was made of, so that an answer can be made of the same.

    Attributes
    ----------
    backend
        The library: pandas, polars or pyarrow.
    id, time
        Types of the two columns; ``id`` is None where the frame held one series without a name.
    """

    backend: str
    columns: Columns
    id: nw.dtypes.DType | None
    time: nw.dtypes.DType

    def plain_frame(self, columns: Mapping[str, Any]) -> Any:
        """Build a native frame of this kind from arrays or lists, as they are."""
        return nw.from_dict(dict(columns), backend=self.backend).to_native()  # type: ignore[arg-type]

    def next_times(self, times: NDArray[Any], steps: int) -> NDArray[Any]:
        """Continue the times of one series; days are counted on the clock of the column's own time zone."""
        zone = getattr(self.time, "time_zone", None)
        if zone is None or len(times) < 2 or np.median(np.diff(times)) < np.timedelta64(20, "h"):
            return next_times(times, steps)
        import pandas as pd

        local = pd.DatetimeIndex(times, tz="UTC").tz_convert(zone).tz_localize(None).to_numpy("datetime64[ns]")
        ahead = pd.DatetimeIndex(next_times(local, steps)).tz_localize(
            zone, ambiguous=True, nonexistent="shift_forward"
        )
        return ahead.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[ns]")

    def frame(self, columns: Mapping[str, Any]) -> Any:
        """Build a native frame of this kind from arrays or lists.

        Columns with the names of the id and the time are brought back to their types; the id is dropped
        where the input had none.
        """
        columns = {k: v for k, v in columns.items() if k != self.columns.id or self.id is not None}
        data = {k: _plain(v, text=self.time == nw.String) for k, v in columns.items()}
        frame = nw.from_dict(data, backend=self.backend)  # type: ignore[arg-type]
        if self.id is not None and self.columns.id in data:
            frame = frame.with_columns(nw.col(self.columns.id).cast(self.id))
        for name in (self.columns.time, "cutoff"):
            if name in data and self.time not in (nw.String, nw.Object):
                frame = frame.with_columns(as_time_type(nw.col(name), self.time))
        return frame.to_native()

    @property
    def counts_steps(self) -> bool:
        """Whether the time column holds whole numbers instead of dates."""
        return self.time.is_integer()

    def to_json(self) -> dict[str, Any]:
        """Describe the kind for a model file."""
        types = {"id": self.id and dtype_to_json(self.id), "time": dtype_to_json(self.time)}
        return {"backend": self.backend, "columns": asdict(self.columns), **types}

    @classmethod
    def from_json(cls, kind: dict[str, Any]) -> FrameKind:
        """Read the kind back; where its library is not installed, pandas stands in."""
        backend = kind["backend"]
        if backend not in ("pandas", "polars", "pyarrow") or not find_spec(backend):
            backend = "pandas"
        types = kind["id"] and dtype_from_json(kind["id"]), dtype_from_json(kind["time"])
        return cls(backend, Columns(**kind["columns"]), *types)


def read_panel(frame: Any, columns: Columns | None = None) -> tuple[Panel, FrameKind]:
    """Read a long frame into a panel, or say what is wrong with it.

    Parameters
    ----------
    frame
        A pandas, polars or pyarrow frame with one row per series and time.
    columns
        Names of its columns; the defaults are ``unique_id``, ``ds``, ``y``. A frame without the default
        id column holds a single series.

    Raises
    ------
    DataError
        For a missing column, an empty frame, text where numbers belong, a value that is not finite, or
        timestamps that are missing, unsorted or double.

    Examples
    --------
    >>> import pandas as pd
    >>> panel, _ = read_panel(pd.DataFrame({"ds": [1, 2, 3], "y": [5.0, 6.0, 7.0]}))
    >>> panel.y.tolist(), len(panel)
    ([5.0, 6.0, 7.0], 1)
    """
    columns = columns or Columns()
    table = _table(frame)
    for name in (columns.time, columns.target):
        _column_must_exist(table, name, frame)
    has_id = columns.id in table.columns
    if not has_id and columns.id != Columns().id:
        _column_must_exist(table, columns.id, frame)
    if len(table) == 0:
        raise DataError(f"the frame is empty: it has the columns {table.columns} and no rows; at least 2 are needed.")
    y = _numbers(table[columns.target])
    times = read_times(table[columns.time])
    order, offsets, ids = _group(table[columns.id] if has_id else None, len(table))
    panel = Panel(y[order], times[order], offsets, ids)
    _must_be_finite(panel, columns)
    _must_be_sorted(panel, columns)
    kind = FrameKind(
        backend=table.implementation.value,
        columns=columns,
        id=table[columns.id].dtype if has_id else None,
        time=time_type(table[columns.time]),
    )
    return panel, kind


def _table(frame: Any) -> nw.DataFrame[Any]:
    try:
        table = nw.from_native(frame)
    except DuplicateError as error:
        raise DataError(f"the frame has columns of one name; rename or drop all but one: {error}") from error
    except TypeError as error:
        raise DataError(
            f"a {type(frame).__name__} was given; a pandas, polars or pyarrow frame with a time and a target column is "
            "needed, for example pandas.DataFrame({'ds': dates, 'y': values})."
        ) from error
    if isinstance(table, nw.LazyFrame):
        raise DataError("a lazy frame was given; collect it first: frame.collect().")
    if len(set(table.columns)) < len(table.columns):  # pyarrow lets them pass
        raise DataError(f"the frame has columns of one name; rename or drop all but one: {table.columns}")
    return table


def _column_must_exist(table: nw.DataFrame[Any], name: str, frame: Any) -> None:
    if name in table.columns:
        return
    if name in getattr(getattr(frame, "index", None), "names", ()):
        raise DataError(f"{name!r} is the frame's index, not a column; make it one: frame.reset_index().")
    raise DataError(f"the frame has no column {name!r}; {nearest(name, table.columns)}")


def _numbers(series: nw.Series[Any]) -> NDArray[np.float64]:
    if not series.dtype.is_numeric():
        first = next((value for value in series.to_list() if value is not None), None)
        raise DataError(
            f"the target column {series.name!r} holds {series.dtype}, not numbers (first value: {first!r}); "
            f"turn it into numbers first, for example with pandas.to_numeric(frame[{series.name!r}])."
        )
    return np.array(series.cast(nw.Float64()).to_numpy(), dtype=np.float64)


def _group(ids: nw.Series[Any] | None, rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[Any, ...]]:
    """Order the rows series by series, keeping their order within each."""
    if ids is None:
        return np.arange(rows), np.array([0, rows]), (None,)
    if ids.is_null().any():
        raise DataError(f"the id column {ids.name!r} has missing values; name every series.")
    codes: dict[Any, int] = {}
    labels = np.fromiter((codes.setdefault(value, len(codes)) for value in ids.to_list()), dtype=np.int64, count=rows)
    return (
        np.argsort(labels, kind="stable"),
        np.concatenate([[0], np.cumsum(np.bincount(labels))]),
        tuple(codes),
    )


def _must_be_finite(panel: Panel, columns: Columns) -> None:
    wrong = ~np.isfinite(panel.y)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"the target column {columns.target!r} has {int(wrong.sum())} values that are NaN or infinite, the first "
            f"in {panel.place(row)} (at {show_time(panel.times[row])}); "
            "drop these rows, or fill them before they reach a model."
        )


def _must_be_sorted(panel: Panel, columns: Columns) -> None:
    step = np.diff(panel.times)
    zero = step.dtype.type(0)
    inside = np.ones(len(step), dtype=bool)
    inside[panel.offsets[1:-1] - 1] = False
    for wrong, what, mend in (
        ((step == zero) & inside, "twice", "keep one row a time, or name the series in the id column"),
        (
            (step < zero) & inside,
            "after a later one",
            f"sort the frame by {columns.time!r} first (--sort does it on the command line)",
        ),
    ):
        if wrong.any():
            row = int(wrong.argmax()) + 1
            raise DataError(
                f"the time column {columns.time!r} has {int(wrong.sum())} timestamps that come {what}, the first "
                f"{show_time(panel.times[row])} in {panel.place(row)}; {mend}."
            )


def _plain(values: Any, *, text: bool) -> Any:
    """Turn datetimes back into text where the input's times were text."""
    values = values if isinstance(values, (list, tuple)) else np.asarray(values)
    if text and isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return [show_time(value).replace("T", " ") for value in values]
    return list(values) if isinstance(values, tuple) else values
