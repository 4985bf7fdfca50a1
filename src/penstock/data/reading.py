"""Reading the columns of a native frame, each with its faults told in words."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from narwhals.exceptions import DuplicateError
from numpy.typing import NDArray

from penstock.data.columns import Columns
from penstock.data.panel import Panel
from penstock.data.times import show_time
from penstock.errors import DataError, nearest

__all__ = ["as_table", "group", "numbers", "require_column", "require_order"]


def as_table(frame: Any) -> nw.DataFrame[Any]:
    """Read a native frame as a table of whole columns with names of their own."""
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


def require_column(table: nw.DataFrame[Any], name: str, frame: Any) -> None:
    """Refuse a frame without this column, and name the nearest."""
    if name in table.columns:
        return
    if name in getattr(getattr(frame, "index", None), "names", ()):
        raise DataError(f"{name!r} is the frame's index, not a column; make it one: frame.reset_index().")
    raise DataError(f"the frame has no column {name!r}; {nearest(name, table.columns)}")


def numbers(series: nw.Series[Any], role: str = "target") -> NDArray[np.float64]:
    """Read a column of numbers (a covariate may also be True or False), missing values as NaN."""
    if not series.dtype.is_numeric() and (role == "target" or series.dtype != nw.Boolean):
        first = next((value for value in series.to_list() if value is not None), None)
        static = f"; name it in static={series.name!r} if it is the same in every row" if role != "target" else ""
        raise DataError(
            f"the {role} column {series.name!r} holds {series.dtype}, not numbers (first value: {first!r}); "
            f"turn it into numbers first, for example with pandas.to_numeric(frame[{series.name!r}]){static}."
        )
    return np.array(series.cast(nw.Float64()).to_numpy(), dtype=np.float64)


def group(ids: nw.Series[Any] | None, rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[Any, ...]]:
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


def require_order(panel: Panel, columns: Columns) -> None:
    """Refuse timestamps that come twice or go back within a series."""
    step = np.diff(panel.times.astype(np.int64))  # nanoseconds, or counted steps
    inside = np.ones(len(step), dtype=bool)
    inside[panel.offsets[1:-1] - 1] = False
    for wrong, what, mend in (
        ((step == 0) & inside, "twice", "keep one row a time, or name the series in the id column"),
        (
            (step < 0) & inside,
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
