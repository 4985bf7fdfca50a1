"""Tables of databases that are files: SQLite by the standard library, DuckDB by an extra."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.data.reading.notes import note
from penstock.errors import DataError, named
from penstock.extras import library

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DATABASES", "read_query"]

DATABASES = (".sqlite", ".sqlite3", ".db", ".duckdb")
"""Ends of names of databases."""

_ALL = "SELECT * FROM"


def read_query(path: Path, sql: str = "") -> pd.DataFrame:
    """Read the rows of a query; the database is opened for reading alone.

    Parameters
    ----------
    path
        The database.
    sql
        The query; empty: all rows of the only table.

    Returns
    -------
    Its rows.

    Raises
    ------
    DataError
        Where the file is no database, holds several tables and no query is given, or the query fails.
    OptionError
        Where DuckDB is not installed.
    """
    kind = "DuckDB" if path.suffix.lower() == ".duckdb" else "SQLite"
    connect: Callable[[], Any]
    faults: tuple[type[Exception], ...]
    if kind == "DuckDB":
        duckdb: Any = library("duckdb", "duckdb", "a DuckDB file")
        faults, connect = (duckdb.Error,), partial(duckdb.connect, str(path), read_only=True)
        tables = "SELECT table_name FROM information_schema.tables ORDER BY 1"
    else:
        faults = sqlite3.Error, sqlite3.Warning
        connect = partial(sqlite3.connect, f"{path.absolute().as_uri()}?mode=ro", uri=True)
        tables = (
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY 1"
        )
    try:
        with closing(connect()) as connection:
            return _rows(
                connection, sql or _only_table(path, [name for (name,) in connection.execute(tables).fetchall()])
            )
    except faults as error:
        what = f"the query {sql!r} fails in {path.name!r}" if sql else f"{str(path)!r} cannot be read as {kind}"
        raise DataError(f"{what}: {str(error).splitlines()[0]}.") from error


def _only_table(path: Path, tables: list[str]) -> str:
    if len(tables) != 1:
        held = f"the tables {named(tables)}" if tables else "no table"
        example = (tables or ["prices"])[0]
        raise DataError(f"{path.name!r} holds {held}; say which rows are wanted: --sql '{_ALL} \"{example}\"'.")
    note(f"{path.name}: all rows of {tables[0]!r}, its only table.")
    quoted = tables[0].replace('"', '""')
    return f'{_ALL} "{quoted}"'


def _rows(connection: Any, sql: str) -> pd.DataFrame:
    import pandas as pd

    found = connection.execute(sql)
    if found.description is None:
        raise DataError(f"the query {sql!r} gives no rows; give a SELECT.")
    names = [each[0] for each in found.description]
    return pd.DataFrame.from_records(found.fetchall(), columns=names)
