"""Several models as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps

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
