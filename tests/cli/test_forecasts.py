"""`penstock compare --forecasts`: forecasts that were made elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps


def test_files_of_forecasts_are_judged_beside_the_models(penstock: Any, tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=40)
    y = np.random.default_rng(2).normal(size=40).cumsum()
    frame = pd.concat(
        pd.DataFrame({"unique_id": name, "ds": days, "y": 50 + y * n}) for n, name in ((1, "1"), (2, "2"))
    )
    frame.to_csv(tmp_path / "panel.csv", index=False)
    made = ps.compare([ps.Naive()], frame, ps.RollingOrigin(horizon=2, test=6, step=2)).forecasts
    made.drop(columns=["step", "model", "y"]).to_csv(tmp_path / "from_r.csv", index=False)
    split = ("--horizon", 2, "--test", 6, "--step", 2)
    done = penstock(
        "compare", "panel.csv", "--models", "naive", "--forecasts", "from_r.csv", *split, "--json", "out.json"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Leak: from_r was forecast elsewhere" in done.stdout
    found = json.loads((tmp_path / "out.json").read_text())
    rows = {row["model"]: row["rmse"] for row in found["rows"]}
    assert rows["from_r"] == pytest.approx(rows["Naive"])
    assert found["leaks"][0].startswith("from_r was forecast elsewhere")
    made.drop(columns="cutoff").to_csv(tmp_path / "other.csv", index=False)
    done = penstock("compare", "panel.csv", "--models", "naive", "--forecasts", "other.csv", *split)
    assert done.returncode == 2
    assert "other: the forecasts have no column 'cutoff'" in done.stderr
