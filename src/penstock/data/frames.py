"""Frames in, frames out: pandas, polars and pyarrow through narwhals; the same kind comes back."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import checked_choice, checked_types
from penstock.data.calendar import continue_times, missing_steps
from penstock.data.column_types import dtype_from_json, dtype_to_json, known_zone
from penstock.data.columns import Columns
from penstock.data.exchange import require_exchange
from penstock.data.missing import MISSING, fill_forward, refuse_infinite, refuse_missing
from penstock.data.panel import Panel
from penstock.data.reading.form import FORM, NATIVE, Form
from penstock.data.reading.labels import group
from penstock.data.reading.notes import note
from penstock.data.reading.static import static_values
from penstock.data.reading.table import as_table, newest_last, require_column, require_order
from penstock.data.reading.values import numbers
from penstock.data.rhythm import DAY_NS, Rhythm, read_rhythm
from penstock.data.rhythms import NO_RHYTHMS, Rhythms
from penstock.data.same_times import of_each_series, over_all_rows
from penstock.data.times import as_time_type, read_times, show_time, time_type
from penstock.errors import DataError
from penstock.formats import MISSING_BEFORE

__all__ = ["Columns", "FrameKind", "read_panel", "say_names"]


@dataclass(frozen=True)
class FrameKind:
    """What a frame was made of, so that an answer can be made of the same.

    Attributes
    ----------
    backend
        The library: pandas, polars or pyarrow.
    id, time
        Types of the two columns; ``id`` is None where the frame held one series without a name.
    missing
        What was chosen where values or rows are missing: ``error``, ``ffill`` or ``indicator``.
    form
        How times were written that are of no type of the library's own: text, numbers, periods.
    rhythms
        How the series go on.
    """

    backend: str
    columns: Columns
    id: nw.dtypes.DType | None
    time: nw.dtypes.DType
    missing: str = "error"
    form: Form = NATIVE
    rhythms: Rhythms = field(default=NO_RHYTHMS, compare=False)

    @property
    def zone(self) -> str | None:
        """The time zone of the times, by type or as text; None where they have none."""
        return self.form.zone or getattr(self.time, "time_zone", None)

    def plain_frame(self, columns: Mapping[str, Any]) -> Any:
        """Build a native frame of this kind from arrays or lists, as they are."""
        return nw.from_dict(dict(columns), backend=self.backend).to_native()  # type: ignore[arg-type]

    def next_times(self, times: NDArray[Any], steps: int, name: Hashable = None) -> NDArray[Any]:
        """Continue the times of the series `name`; days are counted on the clock of the column's own time zone."""
        return self.times_after(times, len(times) - 1, steps, name)

    def times_ahead(self, panel: Panel, steps: int) -> list[NDArray[Any]]:
        """Continue the times of every series of a panel."""
        return of_each_series(panel, lambda times, name: self.next_times(times, steps, name), self.rhythms.of)

    def times_after(self, times: NDArray[Any], row: int, steps: int, name: Hashable = None) -> NDArray[Any]:
        """Give the times that follow the one in `row`, in the rhythm of the series `name`."""
        rhythm = self.rhythms.of(name)
        local, utc = self.local_clock(times, rhythm)
        return utc(continue_times(local, row, steps, rhythm))

    def missing_steps(self, times: NDArray[Any], name: Hashable = None) -> NDArray[np.int64]:
        """Count the steps that are missing before each time of the series `name`."""
        rhythm = self.rhythms.of(name)
        return missing_steps(self.on_clock(times, rhythm), rhythm)

    def missing_rows(self, panel: Panel) -> NDArray[np.int64]:
        """Count the steps that are missing before each row of a panel, ``[rows]``."""
        return over_all_rows(panel, self.missing_steps, self.rhythms.of)

    def on_clock(self, times: NDArray[Any], rhythm: Rhythm | None = None) -> NDArray[Any]:
        """Put the times of one series on the clock of their own place, where its days or sessions are counted."""
        return self.local_clock(times, rhythm)[0]

    def local_clock(
        self, times: NDArray[Any], rhythm: Rhythm | None
    ) -> tuple[NDArray[Any], Callable[[NDArray[Any]], NDArray[Any]]]:
        """Put times in UTC on the clock of the column's own zone, unless they hold all hours; and the way back."""
        zone = self.zone
        if zone is None or len(times) < 2:
            return times, lambda local: local
        import pandas as pd

        def utc(local: NDArray[Any]) -> NDArray[Any]:
            zoned = pd.DatetimeIndex(local).tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
            return zoned.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[ns]")

        local = pd.DatetimeIndex(times, tz="UTC").tz_convert(zone).tz_localize(None).to_numpy("datetime64[ns]")
        if rhythm is None and np.median(np.diff(times)) < np.timedelta64(20, "h"):
            rhythm = read_rhythm(local)
        if rhythm is not None and rhythm.kind == "fixed" and rhythm.step < DAY_NS:
            return times, lambda local: local  # an hour is one where the clock changes, too
        return local, utc

    def only(self, kinds: Iterable[str]) -> FrameKind:
        """Forget the covariates that are not of these kinds."""
        return replace(self, columns=self.columns.only(kinds))

    def frame(self, columns: Mapping[str, Any]) -> Any:
        """Build a native frame of this kind from arrays or lists.

        Columns with the names of the id and the time are brought back to their types; the id is dropped
        where the input had none.
        """
        columns = {k: v for k, v in columns.items() if k != self.columns.id or self.id is not None}
        written = (self.columns.time, "cutoff")
        data = {k: self._written(v) if k in written else _plain(v) for k, v in columns.items()}
        if self.form.kind == "period":
            import pandas as pd

            return pd.DataFrame(data)
        frame = nw.from_dict(data, backend=self.backend)  # type: ignore[arg-type]
        text = all(isinstance(name, str) for name in data.get(self.columns.id, ()))
        if self.id is not None and self.columns.id in data and (text or self.id != nw.String):  # objects: dates, say
            frame = frame.with_columns(nw.col(self.columns.id).cast(self.id))
        for name in written:
            if name in data and self.time not in (nw.String, nw.Object) and _holds(self.time, data[name]):
                frame = frame.with_columns(as_time_type(nw.col(name), self.time))
        return frame.to_native()

    def _written(self, times: Any) -> Any:
        """Write times as they were given; text of model files before 0.1 as ISO 8601."""
        times = np.asarray(times)
        if self.form.kind != "native":
            return self.form.write(times)
        if self.time == nw.String and times.dtype.kind == "M":
            return [show_time(value).replace("T", " ") for value in times]
        if isinstance(self.time, nw.Datetime) and times.dtype.kind == "M":
            return times.astype(f"datetime64[{self.time.time_unit}]")  # a median step may be finer than the column
        return times

    @property
    def counts_steps(self) -> bool:
        """Whether the time column counts steps instead of naming dates."""
        return self.form.counts or (self.form.kind == "native" and self.time.is_integer())

    def to_json(self) -> dict[str, Any]:
        """Describe the kind for a model file."""
        types = {"id": self.id and dtype_to_json(self.id), "time": dtype_to_json(self.time)}
        chosen: dict[str, Any] = {} if self.missing == "error" else {"missing": self.missing}
        chosen |= {} if self.form == NATIVE else {"form": self.form.to_json()}
        chosen |= self.rhythms.to_json()
        return {"backend": self.backend, "columns": self.columns.to_json(), **types, **chosen}

    @classmethod
    def from_json(cls, kind: dict[str, Any]) -> FrameKind:
        """Read the kind back; where its library is not installed, pandas stands in."""
        backend = kind["backend"]
        if backend not in ("pandas", "polars", "pyarrow") or not find_spec(backend):
            backend = "pandas"
        types = None if kind["id"] is None else dtype_from_json(kind["id"]), dtype_from_json(kind["time"])
        missing, form = kind.get("missing", "error"), Form.from_json(kind.get("form", []))
        missing = MISSING_BEFORE.get(missing, missing)
        if missing not in MISSING or not (types[1] == nw.String or types[1].is_temporal() or types[1].is_numeric()):
            raise ValueError(f"missing={missing!r} or times of the type {types[1]} are unknown")
        if form.zone:
            known_zone(form.zone)
        return cls(backend, Columns(**kind["columns"]), *types, missing, form, Rhythms.from_json(kind))


