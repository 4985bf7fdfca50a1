"""A user's own file: read, its columns found or asked for, its times and numbers read as its options say."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np

from penstock.data.columns import Columns
from penstock.data.database_urls import is_url
from penstock.data.reading.cells import is_date
from penstock.data.reading.form import FORM
from penstock.data.reading.native import several_levels
from penstock.data.reading.notes import note
from penstock.data.reading.table import require_column
from penstock.data.reading.values import number_columns, text_numbers
from penstock.data.tables import read_table
from penstock.data.times import looks_dated, read_times, time_type
from penstock.errors import DataError, OptionError, named

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["newest_times", "read_own_file", "read_rows_ahead"]


def read_own_file(
    path: str | Path,
    *,
    id: str = "unique_id",
    time: str | None = None,
    target: str | None = None,
    past: tuple[str, ...] = (),
    known: tuple[str, ...] = (),
    static: tuple[str, ...] = (),
    dayfirst: bool | None = None,
    zone: str | None = None,
    usual_zone: str | None = None,
    decimal: str = "",
    wide: bool = False,
    sort: bool = False,
    sql: str = "",
) -> tuple[pd.DataFrame, Columns]:
    """Read a file into a long frame, and tell which column is what.

    Parameters
    ----------
    path
        Text table, Parquet, Arrow or database.
    id, past, known, static
        Columns, as in ``fit``.
    time, target
        Columns; None: ``ds`` and ``y`` if they are there, else the only column of dates, and the only one of numbers.
    dayfirst
        Whether days come before months in dates; None: where only one reading is possible.
    zone
        Time zone on whose clock times are counted, such as ``America/New_York``.
    usual_zone
        Zone of earlier rows, taken where the times name none and `zone` is left out.
    decimal
        The decimal mark, ``"."`` or ``","``; empty: where only one reading is possible.
    wide
        Whether each column of numbers is a series.
    sort
        Whether to sort the rows by time first.
    sql
        Query whose rows are read, of a database.

    Raises
    ------
    DataError
        Where the file or a column cannot be used.
    OptionError
        Where columns are not named and cannot be told, or an option is unknown.
    """
    _check_decimal(decimal)
    if wide and target is not None:
        raise OptionError("--wide reads every column of numbers as a series; leave --target out.")
    table = read_table(path, text={id, time or Columns().time, *static}, sql=sql)
    name = "the answer of the query" if is_url(str(path)) else Path(path).name
    if not len(table):
        raise DataError(f"{name} has a line of names ({named(table.columns, 6)}) and no rows below it.")
    time = _time(table, time, name)
    name_column = id
    if wide:
        table, name_column, target = _long(table, time, decimal)
    target = _target(table, target, Columns(name_column, time, target or Columns().target, past, known, static), name)
    columns = Columns(name_column, time, target, past, known, static)
    _read_cells(table, columns.time, columns.numbers, dayfirst, zone, usual_zone, decimal)
    return (_sorted(table, time) if sort else table), columns


def read_rows_ahead(
    path: str | Path,
    columns: Columns,
    *,
    dayfirst: bool | None = None,
    zone: str | None = None,
    usual_zone: str | None = None,
    decimal: str = "",
    sort: bool = False,
) -> pd.DataFrame:
    """Read the rows ahead, with their known covariates, by the same options as :func:`read_own_file`.

    Parameters
    ----------
    path
        Text table or Parquet.
    columns
        Those of the fit; a target in the file is not looked at.
    dayfirst, zone, usual_zone, decimal, sort
        As in :func:`read_own_file`.
    """
    _check_decimal(decimal)
    table = read_table(path, text={columns.id, columns.time})
    require_column(nw.from_native(table), columns.time, table)
    if len(table):
        known = [(role, name) for role, name in columns.numbers if role == "known"]
        _read_cells(table, columns.time, known, dayfirst, zone, usual_zone, decimal)
    return _sorted(table, columns.time) if sort else table


def _check_decimal(decimal: str) -> None:
    if decimal not in ("", ".", ","):
        raise OptionError(f"--decimal {decimal!r} is unknown; allowed: '.' and ','.")


def _read_cells(
    table: pd.DataFrame, time: str, columns: Iterable[tuple[str, str]], dayfirst: bool | None, zone: str | None,
    usual_zone: str | None, decimal: str,
) -> None:  # fmt: skip
    """Read numbers by the decimal mark, and times by the order of their parts and their zone, in place."""
    if decimal:
        for role, column in columns:
            require_column(nw.from_native(table), column, table)
            if not nw.from_native(table)[column].dtype.is_numeric():
                values = text_numbers(
                    table[column].astype(object).where(table[column].notna(), None).tolist(), column, role, mark=decimal
                )
                table[column] = values
    if zone is None and usual_zone is not None and _without_zone(table, time, dayfirst):
        note(f"the time column {time!r} names no zone; its times are read on the clock of the fit, {usual_zone}.")
        zone = usual_zone
    if dayfirst is not None or zone is not None:
        table[time] = _on_clock(table, time, dayfirst, zone)


def _without_zone(table: pd.DataFrame, time: str, dayfirst: bool | None) -> bool:
    column = nw.from_native(table)[time]
    times, form = read_times(column, dayfirst=dayfirst)
    return times.dtype.kind == "M" and not form.zone and getattr(time_type(column), "time_zone", None) is None


def _sorted(table: pd.DataFrame, time: str) -> pd.DataFrame:
    times, _ = read_times(nw.from_native(table)[time])
    return table.iloc[np.argsort(times, kind="stable")].reset_index(drop=True)


def _time(table: pd.DataFrame, given: str | None, name: str) -> str:
    """Find the column of times: the default one, or the only one that holds dates."""
    if given is not None:
        require_column(nw.from_native(table), given, table)
        return given
    if Columns().time in table.columns:
        return Columns().time
    dated = [str(column) for column in table.columns if looks_dated(nw.from_native(table)[column])]
    if len(dated) == 1:
        note(f"the times are in the column {dated[0]!r}, the only one of dates.")
        return dated[0]
    if dated:
        raise OptionError(f"{name} has several columns of dates: {named(dated)}; name one: --time {dated[0]!r}.")
    if len(table.columns) == 1:
        raise OptionError(f"{name} has one column, {str(table.columns[0])[:60]!r}; {_SEPARATED}")
    if sum(map(is_date, map(str, table.columns))) > len(table.columns) / 2:
        raise OptionError(
            f"{name} has its dates in the line of names, a row a series; turn it, and read it with --wide: "
            f"pandas.read_csv({name!r}, index_col=0).T.rename_axis('ds').to_csv('new.csv')"
        )
    raise OptionError(
        f"{name} has no column 'ds' and none that holds dates; name the column of the times: --time NAME. Its columns: "
        f"{named(table.columns)}."
    )


_SEPARATED = "its fields are to be separated by ',', ';', a tab or '|'."


def _target(table: pd.DataFrame, given: str | None, columns: Columns, name: str) -> str:
    """Find the target: the default one, or the only column of numbers."""
    if given is not None:
        if given not in table.columns and (levels := several_levels(table, given)):
            raise DataError(levels)
        require_column(nw.from_native(table), given, table)
        return given
    if Columns().target in table.columns:
        return Columns().target
    others = (columns.id, columns.time, *columns.past, *columns.known, *columns.static)
    found = number_columns(nw.from_native(table), others)
    if len(found) == 1:
        note(f"the target is the column {found[0]!r}, the only one of numbers.")
        return found[0]
    if found:
        raise OptionError(
            f"{name} has several columns of numbers: {named(found)}; name the one to forecast: --target {found[0]!r}."
        )
    alone = f" I{_SEPARATED[1:]}" if len(table.columns) == 1 else ""
    raise OptionError(f"{name} has no column of numbers to forecast; its columns: {named(table.columns)}.{alone}")


def _long(table: pd.DataFrame, time: str, decimal: str) -> tuple[pd.DataFrame, str, str]:
    """Turn a column a series into a row a series and time; cells that hold nothing at the ends are left out."""
    import pandas as pd

    series = list(number_columns(nw.from_native(table), (time,)))
    if not series:
        raise DataError(
            f"--wide: no column but {time!r} holds numbers ({named([c for c in table.columns if c != time], 6)}); give "
            "a column of numbers for each series."
        )
    left = [str(column) for column in table.columns if column not in (*series, time)]
    if left:
        note(f"columns that hold no numbers are left out: {named(left)}.")
    empty = [column for column in series if table[column].isna().all()]
    if empty:
        series = [column for column in series if column not in empty]
        if not series:
            raise DataError(f"--wide: no column but {time!r} holds a value ({named(empty, 6)}); give numbers in one.")
        note(f"columns that hold no value are left out: {named(empty)}.")
    parts = []
    for column in series:
        cells = table[column]
        if not nw.from_native(table)[column].dtype.is_numeric():
            listed = cells.astype(object).where(cells.notna(), None).tolist()
            cells = pd.Series(text_numbers(listed, column, "series", nw.from_native(table), decimal), index=cells.index)
        there = np.flatnonzero(cells.notna().to_numpy())
        if not len(there):
            raise DataError(f"the column {column!r} holds no value at all; leave it out.")
        rows = slice(int(there[0]), int(there[-1]) + 1)
        part = pd.DataFrame({"unique_id": column, time: table[time].iloc[rows], "y": cells.iloc[rows].astype(float)})
        parts.append(part)
    read = f"{len(series):,} columns are read as a series each" if len(series) > 1 else "one column is read as a series"
    note(f"{read}: {named(series, 6)}.")
    return pd.concat(parts, ignore_index=True), "unique_id", "y"


def _on_clock(table: pd.DataFrame, time: str, dayfirst: bool | None, zone: str | None) -> Any:
    """Read the times by the options, and put them on the clock of the zone."""
    import pandas as pd

    if zone is None:
        times, form = read_times(nw.from_native(table)[time], dayfirst=dayfirst)
        if form.kind == "text":
            table.attrs[FORM] = form
        if form.zone:
            return pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(form.zone)
        return times
    try:
        pd.Timestamp(0, tz=zone)
    except Exception:
        raise OptionError(f"--zone {zone!r} is unknown; allowed: names such as Europe/Zurich or UTC.") from None
    cells = table[time]
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return cells.dt.tz_convert(zone) if cells.dt.tz is not None else cells.dt.tz_localize(zone)
    parsed = pd.to_datetime(cells, format="ISO8601", utc=True, errors="coerce")
    if parsed.notna().all() and cells.astype(str).str.contains(r"\d{2}:\d{2}.*(?:Z|UTC|[+-]\d{2}:?\d{2})$").all():
        return parsed.dt.tz_convert(zone)
    times, form = read_times(nw.from_native(table)[time], dayfirst=dayfirst)
    if form.counts or times.dtype.kind != "M":
        raise OptionError(f"--zone {zone!r}: the column {time!r} counts steps, which have no time zone; leave it out.")
    index = pd.DatetimeIndex(times)
    if form.zone:
        return index.tz_localize("UTC").tz_convert(zone)
    try:
        return index.tz_localize(zone)
    except ValueError as error:
        raise DataError(
            f"the time column {time!r} holds times that come twice or never on the clock of {zone!r} ({error}); leave "
            "--zone out."
        ) from None


def newest_times(table: pd.DataFrame, columns: Columns, count: int) -> Any:
    """Tell which rows stand at the `count` newest times of all series together, ``[rows]``."""
    times, _ = read_times(nw.from_native(table)[columns.time])
    return times >= np.unique(times)[-count:][0]
