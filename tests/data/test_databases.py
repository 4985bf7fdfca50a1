"""Rows of SQLite and DuckDB files: by a query, or of the only table; faults are told in words."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from penstock.data.own_file import read_own_file
from penstock.data.tables import read_table
from penstock.errors import DataError, DataWarning, OptionError

FRAME = pd.DataFrame({"ds": ["2020-01-01", "2020-01-02", "2020-01-03"], "y": [1.0, None, 3.0]})


def sqlite(path: Path, *tables: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        for table in tables:
            FRAME.to_sql(table, connection, index=False)
    return path


def test_a_query_of_sqlite(tmp_path: Path) -> None:
    two = sqlite(tmp_path / "market.db", "bonds", "stocks")
    table, columns = read_own_file(two, sql="SELECT ds, y AS Close FROM stocks WHERE y > 0", target="Close")
    assert table["Close"].tolist() == [1.0, 3.0]
    assert (columns.time, columns.target) == ("ds", "Close")
    with pytest.raises(DataError, match=r"holds the tables 'bonds', 'stocks'; .* --sql 'SELECT \* FROM \"bonds\"'"):
        read_table(two)
    with pytest.raises(DataError, match="the query 'SELECT z FROM stocks' fails in 'market.db': no such column: z"):
        read_table(two, sql="SELECT z FROM stocks")
    with pytest.raises(DataError, match="attempt to write a readonly database"):
        read_table(two, sql="DROP TABLE stocks")
    only = sqlite(tmp_path / "one.sqlite", 'odd "name"')
    with pytest.warns(DataWarning, match="all rows of 'odd \"name\"', its only table"):
        pd.testing.assert_frame_equal(read_table(only), FRAME)
    (tmp_path / "no.db").write_text("ds,y")
    with pytest.raises(DataError, match="cannot be read as SQLite: file is not a database"):
        read_table(tmp_path / "no.db")
    (tmp_path / "a.csv").write_text("ds,y")
    with pytest.raises(OptionError, match="--sql asks a database, and 'a.csv' is none"):
        read_table(tmp_path / "a.csv", sql="SELECT 1")


def test_a_query_of_duckdb(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(str(tmp_path / "market.duckdb")) as connection:
        connection.execute("CREATE TABLE prices AS SELECT * FROM (VALUES (DATE '2020-01-01', 1.0::DOUBLE)) AS t(ds, y)")
    table = read_table(tmp_path / "market.duckdb", sql="SELECT ds, y FROM prices")
    assert table["y"].tolist() == [1.0]
    with pytest.raises(DataError, match="the query 'SELECT z FROM prices' fails"):
        read_table(tmp_path / "market.duckdb", sql="SELECT z FROM prices")
