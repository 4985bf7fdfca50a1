"""Small files that people have: each gives what is right for its kind, from the shell."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import penstock as ps
from penstock.data.columns import Columns
from penstock.data.frames import read_panel
from penstock.data.tables import read_table

Run = Callable[..., Any]


@pytest.fixture
def cases() -> Path:
    """The folder of the small files, or a skip that says how to have it."""
    folder = Path(os.environ.get("PENSTOCK_CASES") or Path(__file__).resolve().parents[3] / "shared" / "cases")
    if not folder.is_dir():
        pytest.skip("the small files are not here: set PENSTOCK_CASES to the folder that holds them")
    return folder


@pytest.fixture
def compared(penstock: Run, cases: Path, tmp_path: Path) -> Callable[..., tuple[dict[str, Any], str]]:
    """Compare the last value and the drift on a file; give the JSON and what was said of the file."""

    def run(name: str, *options: str) -> tuple[dict[str, Any], str]:
        done = penstock("compare", cases / name, "--models", "drift", "--test", "20", "--json", "r.json", *options)
        assert done.returncode == 0, done.stderr
        return json.loads((tmp_path / "r.json").read_text()), done.stderr

    return run


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("european.csv", "'Preis' is read as numbers (decimal comma): '54,35' is 54.35."),
        ("excel-utf16.csv", "the target is the column 'Preis'"),
        ("cp1252.csv", "cp1252.csv is not UTF-8 (byte 0x80 at position 12): read as Windows-1252."),
        ("preamble.csv", "the table begins in line 4 ('Datum,Preis'); the lines before it are left out."),
        ("trailing-commas.csv", "the target is the column 'Preis'"),
    ],
)
def test_one_series_in_five_dresses(compared: Any, name: str, said: str) -> None:
    stored, notes = compared(name)
    assert said in notes
    assert [row["rmse"] for row in stored["rows"]] == pytest.approx([0.8086, 0.7978], abs=1e-4)


@pytest.mark.parametrize(
    ("name", "target", "values", "said"),
    [
        ("numbers-decorated.csv", "Vol.", [2.02e9, 1.97e6, 1.93e3], "B = 1e9, M = 1e6, K = 1000"),
        ("numbers-decorated.csv", "Change %", [0.0, 0.16, 0.07], "in %"),
        ("numbers-brackets.csv", "PnL", [0.0, 8.22, 3.3, -13.03], "brackets are negative"),
        ("numbers-french.csv", "Price", [5003.46, 5011.67], "decimal comma, thousands by blanks"),
        ("numbers-u2212.csv", "Price", [-5003.46, 5011.67, 5014.98, -5001.94], "'−' is a minus"),
    ],
)
def test_numbers_as_pages_print_them(
    penstock: Run, cases: Path, name: str, target: str, values: list[float], said: str
) -> None:
    done = penstock("compare", cases / name, "--target", target, "--models", "drift", "--test", "20")
    assert done.returncode == 0, done.stderr
    assert said in done.stderr
    with pytest.warns(ps.errors.DataWarning):
        panel, _ = read_panel(read_table(cases / name, text={"Date"}), Columns(time="Date", target=target))
    assert panel.y[: len(values)].tolist() == values


def test_thousands_newest_first(penstock: Run, cases: Path) -> None:
    done = penstock(
        "compare", cases / "numbers-thousands.csv", "--target", "Price", "--models", "drift", "--test", "20"
    )
    assert done.returncode == 0, done.stderr
    assert "the time column 'Date' is read as month, day, year: '05/31/2022'." in done.stderr
    assert "'Price' is read as numbers (thousands by ','): '4,937.98' is 4937.98." in done.stderr
    assert "the rows stand newest first; they are read from the last to the first" in done.stderr


def test_one_dash_is_a_missing_value_with_its_row(penstock: Run, cases: Path) -> None:
    file = cases / "numbers-one-dash.csv"
    done = penstock("compare", file, "--models", "drift", "--test", "20")
    assert done.returncode == 2
    assert "'-' is missing" in done.stderr
    assert "1 value that is missing or infinite, the first in row 57 (at 2022-03-23)" in done.stderr
    done = penstock("compare", file, "--models", "drift", "--test", "20", "--missing", "ffill")
    assert "120 rows (1 of them carried forward)" in done.stdout


def test_months_as_numbers(penstock: Run, cases: Path) -> None:
    done = penstock(
        "compare", cases / "months-as-numbers.csv", "--models", "drift", "--test", "12", "--missing", "ffill"
    )
    assert "the time column 'month' is read as months: 201901 is 2019-01." in done.stderr
    assert "60 rows, 1 series" in done.stdout
    frame = pd.read_csv(cases / "months-as-numbers.csv")
    with pytest.warns(ps.errors.DataWarning):
        answer = ps.Naive(horizon=2).fit(frame, time="month", target="sales").predict()
    assert answer["month"].tolist() == [202401, 202402]


def test_a_week_missing_from_hours(penstock: Run, cases: Path) -> None:
    file = cases / "hourly-week-missing.csv"
    done = penstock("compare", file, "--models", "drift", "--test", "24")
    assert done.returncode == 2
    assert "skips 168 steps of its own rhythm, the first 168 after" in done.stderr
    done = penstock("compare", file, "--models", "seasonal:24", "--test", "24", "--missing", "ffill")
    assert "1,440 rows (168 of them carried forward), 1 series" in done.stdout


def test_yfinance(penstock: Run, cases: Path, tmp_path: Path) -> None:
    scores = []
    for name in ("yfinance-three-headers.csv", "yfinance-multiindex.parquet"):
        done = penstock(
            "compare", cases / name, "--target", "Close", "--models", "drift", "--test", "20", "--json", "r.json"
        )
        assert done.returncode == 0, done.stderr
        assert "XYZ is all there is" in done.stderr
        scores.append(json.loads((tmp_path / "r.json").read_text())["rows"][0]["rmse"])
    assert scores[0] == pytest.approx(scores[1], rel=1e-12)
    asked = penstock("compare", cases / name, "--models", "drift")
    assert "columns of numbers: 'Close', 'High', 'Low', 'Open', 'Volume'; name the one to forecast" in asked.stderr
    frame = pd.read_parquet(cases / "yfinance-multiindex.parquet")
    with pytest.warns(ps.errors.DataWarning):
        assert len(ps.Naive().fit(frame, time="Date", target="Close").predict()) == 1


@pytest.mark.parametrize("name", ["times-with-offsets.csv", "times-with-z.csv"])
def test_times_with_offsets(compared: Any, name: str) -> None:
    stored, _ = compared(name, "--target", "Close")
    zoned, _ = compared(name, "--target", "Close", "--zone", "America/New_York")
    assert stored["rows"][0]["rmse"] == zoned["rows"][0]["rmse"] == pytest.approx(1.1781, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "ids"),
    [("tickers-na.csv", ("NA", "BMO", "TD")), ("tickers-leading-zeros.csv", ("0700", "0005", "9988"))],
)
def test_names_are_text(compared: Any, cases: Path, name: str, ids: tuple[str, ...]) -> None:
    stored, _ = compared(name, "--id", "Symbol")
    assert stored["coverage"]["scored_series"] == 3
    frame = read_table(cases / name, text={"Symbol", "Date"})
    assert sorted(read_panel(frame, Columns("Symbol", "Date", "Close"))[0].ids) == sorted(ids)


def test_a_new_listing(penstock: Run, cases: Path) -> None:
    done = penstock("compare", cases / "panel-new-listing.csv", "--models", "drift", "--test", "20")
    assert done.returncode == 0, done.stderr
    assert "Left out: 1 of 3 series" in done.stdout
    assert "'IPO'" in done.stdout
    assert penstock(
        "compare", cases / "panel-new-listing.csv", "--models", "drift", "--strict", "--test", "20"
    ).returncode


def test_large_numbers_are_not_cut(penstock: Run, cases: Path) -> None:
    done = penstock("compare", cases / "volumes-large.csv", "--models", "drift", "--test", "20")
    assert done.returncode == 0, done.stderr
    assert "…" not in done.stdout


def test_rows_with_a_field_more_than_the_header(penstock: Run, cases: Path, tmp_path: Path) -> None:
    done = penstock("text", "fit", cases / "text-unquoted-comma.csv", "--out", "m.penstock")
    assert done.returncode == 2
    assert "the first in line 2: 3 fields where the header names 2 (label, text): '1,this was fine great, I think'" in (
        done.stderr
    )
    assert not (tmp_path / "m.penstock").exists()


@pytest.mark.parametrize("name", ["text-votes.csv", "text-price-labels.csv"])
def test_values_as_labels_are_told_before_training(penstock: Run, cases: Path, name: str, tmp_path: Path) -> None:
    done = penstock("text", "fit", cases / name, "--out", "m.penstock")
    assert done.returncode == 2
    assert "looks like one of values, not of labels" in done.stderr
    assert "--task value or --task label" in done.stderr
    assert not (tmp_path / "m.penstock").exists()


SMALL = ("--model", "gru:4", "--units", "4", "--epochs", "1", "--vocabulary", "60")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["text-votes.csv", "text-price-labels.csv"])
def test_values_are_learned_where_that_is_said(penstock: Run, cases: Path, name: str, tmp_path: Path) -> None:
    done = penstock("text", "fit", cases / name, "--out", "m.penstock", "--task", "value", *SMALL)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "m.penstock").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["text-chinese.csv", "text-angle-brackets.csv", "text-angle-brackets-in-words.csv", "text-rare-label.csv"]
)
def test_documents_are_learned(penstock: Run, cases: Path, name: str, tmp_path: Path) -> None:
    done = penstock("text", "fit", cases / name, "--out", "m.penstock", *SMALL)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "m.penstock").exists()
