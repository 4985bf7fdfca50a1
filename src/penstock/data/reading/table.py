"""A native frame as a table of whole columns, and the order of its rows."""

from __future__ import annotations

import itertools
import os
import re
from collections import Counter
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from narwhals.exceptions import DuplicateError
from numpy.typing import NDArray

from penstock.data.columns import Columns
from penstock.data.panel import Panel
from penstock.data.reading.native import as_frame, several_levels
from penstock.data.reading.notes import note
from penstock.data.times import show_time
from penstock.errors import DataError, nearest

__all__ = ["as_table", "newest_last", "require_column", "require_order", "with_target"]


def as_table(frame: Any, columns: Columns | None = None) -> nw.DataFrame[Any]:
    """Read a native frame, a pandas series or a one-dimensional array as a table of columns with names of their own.

    What `columns` names is looked for in the index of a pandas frame too.
    """
    try:
        table = nw.from_native(as_frame(frame, columns or Columns()))
    except DuplicateError as error:
        raise _twice([str(name) for name in getattr(frame, "column_names", frame.columns)]) from error
    except TypeError as error:
        raise DataError(
            f"a {type(frame).__name__} was given; a pandas, polars or pyarrow frame with a time and a target column is "
            f"needed, for example {_as_frame(frame)}."
        ) from error
    if isinstance(table, nw.LazyFrame):
        raise DataError("a lazy frame was given; collect it first: frame.collect().")
    if len(set(table.columns)) < len(table.columns):  # pyarrow lets them pass
        raise _twice(table.columns)
    return _with_days(table)


def _with_days(table: nw.DataFrame[Any]) -> nw.DataFrame[Any]:
    """Read Arrow's dates that are counted in milliseconds (date64), which narwhals does not know, as dates."""
    if not table.implementation.is_pyarrow():
        return table
    native = table.to_native()
    for place, field in enumerate(native.schema):
        if str(field.type) == "date64[ms]":
            native = native.set_column(place, field.name, native.column(place).cast("date32"))
    return nw.from_native(native, eager_only=True)


def _twice(names: list[str]) -> DataError:
    name, count = Counter(names).most_common(1)[0]
    return DataError(f"the frame has {count} columns of one name, {name!r}; rename or drop all but one.")


def _as_frame(given: Any) -> str:
    """Return the line of Python that makes a frame of what was given, as far as it can be told."""
    if isinstance(given, (str, os.PathLike)):
        return f"frame = pandas.read_csv({str(given)[:80]!r})"
    if isinstance(given, dict) or (isinstance(given, list) and given and all(isinstance(row, dict) for row in given)):
        return "frame = pandas.DataFrame(frame)"
    if type(given).__name__ == "RecordBatch":
        return "frame = pyarrow.Table.from_batches([frame])"
    if type(given).__name__ == "Shards":
        return "one of the files, or a sample of their series: frame = pandas.read_parquet(shards.files[0])"
    if type(given).__name__ == "DuckDBPyRelation":
        return "frame = frame.df()"
    return "pandas.DataFrame({'ds': dates, 'y': values})"


def with_target(frame: Any, y: Any, name: str) -> Any:
    """Put values of the target, one a row, into a native frame; None leaves it as it is.

    Raises
    ------
    DataError
        Where their number is not that of the rows, or the frame holds other values under that name.
    """
    if y is None:
        return frame
    table = as_table(frame, Columns(target=name))
    values = np.asarray(y)
    values = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if values.shape != (len(table),):
        raise DataError(f"y has the shape {values.shape}; allowed: one value for each of the {len(table)} rows.")
    if name not in table.columns:
        series = nw.new_series(name, values.tolist(), backend=table.implementation)
        return table.with_columns(series.alias(name)).to_native()
    held = table[name].to_numpy()
    if not ((held == values) | ((held != held) & (values != values))).all():
        raise DataError(f"y has other values than the column {name!r} of the frame; give one of the two.")
    return frame


