"""Forecasts in one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.automatic.candidates import classical_models, panel_forecaster
from penstock.automatic.seasons import find_season
from penstock.data.columns import Columns
from penstock.data.frames import read_panel
from penstock.data.panel import Panel

QUICK: dict[str, Any] = {"members": 1, "steps": 20, "search": False}


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
    assert lines[0] == "season: 12 (from the frequency); horizon: 6"
    names = ["GRU(32)", "Theta(12)", "Theta(12, dynamic)", "Naive", "SeasonalNaive(12)", "together"]
    assert [line[:24].strip() for line in lines[2:8]] == names
    errors = result.model.validation_errors_
    assert errors[-1] <= errors[-2]
    assert result.notes[0] == "Boosted trees are not tried: 114 windows are too few."
    page = result.report(tmp_path / "page.html").read_text()
    assert "Forecasts are a weighted mean of" in page
    assert all(name in page for name in names)
    result.model.save(tmp_path / "m.penstock")
    again = nw.from_native(ps.load(tmp_path / "m.penstock").predict(level=80), eager_only=True)
    assert np.array_equal(again["yhat"].to_numpy(), out["yhat"].to_numpy())


@pytest.mark.slow
def test_short_series_are_forecast_by_their_last_value_and_named() -> None:
    months = pd.date_range("2020-01-01", periods=5, freq="MS")
    short = pd.DataFrame({"unique_id": "short", "ds": months, "y": [1.0, 2.0, 2.0, 4.0, 3.0]})
    frame = pd.concat([panel(), short, short[:1].assign(unique_id="single")])
    result = ps.forecast(frame, 6, level=60, **QUICK)
    last = result.frame[result.frame["unique_id"].isin(["short", "single"])]
    assert last["yhat"].tolist() == [3.0] * 6 + [1.0] * 6
    assert last["ds"].tolist()[:6] == pd.date_range("2020-06-01", periods=6, freq="MS").tolist()
    assert last["ds"].tolist()[6:] == pd.date_range("2020-02-01", periods=6, freq="MS").tolist()
    assert any("2 of 5 series are too short to fit" in note and "short (5 rows)" in note for note in result.notes)


@pytest.mark.parametrize("rows", [60, pytest.param(4, marks=pytest.mark.slow)])
def test_constant_and_very_short_panels_are_forecast_by_the_last_value(rows: int) -> None:
    frame = panel().groupby("unique_id").head(rows).assign(y=7.0)
    result = ps.forecast(frame, 6, **QUICK)
    assert set(result.frame["yhat"]) == {7.0}
    assert "Nothing could be validated" in result.notes[-1]
    assert result.page().lead[0].startswith("All series are forecast by mean(Naive)")


def test_a_single_row_is_forecast_without_intervals() -> None:
    result = ps.forecast(panel().head(1), 2, level=80, **QUICK)
    assert result.frame["yhat"].tolist() == [panel()["y"][0]] * 2
    assert result.frame["lo-80"].isna().all()
    assert any("Bounds of intervals are left empty" in note for note in result.notes)
    assert any("One row tells no frequency: days are taken" in note for note in result.notes)


def test_the_season_of_counted_steps_is_found_in_the_values() -> None:
    draw, time = np.random.default_rng(0), np.arange(700)

    def counted(y: Any) -> Any:
        return read_panel(pd.DataFrame({"ds": time[: len(y)], "y": y}), Columns())[0]

    noise = draw.normal(size=700)
    day, week = np.sin(2 * np.pi * time / 24), 2.0 * (time // 24 % 7 > 4)
    assert find_season(counted(5 * day + noise / 3)) == (24,)
    assert find_season(counted(5 * day * (1 + week) + noise / 3)) == (24, 168)
    assert find_season(counted(draw.normal(size=12)[time[:90] % 12] * 3 + noise[:90].cumsum() / 3)) == (12,)
    assert find_season(counted(noise.cumsum())) == find_season(counted(noise)) == ()


@pytest.mark.slow
def test_the_reference_keeps_half_of_the_weight_where_nothing_beats_it() -> None:
    walks = np.random.default_rng(5).normal(size=(8, 60)).cumsum(axis=1)
    ids, days = np.repeat(np.arange(8), 60), np.tile(np.arange(60), 8)
    result = ps.forecast(pd.DataFrame({"unique_id": ids, "ds": days, "y": walks.ravel()}), 4, **QUICK)
    assert result.season == ()
    assert result.model.guarded_
    assert dict(zip(result.model.chosen_.tolist(), result.model.weights_.tolist(), strict=True))[3] >= 0.5


@pytest.mark.slow
def test_of_several_networks_the_best_in_validation_is_taken() -> None:
    result = ps.forecast(panel(), 6, members=1, steps=40)
    assert list(result.tried) == ["usual", "in logs"]
    assert result.taken in result.tried
    assert np.isfinite(list(result.tried.values())).all()


@pytest.mark.slow
def test_a_given_season_wins_and_a_long_one_is_refused() -> None:
    assert ps.forecast(panel(), 3, season=1, **QUICK).season == ()
    with pytest.raises(ps.DataError, match="season=99 steps is longer than every series"):
        ps.forecast(panel(), 3, season=99, **QUICK)


@pytest.mark.parametrize(
    ("horizon", "season", "window"), [(6, (), 8), (8, (4,), 8), (18, (12,), 24), (48, (24, 168), 168), (56, (7,), 56)]
)
def test_options_follow_from_horizon_and_season_alone(horizon: int, season: tuple[int, ...], window: int) -> None:
    assert panel_forecaster(horizon, season).window == window


def test_boosted_trees_are_tried_where_there_are_a_thousand_windows() -> None:
    rows = 1000 + 6 + 2
    panel = Panel(np.zeros(rows), np.arange(rows), np.array([0, rows]), (None,))
    labels = [model.label for model in classical_models(panel, 6, (12,))]
    assert labels == ["Boosting(12)", "Theta(12)", "Theta(12, dynamic)", "Naive", "SeasonalNaive(12)"]
    fewer = panel.last(rows - 1)
    assert [model.label for model in classical_models(fewer, 6, ())] == ["Theta(1)", "Theta(1, dynamic)", "Naive"]


def test_what_was_not_validated_has_no_number_and_intervals_are_bands() -> None:
    from penstock.automatic.page import forecast_page

    days = pd.date_range("2024-01-01", periods=5)
    short = pd.concat([pd.DataFrame({"unique_id": name, "ds": days, "y": [1.0, 3, 2, 5, 4]}) for name in "ab"])
    result = ps.forecast(short, 2, level=[80, 95], members=1, steps=1, search=False)
    assert "nan" not in result.summary()
    assert "Naive                           –    1.00" in result.summary()
    (picture,) = forecast_page(result).pictures
    assert picture.wide.count(">forecast<") == picture.wide.count(">80 % interval<") == 1
    assert "lower bound" not in picture.wide
    assert list(forecast_page(result).tables[0].columns) == ["model", "error", "% of Naive", "weight"]


@pytest.mark.slow
def test_intervals_take_no_second_forecast(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    forecast = ps.Ensemble._forecast
    monkeypatch.setattr(ps.Ensemble, "_forecast", lambda self, *given: taken.append(1) or forecast(self, *given))
    months = pd.date_range("2000-01-01", periods=200, freq="MS")
    y = 100 + 10 * np.sin(np.arange(200) / 2) + np.random.default_rng(0).normal(size=200)
    panel = pd.concat(
        [pd.DataFrame({"unique_id": name, "ds": months, "y": y + place}) for place, name in enumerate("ABC")]
    )
    result = ps.forecast(panel, 3, level=80, members=1, steps=20, search=False)
    assert len(result.model.residuals_) >= 4
    assert len(taken) == 1
    assert (result.frame["lo-80"] < result.frame["yhat"]).all()
