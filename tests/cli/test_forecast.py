from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock as ps

Run = Callable[..., "subprocess.CompletedProcess[str]"]
SMALL = ("--members", 1, "--steps", 20, "--no-search")


@pytest.fixture
def panel(tmp_path: Path) -> pd.DataFrame:
    months = pd.date_range("2018-01-01", periods=60, freq="MS")
    y = 100 + np.arange(60) + 10 * np.sin(np.arange(60) * np.pi / 6)
    frame = pd.concat(
        [pd.DataFrame({"shop": name, "month": months, "sales": y * k}) for k, name in ((1, "a"), (3, "b"))]
    )
    frame.to_csv(tmp_path / "panel.csv", index=False)
    return frame


def test_forecasts_are_those_of_the_call(penstock: Run, panel: pd.DataFrame, tmp_path: Path) -> None:
    done = penstock(
        "forecast", "panel.csv", "--horizon", 3, "--id", "shop", "--level", 80, *SMALL, "--out", "f.csv",
        "--model", "m.penstock", "--report", "p.html",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("season: 12 (from the frequency); horizon: 3\n")
    assert done.stdout.endswith("Written: m.penstock\nWritten: p.html\nWritten: f.csv\n")
    assert "What each part is worth" in (tmp_path / "p.html").read_text()
    written = pd.read_csv(tmp_path / "f.csv")
    assert written.columns.tolist() == ["shop", "month", "yhat", "lo-80", "hi-80"]
    assert written["month"].tolist() == ["2023-01-01", "2023-02-01", "2023-03-01"] * 2
    expected = ps.forecast(
        panel, 3, id="shop", time="month", target="sales", level=80, members=1, steps=20, search=False
    ).frame
    assert written["yhat"].to_numpy() == pytest.approx(expected["yhat"].to_numpy(), rel=1e-12)
    again = ps.load(tmp_path / "m.penstock").predict(level=80)
    assert again["lo-80"].to_numpy() == pytest.approx(written["lo-80"].to_numpy(), rel=1e-12)


@pytest.mark.slow
def test_answers_are_written_as_the_option_read_them(penstock: Run, panel: pd.DataFrame, tmp_path: Path) -> None:
    panel.query("shop == 'a'").assign(month=lambda f: f["month"].dt.strftime("%d/%m/%Y")).to_csv(
        tmp_path / "panel.csv", index=False
    )
    done = penstock("forecast", "panel.csv", "--horizon", 3, "--dayfirst", "--target", "sales", "--level", "", *SMALL)
    assert [line.split(",")[0] for line in done.stdout.splitlines()[1:]] == ["01/01/2023", "01/02/2023", "01/03/2023"]


@pytest.mark.slow
def test_without_a_file_the_table_alone_goes_to_standard_output(penstock: Run, panel: pd.DataFrame) -> None:
    done = penstock("forecast", "panel.csv", "--horizon", 2, "--id", "shop", "--level", "", *SMALL)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "shop,month,yhat"
    assert len(done.stdout.splitlines()) == 1 + 2 * 2
    assert "season: 12" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--out", "panel.csv"), "is the file that is read"),
        (("--out", "f.csv", "--model", "f.csv"), "two results cannot go to one file"),
        (("--season", "12;24"), "--season '12;24': whole numbers by comma are needed, such as --season 24,168"),
        (("--level", "a"), "--level 'a': whole numbers by comma are needed"),
        (("--season", "400"), "--season 400 steps is longer than every series"),
    ],
)
def test_bad_input(penstock: Run, panel: pd.DataFrame, words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    before = (tmp_path / "panel.csv").read_bytes()
    done = penstock("forecast", "panel.csv", "--horizon", 3, "--id", "shop", *SMALL, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert (tmp_path / "panel.csv").read_bytes() == before
    assert not (tmp_path / "f.csv").exists()


def test_forecasts_go_into_a_table_once(penstock: Run, panel: pd.DataFrame, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shops.sqlite")) as database:
        panel.astype({"month": str}).to_sql("sales", database, index=False)
    assert penstock("fit", "shops.sqlite", "--id", "shop", "--model", "drift", "--out", "m.penstock").returncode == 0
    words = ("predict", "m.penstock", "--out", "forecasts@shops.sqlite")
    done = penstock(*words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("Written: forecasts@shops.sqlite\n")
    again = penstock(*words)
    assert again.returncode == 2
    assert "holds a table 'forecasts' already; say what becomes of it: --if-exists replace or append" in again.stderr
    assert penstock(*words, "--if-exists", "append").returncode == 0
    with closing(sqlite3.connect(tmp_path / "shops.sqlite")) as database:
        rows = database.execute("SELECT shop, month, yhat FROM forecasts").fetchall()
        assert len(database.execute("SELECT * FROM sales").fetchall()) == 120
    assert [(shop, month) for shop, month, _ in rows] == [("a", "2023-01-01"), ("b", "2023-01-01")] * 2
    for words, message in (
        (("--out", "shops.sqlite"), "is a database; name the table, too: --out forecasts@shops.sqlite"),
        (("--out", "f.csv", "--if-exists", "append"), "--if-exists says what becomes of a table"),
        (("--out", "a@shops.sqlite", "--if-exists", "drop"), "--if-exists 'drop' is unknown"),
        (("--db", "shops.sqlite"), "--db 'shops.sqlite' is no URL"),
    ):
        refused = penstock("predict", "m.penstock", *words)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert message in refused.stderr


@pytest.mark.slow
def test_a_run_is_repeated_from_its_configuration_and_its_checkpoint(
    penstock: Run, panel: pd.DataFrame, tmp_path: Path
) -> None:
    first = ("forecast", "panel.csv", "--horizon", 3, "--id", "shop", *SMALL, "--checkpoint", "kept")
    done = penstock(*first, "--out", "f.csv", "--write-config", "run.toml")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("Written: f.csv\nWritten: run.toml\n")
    assert sorted(each.name for each in (tmp_path / "kept").glob("training-*")) != []
    repeated = penstock("forecast", "--config", "run.toml", "--out", "g.csv")
    assert repeated.returncode == 0, repeated.stderr
    resumed = penstock(*first, "--resume", "--out", "h.csv")
    assert resumed.returncode == 0, resumed.stderr
    assert (tmp_path / "f.csv").read_bytes() == (tmp_path / "g.csv").read_bytes() == (tmp_path / "h.csv").read_bytes()
    other = penstock(*first, "--resume", "--seed", 5)
    assert other.returncode == 2
    assert "seed was 0 and is 5 now" in other.stderr
