"""Databases behind a URL, and tables written: SQLite through ADBC, a real PostgreSQL where one is installed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from penstock.data.database_tables import require_no_table, write_table
from penstock.data.database_urls import connected, read_url, without_password
from penstock.data.own_file import read_own_file
from penstock.errors import DataError, OptionError, WriteError

DAYS = pd.date_range("2024-01-01", periods=3, freq="D")
FRAME = pd.DataFrame({"unique_id": ["a", "a", "b"], "ds": DAYS, "yhat": [1.5, 2.5, float("nan")]})


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server of its own, on a socket; programs of PostgreSQL refuse to run as root."""
    pytest.importorskip("adbc_driver_postgresql", reason="pip install 'penstock[db]' brings the driver")
    found = [*Path("/usr/lib/postgresql").glob("*/bin"), *(Path(p) for p in os.environ["PATH"].split(os.pathsep))]
    programs = next((folder for folder in found if (folder / "initdb").exists()), None)
    if programs is None:
        pytest.skip("no PostgreSQL is installed here")
    folder = tmp_path_factory.mktemp("pg")
    as_user: list[str] = []
    if os.geteuid() == 0:
        if not shutil.which("runuser") or subprocess.run(["id", "postgres"], capture_output=True).returncode:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
        folder = Path(
            subprocess.run([*as_user, "mktemp", "-d"], capture_output=True, text=True, check=True).stdout[:-1]
        )
    base = folder / "data"
    run = {"capture_output": True, "check": True, "cwd": "/"}
    subprocess.run([*as_user, programs / "initdb", "-D", base, "-A", "trust", "-U", "me"], **run)  # type: ignore[call-overload]
    options = f"-k {folder} -c listen_addresses="
    start = [*as_user, programs / "pg_ctl", "-D", base, "-w", "-o", options, "-l", folder / "log", "start"]
    subprocess.run(start, stdout=subprocess.DEVNULL, check=True, cwd="/")
    try:
        yield f"postgresql:///postgres?host={folder}&user=me"
    finally:
        subprocess.run([*as_user, programs / "pg_ctl", "-D", base, "-m", "immediate", "stop"], **run)  # type: ignore[call-overload]
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("name", ["market.duckdb", "market.sqlite"])
def test_a_table_is_written_whole_and_over_nothing(tmp_path: Path, name: str) -> None:
    if name.endswith("duckdb"):
        pytest.importorskip("duckdb", reason="pip install 'penstock[duckdb]' brings it")
    place = str(tmp_path / name)
    require_no_table(place, "forecasts")
    assert not Path(place).exists()
    write_table(FRAME, place, "forecasts")
    table, columns = read_own_file(place, sql="SELECT * FROM forecasts WHERE yhat IS NOT NULL", target="yhat")
    assert table["yhat"].tolist() == [1.5, 2.5]
    assert columns.time == "ds"
    assert pd.to_datetime(table["ds"]).tolist() == DAYS[:2].tolist()
    with pytest.raises(OptionError, match="holds a table 'forecasts' already; .*--if-exists replace or append"):
        write_table(FRAME, place, "forecasts")
    write_table(FRAME, place, "forecasts", "append")
    assert len(read_own_file(place, sql="SELECT * FROM forecasts", target="yhat")[0]) == 6
    with pytest.raises(WriteError, match="cannot be written"):
        write_table(FRAME.assign(more=1), place, "forecasts", "append")
    assert len(read_own_file(place, sql="SELECT * FROM forecasts", target="yhat")[0]) == 6
    write_table(FRAME, place, "forecasts", "replace")
    write_table(FRAME, place, 'odd "name"')
    assert len(read_own_file(place, sql="SELECT * FROM forecasts", target="yhat")[0]) == 3


def test_sqlite_behind_a_url(tmp_path: Path) -> None:
    pytest.importorskip("adbc_driver_sqlite", reason="pip install 'penstock[db]' brings the driver")
    path = tmp_path / "market.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE prices (ds TEXT, y REAL)")
        database.executemany("INSERT INTO prices VALUES (?, ?)", [("2024-01-01", 1.0), ("2024-01-02", 2.5)])
        database.commit()
    url = f"sqlite:{path}"
    table, columns = read_own_file(url, sql="SELECT * FROM prices")
    assert table["y"].tolist() == [1.0, 2.5]
    assert columns.time == "ds"
    with pytest.raises(OptionError, match="needs a query"):
        read_url(url, "")
    with pytest.raises(DataError, match="no such column: z"):
        read_url(url, "SELECT z FROM prices")
    write_table(FRAME, url, "forecasts")
    with pytest.raises(OptionError, match="holds a table 'forecasts' already"):
        write_table(FRAME, url, "forecasts")
    write_table(FRAME[:1], url, "forecasts", "replace")
    assert read_url(url, "SELECT yhat FROM forecasts")["yhat"].tolist() == [1.5]


def test_passwords_are_not_shown() -> None:
    assert (
        without_password("postgresql://me:p@ss@host:5432/db?sslmode=off")
        == "postgresql://me:***@host:5432/db?sslmode=off"
    )
    assert without_password("postgresql:///db?host=/tmp&password=secret") == "postgresql:///db?host=/tmp&password=***"
    assert without_password("sqlite:market.db") == "sqlite:market.db"
    with pytest.raises(OptionError) as found:
        read_url("nosuch://me:secret@host/db", "SELECT 1")
    assert "secret" not in str(found.value)
    assert "penstock[db]" in str(found.value)


@pytest.mark.slow
def test_postgresql(postgres: str) -> None:
    with connected(postgres) as connection:
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE prices (shop TEXT, day DATE, at TIMESTAMPTZ, price NUMERIC(10, 2), units INT8, rate REAL)"
            )
            cursor.execute(
                "INSERT INTO prices SELECT s, d::date, d, 10.25 + extract(day from d), 5, 0.5 "
                "FROM unnest(ARRAY['a', 'b']) s, generate_series('2024-01-01'::timestamp, '2024-01-20', '1 day') d"
            )
        connection.commit()
    table, _ = read_own_file(
        postgres, sql="SELECT * FROM prices ORDER BY shop, day", id="shop", time="day", target="price"
    )
    assert table["price"][:3].tolist() == [11.25, 12.25, 13.25]
    assert len(table) == 40
    zoned = read_url(postgres, "SELECT at, rate FROM prices LIMIT 1")
    assert str(zoned["at"].dtype).endswith("UTC]")
    with pytest.raises(DataError, match="nosuch"):
        read_url(postgres, "SELECT * FROM nosuch")
    read_url(postgres, "INSERT INTO prices (shop) VALUES ('c') RETURNING shop")  # is undone
    assert read_url(postgres, "SELECT count(*) AS n FROM prices")["n"].tolist() == [40]
    write_table(FRAME, postgres, "forecasts")
    with pytest.raises(OptionError, match="holds a table 'forecasts' already"):
        write_table(FRAME, postgres, "forecasts")
    write_table(FRAME, postgres, "forecasts", "append")
    with pytest.raises(DataError):
        write_table(FRAME.assign(ds="text"), postgres, "forecasts", "append")
    assert read_url(postgres, "SELECT count(*) AS n FROM forecasts")["n"].tolist() == [6]
    write_table(FRAME, postgres, "forecasts", "replace")
    assert read_url(postgres, "SELECT count(*) AS n FROM forecasts")["n"].tolist() == [3]
    with pytest.raises(DataError, match=r"\*\*\*") as refused:
        read_url(postgres.replace("user=me", "user=nobody&password=secret"), "SELECT 1")
    assert "secret" not in str(refused.value)
