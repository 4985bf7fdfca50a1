"""`penstock tune`, as a user types it, on a real file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import penstock as ps

Run = Callable[..., Any]


@pytest.mark.slow
def test_tune_on_a_users_file(penstock: Run, prices: Path) -> None:
    asked = [
        "tune", "prices.csv", "--time", "Date", "--target", "Close", "--model", "ridge:1", "--space", "lags=1,2,5",
        "--space", "penalty=1e-3..100:log", "--trials", "8", "--inner", "20", "--test", "30", "--refit", "15",
    ]  # fmt: skip
    done = penstock(*asked, "--json", "r.json", "--report", "r.html", "--storage", "t.jsonl")
    assert done.returncode == 0, done.stderr
    result = json.loads((prices / "r.json").read_text())
    assert [row["model"] for row in result["rows"]] == ["Tuned(Ridge(1))", "Ridge(1)", "Naive"]
    (folds,) = result["searches"].values()
    assert [len(trials) for trials in folds] == [9, 9]  # eight, and the options as given
    assert folds[0][0]["settings"] == {"pairs": []}
    assert "The options as given are one of the settings." in done.stdout.replace("\n", " ")
    assert "Tuned(Ridge(1)) does not beat the last value" in done.stdout
    page = (prices / "r.html").read_text()
    assert "step ahead: Tuned(Ridge(1)), Naive." in page
    assert "the options as given dashed" in page
    kept = len((prices / "t.jsonl").read_text().splitlines())
    again = penstock(*asked, "--json", "again.json", "--storage", "t.jsonl")
    assert again.returncode == 0, again.stderr
    assert len((prices / "t.jsonl").read_text().splitlines()) == kept  # nothing is run again
    assert json.loads((prices / "again.json").read_text())["searches"] == result["searches"]
    there = penstock(*asked, "--json", "there.json", "--engine", "processes", "--workers", "1")
    assert there.returncode == 0, there.stderr
    assert json.loads((prices / "there.json").read_text())["searches"] == result["searches"]

    frame = pd.read_csv(prices / "prices.csv")[["Date", "Close"]].set_axis(["ds", "y"], axis=1)
    space = {"lags": [1, 2, 5], "penalty": ps.Range(1e-3, 100.0, log=True)}
    tuned = ps.Tuned(ps.Ridge(1), space, trials=8, inner=ps.RollingOrigin(test=20)).fit(frame[:-30])
    told = [trial.to_json() for trial in tuned.trials_]
    assert told == folds[0]
    tuned.save(prices / "m.penstock")
    loaded = ps.load(prices / "m.penstock")
    assert loaded.predict().equals(tuned.predict())
    assert (loaded.trials_, loaded.best_) == (tuned.trials_, tuned.best_)

    wrong = penstock(*asked[:7], "ridge:1", "--space", "lag=1,2")
    assert wrong.returncode == 2
    assert "has no option 'lag'; did you mean 'lags'?" in wrong.stderr