@checked_types("columns", "like")
def read_panel(
    frame: Any,
    columns: Columns | None = None,
    missing: str = "error",
    like: FrameKind | None = None,
    fitted: Iterable[Hashable] = (),
    calendar: str | None = None,
) -> tuple[Panel, FrameKind]:
    """Read a long frame into a panel, or say what is wrong with it.

    Parameters
    ----------
    frame
        A pandas, polars or pyarrow frame with one row per series and time.
    columns
        Names of its columns; the defaults are ``unique_id``, ``ds``, ``y``, and no covariates. A frame without the
        default id column holds a single series.
    missing
        Where values or rows are missing: ``error`` refuses them, ``ffill`` carries the last value of the series forward
        (see :mod:`penstock.data.missing`), ``indicator`` does so and marks the panel, for models that read it.
    like
        How an earlier frame of the same columns was made: it decides where this one leaves open how dates are written
        and how they go on.
    fitted
        Names of the series of that frame.
    calendar
        The exchange whose trading days the rows hold, such as ``NYSE``; None: that of `like`, if any.

    Raises
    ------
    DataError
        For a missing column, an empty frame, text where numbers belong, a value that is infinite or (with ``error``)
        missing, rows that are missing in a regular series, a static covariate that changes, or timestamps that are
        missing, unsorted or double.

    Examples
    --------
    >>> import pandas as pd
    >>> panel, _ = read_panel(pd.DataFrame({"ds": [1, 2, 3], "y": [5.0, 6.0, 7.0]}))
    >>> panel.y.tolist(), len(panel)
    ([5.0, 6.0, 7.0], 1)
    >>> gaps = pd.DataFrame({"ds": [1, 2, 3], "y": [5.0, None, 7.0], "rate": [None, 1.0, 2.0]})
    >>> panel, _ = read_panel(gaps, Columns(past="rate"), missing="ffill")  # row 0 has no rate before it: dropped
    >>> panel.times.tolist(), panel.y.tolist(), panel.filled.tolist()
    ([2, 3], [5.0, 7.0], [True, False])
    """
    columns = columns or Columns()
    checked_choice("missing", missing, MISSING)
    if not isinstance(calendar, (str, type(None))) or calendar:
        require_exchange(calendar)
    table = as_table(frame, columns)
    for name in (columns.time, *(name for _, name in columns.numbers), *columns.static):
        require_column(table, name, frame)
    has_id = columns.id in table.columns
    if not has_id and columns.id != Columns().id:
        require_column(table, columns.id, frame)
    if len(table) == 0:
        raise DataError(f"the frame is empty: it has the columns {table.columns} and no rows; at least 2 are needed.")
    times, form = read_times(table[columns.time], like.form if like else NATIVE)
    dtype = time_type(table[columns.time])
    given = getattr(table.to_native(), "attrs", {}).get(FORM)
    if isinstance(given, Form) and form == NATIVE and times.dtype.kind == "M":
        form, dtype = given, nw.String()  # an option said how its text is read: answers are written alike
    order, offsets, ids = group(table[columns.id] if has_id else None, len(table))
    order = newest_last(order, offsets, times, columns)
    values = np.column_stack([numbers(table[name], role, table) for role, name in columns.numbers])[order]
    cut = 1 + len(columns.past)
    panel = Panel(values[:, 0].copy(), times[order], offsets, ids, past=values[:, 1:cut], known=values[:, cut:])
    panel = replace(panel, static=static_values(table, columns.static, panel, order))
    kind = FrameKind(
        backend=table.implementation.value,
        columns=columns,
        id=table[columns.id].dtype if has_id else None,
        time=dtype,
        missing=missing,
        form=form,
    )
    require_order(panel, columns, table, later=like is not None)
    if like is not None and like.counts_steps != kind.counts_steps:
        ours, theirs = ("counts", "dates") if kind.counts_steps else ("dates", "counts")
        raise DataError(f"the time column {columns.time!r} holds {ours}, that of the fit {theirs}; give both alike.")
    if like is not None and (like.zone is None) != (kind.zone is None):
        raise DataError(
            f"the time column {columns.time!r} has {_zone(kind)}, that of the training rows {_zone(like)}; give both "
            f"the same: frame[{columns.time!r}] = frame[{columns.time!r}].dt.tz_localize({like.zone!r})."
        )
    say_names(ids, tuple(fitted), columns)
    known = None if like is None else like.rhythms
    kind = replace(kind, rhythms=Rhythms.read(panel, kind.on_clock, known, fitted, calendar or ""))
    if missing == "error":
        refuse_missing(panel, columns, kind.missing_rows(panel))
        return panel, kind
    refuse_infinite(panel, columns)
    filled = fill_forward(panel, columns, kind.missing_rows(panel), kind.times_after)
    return replace(filled, masked=missing == "indicator"), kind


def say_names(ids: tuple[Hashable, ...], fitted: tuple[Hashable, ...], columns: Columns) -> None:
    """Say that a series is taken for the only one that was fitted, where one of the two has no name."""
    if len(ids) != 1 or len(fitted) != 1 or ids == fitted or None not in (*ids, *fitted):
        return
    if ids[0] is None:
        note(f"the rows have no column {columns.id!r}; they are taken for {fitted[0]!r}, the only series of the fit.")
    else:
        note(f"the fit had one series without a name; the rows of {ids[0]!r} are taken for it.")


def _plain(values: Any) -> Any:
    return list(values) if isinstance(values, (list, tuple)) else np.asarray(values)


def _zone(kind: FrameKind) -> str:
    return f"the time zone {kind.zone}" if kind.zone else "no time zone"


def _holds(dtype: nw.dtypes.DType, times: Any) -> bool:
    """Whether a type of whole numbers holds these counts: after 127 comes 128, whatever the type of the column."""
    if not dtype.is_integer() or not isinstance(times, np.ndarray) or times.dtype.kind not in "iu":
        return True
    bounds = np.iinfo(str(dtype).lower())
    return bool(bounds.min <= times.min(initial=0) and times.max(initial=0) <= bounds.max)
