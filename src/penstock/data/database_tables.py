"""Frames written into a table of a database: whole or not at all, and over nothing unless that is asked for."""

from __future__ import annotations

import datetime
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.data.database_urls import connected, is_url, without_password
from penstock.errors import OptionError, WriteError
from penstock.extras import library

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["IF_EXISTS", "require_no_table", "write_table"]

IF_EXISTS = ("fail", "replace", "append")
"""What is done where the table is there already."""


def require_no_table(place: str, table: str) -> None:
    """Refuse a table that is there already, before hours of work go into what it should hold.

    Parameters
    ----------
    place
        An SQLite or DuckDB file, or the URL of a database.
    table
        Name of the table.

    Raises
    ------
    OptionError
        Where the database holds it.
    """
    if is_url(place):
        with connected(place) as connection:
            found = table in _tables_behind(connection)
    elif not Path(place).exists():
        return
    elif _is_duckdb(place):
        duckdb: Any = library("duckdb", "duckdb", "a DuckDB file")
        with _told(place, duckdb.Error), closing(duckdb.connect(place, read_only=True)) as database:
            names = database.execute("SELECT table_name FROM information_schema.tables").fetchall()
            found = (table,) in names
    else:
        with _told(place, sqlite3.Error), closing(sqlite3.connect(place)) as database:
            names = database.execute("SELECT name FROM sqlite_master").fetchall()
            found = (table,) in names
    if found:
        raise OptionError(
            f"{without_password(place)!r} holds a table {table!r} already; say what becomes of it: --if-exists "
            "replace or append."
        )


def write_table(frame: pd.DataFrame, place: str, table: str, if_exists: str = "fail") -> None:
    """Write the rows of a frame into a table, in one transaction.

    Parameters
    ----------
    frame
        The rows.
    place
        An SQLite or DuckDB file (made where it is not there), or the URL of a database.
    table
        Name of the table.
    if_exists
        Where the table is there: ``fail`` refuses, ``replace`` drops it, ``append`` puts the rows behind its own, which
        need the same columns.

    Raises
    ------
    OptionError
        Where the table is there and `if_exists` is ``fail``.
    WriteError
        Where the database refuses the rows; it is then as it was.
    """
    if if_exists == "fail":
        require_no_table(place, table)
    if is_url(place):
        _write_url(frame, place, table, if_exists)
    elif _is_duckdb(place):
        _write_duckdb(frame, place, table, if_exists)
    else:
        _write_sqlite(frame, place, table, if_exists)


def _write_url(frame: pd.DataFrame, url: str, table: str, if_exists: str) -> None:
    arrow: Any = library("pyarrow", "db", "a database behind a URL")
    mode = {"fail": "create", "replace": "replace", "append": "create_append"}[if_exists]
    with connected(url) as connection:
        with connection.cursor() as cursor:
            cursor.adbc_ingest(table, arrow.Table.from_pandas(frame, preserve_index=False), mode=mode)
        connection.commit()


def _tables_behind(connection: Any) -> set[str]:
    found = connection.adbc_get_objects(depth="tables").read_all().to_pylist()
    return {
        each["table_name"]
        for catalog in found
        for schema in catalog["catalog_db_schemas"] or ()
        for each in schema["db_schema_tables"] or ()
    }


def _write_duckdb(frame: pd.DataFrame, place: str, table: str, if_exists: str) -> None:
    duckdb: Any = library("duckdb", "duckdb", "a DuckDB file")
    new = not Path(place).exists()
    name = _quoted(table)
    try:
        with _told(place, duckdb.Error), closing(duckdb.connect(place)) as database:
            database.register("penstock_rows", frame)
            database.execute("BEGIN")
            if if_exists == "replace":
                database.execute(f"DROP TABLE IF EXISTS {name}")
            held = database.execute("SELECT table_name FROM information_schema.tables").fetchall()
            if (table,) in held:
                database.execute(f"INSERT INTO {name} BY NAME SELECT * FROM penstock_rows")  # noqa: S608 - quoted
            else:
                database.execute(f"CREATE TABLE {name} AS SELECT * FROM penstock_rows")  # noqa: S608 - quoted
            database.execute("COMMIT")
    except WriteError:
        if new:
            Path(place).unlink(missing_ok=True)
        raise


def _write_sqlite(frame: pd.DataFrame, place: str, table: str, if_exists: str) -> None:
    new = not Path(place).exists()
    name, columns = _quoted(table), [_quoted(str(each)) for each in frame.columns]
    kinds = ["REAL" if kind.kind == "f" else "INTEGER" if kind.kind in "iub" else "TEXT" for kind in frame.dtypes]
    declared = ", ".join(f"{column} {kind}" for column, kind in zip(columns, kinds, strict=True))
    rows = [tuple(map(_stored, row)) for row in frame.itertuples(index=False, name=None)]
    try:
        with _told(place, sqlite3.Error), closing(sqlite3.connect(place, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            if if_exists == "replace":
                database.execute(f"DROP TABLE IF EXISTS {name}")
            database.execute(f"CREATE TABLE {'IF NOT EXISTS ' if if_exists == 'append' else ''}{name} ({declared})")
            marks = ", ".join("?" * len(columns))
            database.executemany(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608
            database.execute("COMMIT")
    except WriteError:
        if new:
            Path(place).unlink(missing_ok=True)
        raise


def _stored(value: Any) -> Any:
    """Return a cell as SQLite holds it: times as ISO 8601 text, NaN as NULL."""
    if value is None or value != value:
        return None
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ") if value.time() != datetime.time() or value.tzinfo else value.date().isoformat()
    return value.item() if hasattr(value, "item") else value if isinstance(value, (int, float, str)) else str(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _is_duckdb(place: str) -> bool:
    return Path(place).suffix.lower() == ".duckdb"


class _told:  # noqa: N801 - used as a function
    """Say errors of a database as ours; it undoes what was not committed."""

    def __init__(self, place: str, error: type[Exception]) -> None:
        self._place, self._error = place, error

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, self._error):
            raise WriteError(f"{self._place!r} cannot be written: {str(error).splitlines()[0]}.") from error
