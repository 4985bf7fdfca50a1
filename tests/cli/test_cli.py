"""The commands on series, as a user types them, on real files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from penstock.version import __version__

Run = Callable[..., Any]

SMALL = ["--window", "8", "--epochs", "2", "--members", "2", "--test", "30"]


@pytest.mark.slow
def test_compare_with_covariates_and_gaps(penstock: Run, prices: Path) -> None:
    frame = pd.read_csv(prices / "prices.csv").assign(Day=lambda f: f.index % 5, Volume=lambda f: f["Close"] ** 2)
    frame.loc[70, "Close"] = np.nan
    frame.to_csv(prices / "more.csv", index=False)
    arguments = [
        "compare", "more.csv", "--time", "Date", "--target", "Close", "--models", "lstm:2,arx:2", *SMALL,
        "--past", "Volume", "--known", "Day", "--static", "Note", "--scale", "minmax",
    ]  # fmt: skip
    refused = penstock(*arguments)
    assert refused.returncode == 2
    assert "'Close' has 1 value that is missing or infinite" in refused.stderr
    done = penstock(*arguments, "--missing", "indicator", "--json", "r.json")
    assert done.returncode == 0, done.stderr
    network, arx, _ = json.loads((prices / "r.json").read_text())["rows"]
    lstm, head = 4 * 2 * (4 + 2 + 1), 2 + 1 + 1 + 1
    assert (network["parameters"], arx["parameters"]) == (lstm + head, 1 + 2 * 2 + 1)


@pytest.mark.slow
def test_compare_on_a_users_file(penstock: Run, prices: Path) -> None:
    done = penstock(
        "compare", "prices.csv", "--time", "Date", "--target", "Close", "--models", "lstm:4,naive,ar:2", *SMALL,
        "--json", "r.json", "--report", "r.html",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0] == "prices.csv: Close"
    assert lines[1] == "150 rows, 1 series; the last 30 times are the test."
    assert [line.split()[0] for line in lines if line.startswith(("LSTM(4) ", "Naive ", "AR(2) "))][:3] == [
        "LSTM(4)",
        "Naive",
        "AR(2)",
    ]
    assert "LSTM(4) does not beat the last value" in done.stdout
    assert lines[-2:] == ["Written: r.json", "Written: r.html"]
    result = json.loads((prices / "r.json").read_text())
    assert [row["model"] for row in result["rows"]] == ["LSTM(4)", "Naive", "AR(2)"]
    assert result["rows"][0]["members"]["count"] == 2
    assert "scale='window'" in result["models"]["LSTM(4)"]
    assert "<title>prices.csv: Close</title>" in (prices / "r.html").read_text()


def test_csv_and_parquet_give_the_same(penstock: Run, prices: Path) -> None:
    rows = []
    for name in ("prices.csv", "prices.parquet"):
        options = ["--time", "Date", "--target", "Close", "--models", "ar,drift,seasonal:5", "--test", "30"]
        assert penstock("compare", name, *options, "--json", "r.json").returncode == 0
        rows.append(json.loads((prices / "r.json").read_text())["rows"])
        for row in rows[-1]:
            row.pop("fit_seconds")
    assert rows[0] == rows[1]
    assert [row["model"] for row in rows[0]] == ["AR(5)", "Drift", "SeasonalNaive(5)", "Naive"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prices.csv"], "150 rows are too few for 252 test rows"),
        (["prices.csv", "--time", "date"], "the frame has no column 'date'; did you mean 'Date'"),
        (["prices.csv", "--time", "Date", "--target", "Note"], "holds text that is no number, the first in row 0: 'x'"),
        (["price.csv"], "the file 'price.csv' does not exist. Here, did you mean 'prices.csv'"),
        (["prices.csv", "--models", "lstn"], "there is no model 'lstn'; did you mean 'lstm'"),
        (["prices.csv", "--models", "ar:x"], "ar takes a whole number from 1, such as ar:5"),
        (["prices.csv", "--models", "naive:2"], "naive takes no number"),
        (["prices.csv", "--loss", "msee"], "--loss msee is unknown; did you mean 'mse'"),
        (["prices.csv", "--validation", "horizn"], "--validation horizn is unknown; did you mean 'horizon'"),
        (["prices.csv", "--horizon", "0"], "--horizon 0 is out of range"),
        (["prices.csv", "--report", "none/r.html"], "none' of 'r.html' does not exist; make it first"),
        (["prices.csv", "--report", "same", "--json", "same"], "two results cannot go to one file"),
        (["prices.csv", "--time", "Date", "--target", "Close"], "150 rows are too few for 252 test rows"),
        (
            ["prices.csv", "--time", "Date", "--target", "Close", "--test", "100", "--scale", "minmax"],
            "LSTM(20): 50 training rows are too few: 72 are needed (window 63 + horizon 1 + 8 for validation)",
        ),
        (
            [
                "prices.csv",
                "--time",
                "Date",
                "--target",
                "Close",
                "--test",
                "30",
                "--epochs",
                "2",
                "--optimizer",
                "adan",
            ],
            "--optimizer adan is unknown; did you mean 'adam'",
        ),
    ],
)
def test_bad_input_ends_in_words(penstock: Run, prices: Path, arguments: list[str], message: str) -> None:
    before = sorted(os.listdir(prices))
    done = penstock("compare", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("penstock: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(os.listdir(prices)) == before


def test_rows_newest_first_or_in_no_order(penstock: Run, prices: Path) -> None:
    table = pd.read_csv(prices / "prices.csv")
    table[::-1].to_csv(prices / "vendor.csv", index=False)
    options = ["--time", "Date", "--target", "Close", "--models", "ar", "--test", "30"]
    table.sample(frac=1, random_state=0).to_csv(prices / "mixed.csv", index=False)
    refused = penstock("compare", "mixed.csv", *options)
    assert refused.returncode == 2
    assert "or --sort on the command line" in refused.stderr
    done = [
        penstock("compare", *given, *options) for given in (["prices.csv"], ["vendor.csv"], ["mixed.csv", "--sort"])
    ]
    assert "the rows stand newest first; they are read from the last to the first" in done[1].stderr
    naive = [next(line for line in each.stdout.splitlines() if line.startswith("Naive")) for each in done]
    assert naive[0] == naive[1] == naive[2]


@pytest.mark.fast("hard.csv---json", "link.csv---report")
@pytest.mark.parametrize("option", ["--report", "--json"])
@pytest.mark.parametrize("path", ["prices.csv", "./prices.csv", "link.csv", "hard.csv"])
def test_a_result_never_overwrites_what_is_read(penstock: Run, prices: Path, option: str, path: str) -> None:
    (prices / "link.csv").symlink_to(prices / "prices.csv")
    (prices / "hard.csv").hardlink_to(prices / "prices.csv")
    before = (prices / "prices.csv").read_bytes()
    done = penstock("compare", "prices.csv", "--models", "naive", "--test", "30", option, path)
    assert done.returncode == 2
    assert "is the file that is read; writing a result there would delete it" in done.stderr
    assert (prices / "prices.csv").read_bytes() == before
    assert penstock("audit", "prices.csv", "--json", path).returncode == 2
    assert penstock("text", "fit", "prices.csv", "--out", path).returncode == 2
    assert penstock("text", "vectors", "prices.csv", "--out", path).returncode == 2


def test_the_columns_of_a_file_are_found_or_asked_for(penstock: Run, prices: Path) -> None:
    options = ["--models", "naive", "--test", "30"]
    done = penstock("compare", "prices.csv", *options)
    assert done.stderr.splitlines() == [
        "note: the times are in the column 'Date', the only one of dates.",
        "note: the target is the column 'Close', the only one of numbers.",
    ]
    table = pd.read_csv(prices / "prices.csv")
    table.assign(Open=1.0).to_csv(prices / "two.csv", index=False)
    asked = penstock("compare", "two.csv", *options)
    assert "several columns of numbers: 'Close', 'Open'; name the one to forecast: --target 'Close'" in asked.stderr
    table.assign(Other=table["Date"]).to_csv(prices / "dates.csv", index=False)
    assert (
        "several columns of dates: 'Date', 'Other'; name one: --time 'Date'"
        in penstock("compare", "dates.csv", *options).stderr
    )
    table.drop(columns="Date").to_csv(prices / "none.csv", index=False)
    assert (
        "none that holds dates; name the column of the times: --time NAME"
        in penstock("compare", "none.csv", *options).stderr
    )


def test_a_wide_file_is_a_series_a_column(penstock: Run, prices: Path) -> None:
    table = pd.read_csv(prices / "prices.csv")
    table.assign(Open=table["Close"] + 1).to_csv(prices / "wide.csv", index=False)
    done = penstock("compare", "wide.csv", "--wide", "--models", "naive", "--test", "30")
    assert "2 columns are read as a series each: 'Close', 'Open'." in done.stderr
    assert "300 rows, 2 series" in done.stdout


@pytest.mark.parametrize(
    ("options", "dates", "message"),
    [
        ([], "%d/%m/%Y", "--dayfirst or --monthfirst"),
        (["--dayfirst", "--monthfirst"], "%d/%m/%Y", "exclude each other"),
        (["--zone", "Mars/Base"], "%Y-%m-%d", "--zone 'Mars/Base' is unknown"),
        (["--decimal", ";"], "%Y-%m-%d", "--decimal ';' is unknown"),
    ],
)
def test_options_of_reading_refused(penstock: Run, prices: Path, options: list[str], dates: str, message: str) -> None:
    table = pd.DataFrame({"ds": [f"{d:02d}/{m:02d}/2020" for m in (1, 2, 3) for d in (1, 2, 3)], "y": 1.0})
    if dates != "%d/%m/%Y":
        table["ds"] = pd.date_range("2020-01-01", periods=9).strftime(dates)
    table.to_csv(prices / "d.csv", index=False)
    done = penstock("compare", "d.csv", "--models", "naive", "--test", "2", *options)
    assert done.returncode == 2
    assert message in done.stderr


def test_options_of_reading(penstock: Run, prices: Path) -> None:
    days = [f"{d:02d}/{m:02d}/2020" for m in (1, 2, 3) for d in (1, 2, 3)]
    pd.DataFrame({"ds": days, "y": [f"{n},{n}00" for n in range(1, 10)]}).to_csv(prices / "d.csv", index=False)
    for options, read in ((["--decimal", ","], "1.1"), (["--decimal", "."], "1100")):
        done = penstock("compare", "d.csv", "--models", "naive", "--test", "2", "--dayfirst", *options)
        assert done.returncode == 0, done.stderr
        assert f"'1,100' is {read}" in done.stderr
    hours = pd.date_range("2024-10-30", periods=24 * 20, freq="h", tz="America/New_York")
    pd.DataFrame({"ds": hours.astype(str), "y": np.arange(len(hours), dtype=float)}).to_csv(
        prices / "h.csv", index=False
    )
    done = penstock("compare", "h.csv", "--models", "naive", "--test", "24")
    assert "an hour comes twice where the clock changes" in done.stderr
    done = penstock("compare", "h.csv", "--models", "naive", "--test", "24", "--zone", "America/New_York")
    assert done.returncode == 0, done.stderr


def test_unknown_flag_is_refused_with_the_nearest(penstock: Run, prices: Path) -> None:
    done = penstock("compare", "prices.csv", "--targett", "Close")
    assert done.returncode == 2
    assert "No such option" in done.stderr
    assert "--target" in done.stderr


@pytest.mark.slow
def test_intervals_and_trading(penstock: Run, prices: Path) -> None:
    options = ["--time", "Date", "--target", "Close", "--models", "ar:2,ema:5,local-level", "--test", "40"]
    more = ["--horizon", "3", "--level", "80", "--level", "95", "--intervals", "adaptive", "--trade", "sign"]
    done = penstock("compare", "prices.csv", *options, *more, "--report", "r.html", "--json", "r.json")
    assert done.returncode == 0, done.stderr
    assert "mean width" in done.stdout
    assert "Buy and hold" in done.stdout
    assert "Forecast fan of AR(2)" in (prices / "r.html").read_text()
    stored = json.loads((prices / "r.json").read_text())
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    steps = lines.index("RMSE by step ahead 1 2 3") + 1
    for line, (name, errors) in zip(lines[steps : steps + 4], stored["rmse_by_step"].items(), strict=True):
        assert line == " ".join([name, *(f"{error:#.4g}" for error in errors)])
    pairs = lines.index("t-test of blocks, every pair 1 2 3 4") + 1
    for number, name in enumerate(stored["pairs"]["models"]):
        assert lines[pairs + number].startswith(f"{number + 1} {name} ")
    wrong = penstock("compare", "prices.csv", *options, "--trade", "sing")
    assert wrong.returncode == 2
    assert "--trade sing is unknown; did you mean 'sign'" in wrong.stderr


def test_audit(penstock: Run, prices: Path) -> None:
    options = ["--time", "Date", "--target", "Close", "--rows", "80"]
    done = penstock("audit", "prices.csv", *options, "--models", "ar:2,drift", "--json", "a.json")
    assert done.returncode == 0, done.stderr
    assert "Audit of AR(2)" in done.stdout
    assert "All 4 steps ahead see the newest value." in done.stdout
    stored = json.loads((prices / "a.json").read_text())
    assert [each["model"] for each in stored["audits"]] == ["AR(2)", "Drift"]
    assert all(each["ok"] for each in stored["audits"])
    unknown = penstock("audit", "prices.csv", *options, "--models", "arr")
    assert unknown.returncode == 2
    assert "there is no model 'arr'; did you mean 'ar'" in unknown.stderr


@pytest.mark.slow
def test_study(penstock: Run, tmp_path: Path) -> None:
    done = penstock(
        "study",
        "sp500",
        "--protocol",
        "published",
        "--epochs",
        "1",
        "--members",
        "1",
        "--no-transformer",
        "--json",
        "r.json",
    )
    assert done.returncode == 0, done.stderr
    assert "first 2010-01-04; last 2018-12-31; rows 2,264; windows 2,201 × 63 × 1; train 1,950;" in done.stdout
    assert "test 251; parameters 1,781;" in done.stdout
    assert "The source's figures and ours" in done.stdout
    assert "Leak: Early stopping saw the TEST rows" in done.stdout
    assert "Leak: The series was scaled to [0, 1]" in done.stdout
    assert json.loads((tmp_path / "r.json").read_text())["protocol"] == "published"
    assert os.listdir(tmp_path) == ["r.json"]


def test_study_list_and_unknown_names(penstock: Run, tmp_path: Path) -> None:
    listed = penstock("study", "--list")
    assert listed.stdout.startswith("sp500 ")
    unknown = penstock("study", "sp5000")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "there is no study 'sp5000'; did you mean 'sp500'" in unknown.stderr
    assert "name a study, for example" in penstock("study").stderr
    assert "protocol 'x' is unknown" in penstock("study", "sp500", "--protocol", "x").stderr


def test_doctor_and_version(penstock: Run, tmp_path: Path) -> None:
    done = penstock("doctor", PENSTOCK_DATA=str(tmp_path / "none"))
    assert done.returncode == 0, done.stderr
    assert f"penstock       {__version__}" in done.stdout
    assert "cpu:0" in done.stdout
    assert "none is no folder" in done.stdout.replace("\n", "")
    assert penstock("--version").stdout == f"penstock {__version__}\n"


@pytest.mark.slow
def test_a_full_disk_costs_one_file_and_no_work(
    penstock: Run, prices: Path, file_size_limit: Callable[[int], None]
) -> None:
    file_size_limit(10_000)  # as much as the JSON takes, and not the page
    done = penstock("compare", "prices.csv", "--models", "ar", "--test", "30", "--report", "r.html", "--json", "r.json")
    assert done.returncode == 2
    assert "Naive" in done.stdout
    assert "Written: r.json" in done.stdout
    assert "r.html' cannot be written: File too large. Free some space, or give another path." in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads((prices / "r.json").read_text())["rows"]
    assert sorted(path.name for path in prices.iterdir()) == ["prices.csv", "prices.parquet", "r.json"]


def test_a_cache_that_cannot_be_kept_is_said(penstock: Run, prices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)  # of an earlier command of this process
    done = penstock(
        "compare", "prices.csv", "--models", "ar", "--test", "30", PENSTOCK_CACHE=str(prices / "prices.csv")
    )
    assert done.returncode == 0, done.stderr
    assert "note: compiled programs are not kept: " in done.stderr
    assert "PENSTOCK_CACHE names another folder, or is off." in done.stderr


def test_audit_takes_what_compare_takes(penstock: Run, prices: Path) -> None:
    frame = pd.read_csv(prices / "prices.csv").assign(Day=lambda f: f.index % 5, Volume=lambda f: f["Close"] ** 2)
    frame.loc[[40, 140], "Close"] = np.nan
    frame["Date"] = pd.to_datetime(frame["Date"]).dt.strftime("%d/%m/%Y")
    frame.to_csv(prices / "own.csv", index=False)
    done = penstock(
        "audit", "own.csv", "--target", "Close", "--dayfirst", "--missing", "ffill", "--past", "Volume", "--known",
        "Day", "--models", "arx:2,naive", "--json", "r.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "note: Naive uses no past and no known covariates, and is audited without them." in done.stderr
    arx, naive = json.loads((prices / "r.json").read_text())["audits"]
    assert (arx["model"], arx["ok"], naive["ok"]) == ("ARX(2)", True, True)


def test_scores_of_a_panel(penstock: Run, prices: Path) -> None:
    text = (prices / "prices.csv").read_text().splitlines()
    rows = [f"{name},{kind},{line}" for name, kind in (("a", "x"), ("b", "y"), ("c", "x")) for line in text[1:]]
    (prices / "panel.csv").write_text("\n".join([f"unique_id,kind,{text[0]}", *rows]) + "\n")
    options = ["--time", "Date", "--target", "Close", "--models", "drift", "--test", "20", "--season", "5"]
    done = penstock("compare", "panel.csv", *options, "--metrics", "mase,wape", "--by", "kind", "--json", "r.json")
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "model MASE WAPE skill won DM p weights fit s" in lines
    stored = json.loads((prices / "r.json").read_text())["rows"]
    at = lines.index("kind values Drift Naive")
    assert lines[at + 1].startswith(f"x 40 {stored[0]['mase']:#.4g}")
    assert any("The season m is 5 rows, as given" in line for line in lines)
    wrong = penstock("compare", "panel.csv", *options, "--metrics", "masse")
    assert wrong.returncode == 2
    assert "the metric 'masse' is unknown; did you mean 'mase'" in wrong.stderr
