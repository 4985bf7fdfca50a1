"""Published figures of public sets, by our baselines and scores."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

import penstock as ps


@pytest.fixture
def benchmarks() -> Path:
    """The folder of the public sets, or a skip that says how to have it."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "benchmarks"
    folder = Path(os.environ.get("PENSTOCK_BENCHMARKS") or beside)
    if not folder.is_dir():
        pytest.skip("the public sets are not here: set PENSTOCK_BENCHMARKS to the folder that holds them")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "horizon", "season", "expected"),
    [
        ("m3_monthly", 18, 12, {"SeasonalNaive(12)": {"mase": 1.146}}),
        (
            "m4_hourly", 48, 24,
            {
                "SeasonalNaive(24)": {"smape": 13.912, "mase": 1.193},
                "Naive": {"smape": 43.003, "mase": 11.608},
                "Naive2": {"smape": 18.383, "mase": 2.395, "owa": 1.0},
            },
        ),
    ],
)  # fmt: skip
def test_published_figures(
    benchmarks: Path, name: str, horizon: int, season: int, expected: dict[str, dict[str, float]]
) -> None:
    frame = pd.read_csv(benchmarks / f"{name}.csv.gz")
    if not pd.api.types.is_integer_dtype(frame["ds"]):
        frame["ds"] = pd.to_datetime(frame["ds"])
    split = ps.RollingOrigin(horizon=horizon, test=horizon, align="series")
    result = ps.compare([ps.SeasonalNaive(season)], frame, split, metrics=["mase", "smape", "owa"], season=season)
    for model, scores in expected.items():
        for score, value in scores.items():
            assert round(result.row(model)[score], 3) == value, (model, score)