def require_column(table: nw.DataFrame[Any], name: str, frame: Any) -> None:
    """Refuse a frame without this column, and name the nearest."""
    if name in table.columns:
        return
    if not table.columns:
        raise DataError(
            f"the frame has no columns at all; it needs {name!r}, for example DataFrame({{'ds': dates, 'y': values}})."
        )
    if levels := several_levels(frame, name):
        raise DataError(levels)
    wide = ""
    others = [each for each, kind in table.schema.items() if each != Columns().time and kind.is_numeric()]
    if name == Columns().target and Columns().time in table.columns and len(others) > 1:
        wide = (
            " If each column is a series: frame.melt('ds', var_name='unique_id', value_name='y'), or --wide on the "
            "command line."
        )
    raise DataError(f"the frame has no column {name!r}; {nearest(name, table.columns)}{wide}")


def newest_last(
    order: NDArray[np.int64], offsets: NDArray[np.int64], times: NDArray[Any], columns: Columns
) -> NDArray[np.int64]:
    """Turn rows round that stand newest first in every series, as many sites give them; others stay as they are."""
    step = np.diff(times[order].astype(np.int64))
    inside = np.ones(len(step), dtype=bool)
    inside[offsets[1:-1] - 1] = False
    if not inside.any() or not (step[inside] < 0).all():
        return order
    note(f"the rows stand newest first; they are read from the last to the first by {columns.time!r}.")
    turned = [order[start:end][::-1] for start, end in itertools.pairwise(offsets)]
    return np.concatenate(turned)


def require_order(
    panel: Panel, columns: Columns, table: nw.DataFrame[Any] | None = None, *, later: bool = False
) -> None:
    """Refuse timestamps that come twice or go back within a series; `table` may show which column names the series.

    Where rows are later ones of a fitted model, its fit has said whether a column does.
    """
    step = np.diff(panel.times.astype(np.int64))  # nanoseconds, or counted steps
    inside = np.ones(len(step), dtype=bool)
    inside[panel.offsets[1:-1] - 1] = False
    twice, back = (step == 0) & inside, (step < 0) & inside
    for wrong, what in ((twice, "twice"), (back, "after a later one")):
        if wrong.any():
            mend = _join_the_clock(table, columns) or _name_the_series(table, columns, later)
            if not mend:
                mend = (
                    "keep one row a time, or name the column of the series: id=NAME"
                    if what == "twice"
                    else f"sort them: frame = frame.sort_values({columns.time!r}), or --sort on the command line"
                )
            row = int(wrong.argmax()) + 1
            count = int(wrong.sum())
            times = f"{count:,} timestamps that come" if count > 1 else "1 timestamp that comes"
            raise DataError(
                f"the time column {columns.time!r} has {times} {what}, the first "
                f"{show_time(panel.times[row])} in {panel.place(row)}; {mend}."
            )


def _join_the_clock(table: nw.DataFrame[Any] | None, columns: Columns) -> str:
    """Say how the day and the time of day become one column, where another one holds times of day; else empty."""
    if table is None or not table.implementation.is_pandas() or table[columns.time].dtype != nw.String:
        return ""
    for name in table.columns:
        cells = table[name].to_list() if table[name].dtype == nw.String and name != columns.time else []
        if cells and all(isinstance(cell, str) and _CLOCK.fullmatch(cell.strip()) for cell in cells):
            joined = f"frame[{columns.time!r}] + ' ' + frame[{name!r}]"
            return f"the column {name!r} holds times of day; join the two: frame[{columns.time!r}] = {joined}"
    return ""


_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?")


def _name_the_series(table: nw.DataFrame[Any] | None, columns: Columns, later: bool) -> str:
    """Say which column seems to name the series: one of text that has each time once; empty where none does."""
    if table is None or columns.id in table.columns:
        return ""
    named = [role for _, role in columns.numbers]
    for name in table.columns:
        texts = table[name].dtype in (nw.String, nw.Object, nw.Categorical, nw.Enum)
        if name == columns.time or name in named or not texts or not 1 < table[name].n_unique() < len(table) / 2:
            continue
        if len(table.select(name, columns.time).unique()) == len(table):
            seems = f"the column {name!r} seems to name the series"
            if later:
                return f"{seems}, but the fit had one without a name; give the rows of that one, or fit again on all"
            return f"{seems}: id={name!r}, or --id {name!r} on the command line"
    return ""
