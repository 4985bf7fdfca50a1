"""A fitted model from the shell: fit, predict, evaluate, inspect; options from a file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock as ps

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def halves(prices: Path) -> pd.DataFrame:
    """`prices` cut in two files, the second with ten rows of the first."""
    table = pd.read_csv(prices / "prices.csv")
    table[:120].to_csv(prices / "first.csv", index=False)
    table[110:].to_csv(prices / "second.csv", index=False)
    return table


def test_from_a_file_to_forecasts_of_the_next_day(penstock: Run, halves: pd.DataFrame, tmp_path: Path) -> None:
    done = penstock("fit", "first.csv", "--model", "ar:3", "--horizon", 2, "--out", "m.penstock")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "AR(3), horizon 2: fitted to 120 rows of 1 series\nWritten: m.penstock\n"
    model = ps.AR(3, horizon=2).fit(halves[:120], time="Date", target="Close")
    done = penstock("predict", "m.penstock", "--level", 80)
    assert done.stdout.splitlines()[0] == "Date,yhat,lo-80,hi-80"
    done = penstock("predict", "m.penstock", "second.csv", "--level", 80, "--out", "f.parquet")
    assert done.stderr.splitlines()[-1] == "note: 30 rows are new, 10 had been seen."
    written = pd.read_parquet(tmp_path / "f.parquet")
    pd.testing.assert_frame_equal(written, model.predict(halves, level=80))
    assert penstock("predict", "m.penstock", "second.csv", "--out", "f.json").returncode == 0
    assert [row["yhat"] for row in json.loads((tmp_path / "f.json").read_text())] == written["yhat"].tolist()


def test_later_rows_are_scored_beside_the_last_value(penstock: Run, halves: pd.DataFrame, tmp_path: Path) -> None:
    penstock("fit", "first.csv", "--model", "naive", "--out", "m.penstock")
    done = penstock("evaluate", "m.penstock", "second.csv", "--level", 80, "--json", "s.json")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "s.json").read_text())
    errors = np.diff(halves["Close"])[119:]
    assert found["scores"]["rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)))
    assert (found["forecasts"], found["seen"], found["new"], found["skill"]) == (30, 10, 30, 0.0)
    half = 1.2815515655446004 * np.diff(halves["Close"][:120]).std()
    assert found["coverage"]["80"] == pytest.approx(np.mean(np.abs(errors) <= half), abs=0.04)
    assert "10 rows of the file had been seen in the fit and are left out." in done.stdout
    done = penstock("evaluate", "m.penstock", "first.csv")
    assert done.returncode == 2
    assert "0 rows came after those that the Naive has seen (120 of the frame are left out)" in done.stderr


def test_a_run_is_written_as_a_file_and_repeated_from_it(penstock: Run, halves: pd.DataFrame, tmp_path: Path) -> None:
    words = ("--model", "rnn:2", "--window", 4, "--epochs", 1, "--members", 2)
    done = penstock("fit", "first.csv", *words, "--out", "m.penstock", "--write-config", "run.toml")
    assert done.returncode == 0, done.stderr
    assert 'file = "first.csv"' in (tmp_path / "run.toml").read_text()
    done = penstock("fit", "--config", "run.toml", "--out", "again.penstock")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "m.penstock").read_bytes() == (tmp_path / "again.penstock").read_bytes()
    assert ps.load(tmp_path / "again.penstock").members == 2
    (tmp_path / "run.toml").write_text('windw = 4\nmodel = "rnn:2"\n')
    done = penstock("fit", "first.csv", "--config", "run.toml", "--out", "again.penstock")
    assert done.returncode == 2
    assert "names an option 'windw'; did you mean 'window'?" in done.stderr


def test_what_a_file_holds_is_shown(penstock: Run, halves: pd.DataFrame, tmp_path: Path) -> None:
    words = ("--model", "rnn:2", "--window", 4, "--stateful", "--epochs", 1, "--members", 1)
    done = penstock("fit", "first.csv", *words, "--out", "m.penstock")
    assert done.stdout.startswith("RNN(2) stateful, horizon 1: fitted to 120 rows of 1 series\n")
    done = penstock("inspect", "m.penstock", "--json", "m.json")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "m.json").read_text())
    assert found["model"] == "Forecaster(Network([RNN(2)]), window=4, stateful=True, epochs=1)"
    assert found["columns"] == {"id": "unique_id", "time": "Date", "target": "Close"}
    assert (found["horizon"], found["epochs"], found["last time"]) == (1, [1], "2021-06-17")
    assert found["scales (shift, scale)"][0][0] == pytest.approx(halves["Close"][:120].min(), abs=5)
    assert f"penstock {ps.__version__}" in found["file"]


@pytest.mark.slow
def test_a_network_learns_from_later_rows(penstock: Run, halves: pd.DataFrame, tmp_path: Path) -> None:
    penstock("fit", "first.csv", "--model", "rnn:2", "--window", 4, "--epochs", 1, "--out", "m.penstock")
    done = penstock("update", "m.penstock", "second.csv", "--epochs", 1, "--replay", 10)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("30 new rows, 1 epochs, 10 older rows of each series again\n10 rows had been seen")
    assert ps.load(tmp_path / "m.penstock").tail_.times[-1] == np.datetime64("2021-07-29")
    penstock("fit", "first.csv", "--model", "naive", "--out", "n.penstock")
    done = penstock("update", "n.penstock", "second.csv")
    assert (done.returncode, "whose coefficients are fitted at once" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("fit", "first.csv", "--out", "first.csv"), "is the file that is read"),
        (("fit", "first.csv", "--model", "lstn", "--out", "m"), "there is no model 'lstn'; did you mean 'lstm'?"),
        (("predict", "first.csv"), "is truncated, damaged or no model file"),
        (
            ("predict", "m.penstock", "--out", "f.xlsx"),
            "ends in '.xlsx'; allowed: .csv, .parquet, .arrow, .feather, .json",
        ),
        (("predict", "m.penstock", "--future", "first.csv"), "was fitted without known covariates"),
    ],
)
def test_refusals(penstock: Run, halves: pd.DataFrame, words: tuple[str, ...], message: str) -> None:
    penstock("fit", "first.csv", "--model", "naive", "--out", "m.penstock")
    done = penstock(*words)
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr


def test_a_model_of_texts_is_sent_elsewhere(penstock: Run, tmp_path: Path) -> None:
    ps.text.BagClassifier(alpha=1.0).fit(["good fun", "so bad"] * 5, ["up", "down"] * 5).save(tmp_path / "m.penstock")
    done = penstock("predict", "m.penstock")
    assert done.returncode == 2
    assert "holds a BagClassifier, which does not read series; use penstock text predict" in done.stderr


def test_the_form_of_dates_and_the_options_of_a_reader_hold_in_every_command(penstock: Run, tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=40)
    y = 5 + np.sin(np.arange(40.0) / 3)
    table = pd.DataFrame({"ds": days.strftime("%d/%m/%Y"), "y": y, "k": [f"{2 * each:.2f}" for each in y]})
    table["k"] = table["k"].str.replace(".", ",")
    table["y"] = [f"{each:.3f}".replace(".", ",") for each in y]
    table[:31].to_csv(tmp_path / "fit.csv", sep=";", index=False)
    table[31:34].drop(columns="y").to_csv(tmp_path / "ahead.csv", sep=";", index=False)
    how = ("--dayfirst", "--decimal", ",")
    done = penstock("fit", "fit.csv", *how, "--target", "y", "--known", "k", "--model", "arx", "--out", "m.penstock")
    assert done.returncode == 0, done.stderr
    done = penstock("predict", "m.penstock", "--future", "ahead.csv", *how)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].startswith("01/02/2024,")


def test_times_without_a_zone_stand_on_the_clock_of_the_fit(penstock: Run, tmp_path: Path) -> None:
    hours = pd.date_range("2024-01-02 09:00", periods=100, freq="h").strftime("%F %H:%M")
    table = pd.DataFrame({"ds": hours, "y": np.sin(np.arange(100.0))})
    table[:80].to_csv(tmp_path / "fit.csv", index=False)
    table[75:].to_csv(tmp_path / "later.csv", index=False)
    penstock("fit", "fit.csv", "--zone", "America/New_York", "--model", "naive", "--out", "m.penstock")
    done = penstock("predict", "m.penstock", "later.csv")
    assert done.stdout.splitlines()[1].startswith("2024-01-06 13:00:00-05:00,"), done.stderr
    assert "its times are read on the clock of the fit, America/New_York" in done.stderr
    assert penstock("predict", "m.penstock", "later.csv", "--zone", "America/New_York").stdout == done.stdout


def test_options_without_effect_are_told(penstock: Run, halves: pd.DataFrame) -> None:
    done = penstock("fit", "first.csv", "--model", "ar:2", "--window", 9, "--out", "m.penstock")
    assert "note: --window has no effect: networks alone have such, and the model ar:2 is none." in done.stderr
    done = penstock("predict", "m.penstock", "--sort", "--dayfirst")
    assert "note: --dayfirst, --sort have no effect: no file of rows is read." in done.stderr


def test_series_without_rows_and_rows_that_are_carried_are_counted(penstock: Run, tmp_path: Path) -> None:
    table = pd.concat([
        pd.DataFrame({"unique_id": name, "ds": pd.date_range("2024-01-01", periods=30), "y": np.arange(30.0)})
        for name in "ab"
    ])  # fmt: skip
    table[table["ds"] != "2024-01-09"].to_csv(tmp_path / "fit.csv", index=False)
    done = penstock("fit", "fit.csv", "--missing", "ffill", "--model", "naive", "--out", "m.penstock")
    assert "fitted to 58 rows of 2 series; 60 rows, 2 of them carried forward" in done.stdout
    table[(table["unique_id"] == "a")][-3:].to_csv(tmp_path / "later.csv", index=False)
    done = penstock("predict", "m.penstock", "later.csv")
    assert "note: 1 of 2 series have no rows in the file and are not forecast: 'b'." in done.stderr


def test_a_forecaster_is_exported(penstock: Run, halves: pd.DataFrame, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="pip install 'penstock[test]' brings onnx")
    penstock("fit", "first.csv", "--model", "rnn:2", "--window", 4, "--epochs", 1, "--out", "m.penstock")
    done = penstock("export", "m.penstock", "--out", "m.onnx")
    assert (done.returncode, done.stdout) == (0, "Written: m.onnx\n"), done.stderr
    written = (tmp_path / "m.onnx").read_bytes()
    import onnx

    assert [each.name for each in onnx.load_from_string(written).graph.output] == ["forecast"]
    penstock("fit", "first.csv", "--model", "naive", "--out", "n.penstock")
    done = penstock("export", "n.penstock", "--out", "n.onnx")
    assert done.returncode == 2
    assert "Naive is not exported to ONNX" in done.stderr


@pytest.mark.slow
def test_shards_are_fitted_and_forecast_file_by_file(penstock: Run, tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    frames = []
    for name in "ab":
        y = np.random.default_rng(ord(name)).normal(size=40).cumsum() + 50
        frames.append(pd.DataFrame({"shop": name, "day": pd.date_range("2024-01-01", periods=40), "sales": y}))
        frames[-1].to_parquet(tmp_path / "rows" / f"{name}.parquet", index=False)
    words = ("--id", "shop", "--model", "rnn:2", "--window", 4, "--epochs", 1, "--horizon", 2, "--out", "m.penstock")
    done = penstock("fit", "rows/*.parquet", *words, "--scale", "minmax")
    assert done.returncode == 2
    assert "windows are scaled by themselves: --scale window" in done.stderr
    done = penstock("fit", "rows/*.parquet", *words, "--sort")
    assert done.returncode == 0, done.stderr
    assert "fitted to 80 rows of 2 series in 2 files" in done.stdout
    assert "--sort has no effect" in done.stderr
    assert "name a folder: --out FOLDER" in penstock("predict", "m.penstock", "rows").stderr
    done = penstock("predict", "m.penstock", "rows", "--out", "forecasts")
    assert done.stdout == "Written: 2 files in forecasts\n", done.stderr
    found = pd.concat([pd.read_parquet(tmp_path / "forecasts" / f"{name}.parquet") for name in "ab"])
    whole = ps.load(tmp_path / "m.penstock").predict(pd.concat(frames))
    pd.testing.assert_frame_equal(found.reset_index(drop=True), whole, check_exact=True)
