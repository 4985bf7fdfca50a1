"""Gradient boosting on lags."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

import penstock as ps
from penstock.baselines.lag_features import LagFeatures
from penstock.baselines.trees import Trees
from penstock.data.frames import read_panel


def panel(series: int = 6, rows: int = 60) -> pd.DataFrame:
    draw, time = np.random.default_rng(4), np.arange(rows)
    frames = []
    for number in range(series):
        y = 10.0**number * (5 + 0.02 * time + np.sin(2 * np.pi * time / 4) + 0.1 * draw.normal(size=rows))
        days = pd.date_range("2001-01-01", periods=rows, freq="QS")
        frames.append(pd.DataFrame({"unique_id": f"s{number}", "ds": days, "y": y}))
    return pd.concat(frames)


def test_trees_equal_those_of_scikit_learn() -> None:
    draw = np.random.default_rng(0)
    X = draw.normal(size=(400, 3))
    X[draw.random(X.shape) < 0.1] = np.nan
    y = np.nan_to_num(X[:, 0]) + np.isnan(X[:, 1])
    fitted = HistGradientBoostingRegressor(max_iter=6, random_state=0).fit(X, y)
    trees = Trees.of(fitted)
    np.testing.assert_allclose(trees.predict(X), fitted.predict(X), rtol=1e-12)
    staged = list(trees.staged(X))
    assert len(staged) == 7
    np.testing.assert_allclose(trees.first(2).predict(X), staged[2], rtol=1e-12)
    trees.check()
    with pytest.raises(ps.DataError, match="the file is damaged"):
        replace(trees, left=trees.left * 0).check()


def test_features_are_those_of_the_window() -> None:
    frame = pd.DataFrame({"ds": range(12), "y": np.arange(12.0) ** 2})
    features = LagFeatures(read_panel(frame)[0], 4, (3,))
    rows, steps = np.array([9, 9]), np.array([1, 2])
    measures = features.measures(rows)
    X, base = features.read(rows, steps, measures, np.zeros((2, 0)))
    values = X * measures.spread[:, None] + measures.level[:, None]
    np.testing.assert_allclose(values[:, :4], [[81, 64, 49, 36]] * 2)
    np.testing.assert_allclose(values[:, 4:7], [[49, 16, 1], [64, 25, 4]])  # one, two, three seasons before the step
    assert base.tolist() == [81.0, 81.0] if measures.lag[0] == 1 else [49.0, 64.0]
    assert X[:, features.step_column].tolist() == [1, 2]
    again, _ = features.read(rows[:1], np.array([2]), features.measures(rows[:1]), np.array([[100.0]]))
    fed_back = again * measures.spread[0] + measures.level[0]
    np.testing.assert_allclose(fed_back[0, :7], [100, 81, 64, 49, 64, 25, 4])


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_learns_over_series_of_any_level(strategy: str) -> None:
    frame = panel()
    last = frame.groupby("unique_id").cumcount(ascending=False) < 4
    model = ps.Boosting(strategy=strategy, horizon=4, trees=40).fit(frame[~last])
    assert model.fit_notes[1] == "season of 4 steps, taken from the frequency"
    out = model.predict(level=80)
    level = frame[last].groupby("unique_id")["y"].transform("mean").to_numpy()
    assert (np.abs(out["yhat"] - frame[last]["y"].to_numpy()) / level).max() < 0.1
    assert (out["lo-80"] < out["yhat"]).all()
    new = frame[~last & (frame["unique_id"] == "s2")].assign(unique_id="new")
    np.testing.assert_allclose(model.predict(new)["yhat"], out["yhat"][8:12], rtol=1e-9)


def test_constant_and_short_series_and_long_seasons() -> None:
    constant = pd.DataFrame({"ds": range(30), "y": 7.0})
    assert ps.Boosting(4, horizon=2, trees=5).fit(constant).predict()["yhat"].tolist() == [7, 7]
    with pytest.raises(ps.DataError, match="season=40 steps is longer than every series"):
        ps.Boosting(40).fit(constant)
    with pytest.raises(ps.DataError, match="residuals can give no 80 % interval"):
        ps.Boosting(1, trees=5).fit(constant).predict(level=80)
    drawn = ps.Boosting(4, horizon=4, trees=2, samples=200).fit(panel())
    assert "fitted to 200 of 1,332 samples, drawn at random" in drawn.fit_notes


def test_a_season_that_no_series_reaches_back_to_has_columns_without_values() -> None:
    frame = panel(series=3, rows=24)
    found = ps.Boosting(12, horizon=2, trees=5).fit(frame).predict()
    assert np.isfinite(found["yhat"]).all()
