"""Forecasts in one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.forecaster.automatic import panel_forecaster

QUICK: dict[str, Any] = {"members": 1, "steps": 20}


def panel() -> pd.DataFrame:
    draw, time = np.random.default_rng(4), np.arange(60)
    parts = []
    for name, level, rows in (("a", 10.0, 60), ("b", 5e4, 48), ("c", 3.0, 30)):
        y = level * (5 + np.sin(2 * np.pi * time / 12) + 0.02 * time + draw.normal(size=60) / 20)
        days = pd.date_range("2018-01-01", periods=60, freq="MS")
        parts.append(pd.DataFrame({"unique_id": name, "ds": days, "y": y})[-rows:])
    return pd.concat(parts)


@pytest.mark.fast("polars")
def test_one_call_forecasts_a_panel_and_says_what_was_chosen(as_kind: Any, tmp_path: Path) -> None:
    frame = as_kind(panel())
    result = ps.forecast(frame, 6, level=80, **QUICK)
    assert type(result.frame) is type(frame)
    out = nw.from_native(result.frame, eager_only=True)
    assert out.columns == ["unique_id", "ds", "yhat", "lo-80", "hi-80"]
    assert len(out) == 18
    assert result.season == (12,)
    lines = result.summary().splitlines()
    assert lines[0] == "season: 12; horizon: 6"
    assert [line.split()[0] for line in lines[2:]] == ["GRU(32)", "Theta(12)", "SeasonalNaive(12)", "together"]
    errors = result.model.validation_errors_
    assert errors[-1] <= errors[:-1].min() + 1e-12
    result.model.save(tmp_path / "m.penstock")
    again = nw.from_native(ps.load(tmp_path / "m.penstock").predict(level=80), eager_only=True)
    assert np.array_equal(again["yhat"].to_numpy(), out["yhat"].to_numpy())


def test_short_series_are_counted_and_the_rest_is_forecast() -> None:
    frame = pd.concat([panel(), panel()[:5].assign(unique_id="short")])
    with pytest.warns(UserWarning, match="1 of 4 series are left out"):
        result = ps.forecast(frame, 6, **QUICK)
    assert set(result.frame["unique_id"]) == {"a", "b", "c"}


def test_a_given_season_wins_and_a_long_one_is_refused() -> None:
    assert ps.forecast(panel(), 3, season=1, **QUICK).season == ()
    with pytest.raises(ps.DataError, match="season=99 steps is longer than every series"):
        ps.forecast(panel(), 3, season=99, **QUICK)


@pytest.mark.parametrize(
    ("horizon", "season", "window"), [(6, (), 8), (8, (4,), 8), (18, (12,), 24), (48, (24, 168), 168), (56, (7,), 56)]
)
def test_options_follow_from_horizon_and_season_alone(horizon: int, season: tuple[int, ...], window: int) -> None:
    assert panel_forecaster(horizon, season).window == window
