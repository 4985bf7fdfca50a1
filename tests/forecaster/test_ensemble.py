"""Several models as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.forecaster.validation import validated_weights

MODELS = [ps.Naive(), ps.Drift(), ps.SeasonalNaive(4)]


def panel(rows: int = 40) -> pd.DataFrame:
    time = np.arange(rows)
    parts = {"up": 3.0 * time, "wave": 50 + 20.0 * (time % 4 == 0) + 0.1 * np.cos(time)}
    return pd.concat([pd.DataFrame({"unique_id": name, "ds": time, "y": y}) for name, y in parts.items()])


@pytest.mark.parametrize(("combine", "join"), [("mean", np.mean), ("median", np.median)])
def test_forecasts_and_bounds_are_combined(combine: str, join: Any) -> None:
    frame = panel()
    out = ps.Ensemble(MODELS, combine, horizon=5).fit(frame).predict(level=80)
    each = [model.clone().set_params(horizon=5).fit(frame).predict(level=80) for model in MODELS]
    np.testing.assert_allclose(out["yhat"], join([own["yhat"] for own in each], axis=0), rtol=1e-12)
    np.testing.assert_allclose(
        out["hi-80"] - out["yhat"], join([own["hi-80"] - own["yhat"] for own in each], axis=0), rtol=1e-9, atol=1e-12
    )


def test_weights_are_those_of_the_last_horizon(tmp_path: Path) -> None:
    """On lines the drift is exact, and nothing else gets a weight."""
    frame = panel()
    lines = frame[frame["unique_id"] == "up"]
    model = ps.Ensemble(MODELS, "weighted", horizon=4).fit(lines)
    assert model.weights_.tolist() == [1.0]
    assert [type(each).__name__ for each in model.models_] == ["Drift"]
    np.testing.assert_allclose(model.predict()["yhat"], 3.0 * np.arange(40, 44))
    both = ps.Ensemble(MODELS, "weighted", horizon=4).fit(frame)
    assert both.weights_.sum() == pytest.approx(1)
    both.save(tmp_path / "m.penstock")
    loaded = ps.load(tmp_path / "m.penstock")
    assert repr(loaded) == repr(both)
    assert loaded.predict(level=80).equals(both.predict(level=80))


def test_intervals_come_from_the_errors_that_weights_were_validated_on(tmp_path: Path) -> None:
    """Of 60 random walks, each in its own units; another 60 walks are covered as often as is said."""
    draw = np.random.default_rng(2)
    y = draw.normal(size=(60, 43)).cumsum(axis=1) * 10.0 ** draw.integers(-2, 4, size=(60, 1))
    frame = pd.DataFrame({"unique_id": np.repeat(np.arange(60), 43), "ds": np.tile(np.arange(43), 60), "y": y.ravel()})
    model = ps.Ensemble([ps.Naive(), ps.Ridge(3, penalty=1.0)], "weighted", horizon=3).fit(frame[frame["ds"] < 40])
    out = model.predict(level=[80, 95])
    assert model.residuals_.shape == (60, 3)
    half = (out["hi-80"] - out["yhat"]).to_numpy().reshape(60, 3)
    steps = np.abs(np.diff(y[:, :40], axis=1)).mean(axis=1)
    expected = np.sort(np.abs(model.residuals_), axis=0)[int(np.ceil(61 * 0.8)) - 1]
    np.testing.assert_allclose(half, steps[:, None] * expected, rtol=1e-9)
    later = frame[frame["ds"] >= 40]["y"].to_numpy()
    for level, low, high in ((80, 0.65, 0.93), (95, 0.87, 1.0)):
        assert low < np.mean((out[f"lo-{level}"] <= later) & (later <= out[f"hi-{level}"])) <= high
    model.save(tmp_path / "m.penstock")
    assert ps.load(tmp_path / "m.penstock").predict(level=[80, 95]).equals(out)


def test_refused_in_words() -> None:
    with pytest.raises(ps.OptionError, match="models holds no model; allowed: forecasters and baselines"):
        ps.Ensemble([])
    with pytest.raises(ps.OptionError, match="models holds 3; allowed: forecasters"):
        ps.Ensemble([ps.Naive(), 3])  # type: ignore[list-item]
    with pytest.raises(ps.OptionError, match="combine='best' is unknown"):
        ps.Ensemble(MODELS, "best")
    with pytest.raises(ps.DataError, match="all series are constant, which tells no weights"):
        ps.Ensemble(MODELS, "weighted", horizon=4).fit(panel().assign(y=1.0))
    without = ps.Ensemble([ps.Ridge(5, penalty=1.0)], horizon=2).fit(panel())
    with pytest.raises(ps.OptionError, match="none of the models has intervals of its own"):
        without.predict(level=80)


def test_weights_are_halfway_between_the_best_and_those_of_each_models_error() -> None:
    errors = np.array([2.0, -1.0, 3.0])[:, None, None]
    best, alone = np.array([0.2, 0.7, 0.1]), np.array([1 / 16, 1, 1 / 81])
    np.testing.assert_allclose(validated_weights(errors), (best + alone / alone.sum()) / 2)
    twins = np.array([1.0, 1.0, 100.0])[:, None, None]
    np.testing.assert_allclose(validated_weights(twins), [0.75, 0.25, 0])  # small weights are none
    errors[2] = np.nan  # a model that failed on the validation rows
    assert validated_weights(errors)[2] == 0
    assert validated_weights(errors).sum() == pytest.approx(1)


def test_errors_are_in_units_of_the_seasonal_difference() -> None:
    """Of waves on steep lines: four steps ahead, the seasonal naive errs by the seasonal difference itself."""
    time = np.arange(40)
    frame = pd.DataFrame({"ds": time, "y": 50 * np.cos(np.pi / 2 * time).round() + 3.0 * time})
    models = [ps.SeasonalNaive(4), ps.Drift()]
    assert ps.Ensemble(models, "weighted", season=4, horizon=4).fit(frame).validation_errors_[0] == pytest.approx(1)
    steps = np.abs(np.diff(frame["y"][:36])).mean()
    assert ps.Ensemble(models, "weighted", horizon=4).fit(frame).validation_errors_[0] == pytest.approx(12 / steps)
