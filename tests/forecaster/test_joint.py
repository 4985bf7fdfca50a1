"""Joint forecasts: all series in one window, all forecasts in one output."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.frames import read_panel


def pair(rows: int = 200) -> pd.DataFrame:
    """Two series: b is what a was one step before."""
    a = np.random.default_rng(3).normal(size=rows)
    b = 10 * np.roll(a, 1)
    return pd.DataFrame({"unique_id": ["a"] * rows + ["b"] * rows, "ds": [*range(rows)] * 2, "y": [*a, *b]})


@pytest.fixture(scope="module")
def fitted() -> ps.Forecaster:
    model = ps.Forecaster(ps.Network([ps.RNN(4)]), window=3, scale="standard", optimizer=ps.Adam(0.03), joint=True)
    return model.set_params(epochs=60, seed=2, horizon=2, batch=32).fit(pair()[lambda frame: frame["ds"] < 180])


@pytest.mark.slow
def test_one_series_explains_the_other(fitted: ps.Forecaster) -> None:
    panel, _ = read_panel(pair())
    origins = np.arange(380, 397)
    errors = np.abs(fitted.forecast_panel(panel, origins)[0] - panel.y[origins[:, None] + [1, 2]])
    assert errors[:, 0].mean() < 3  # alone it would be 8
    assert errors[:, 1].mean() > 5


def test_series_in_another_order_get_the_same_forecasts(fitted: ps.Forecaster) -> None:
    swapped = pair().sort_values("unique_id", ascending=False, kind="stable")
    one, other = fitted.predict(pair()), fitted.predict(swapped)
    assert one["unique_id"].tolist() == ["a", "a", "b", "b"]
    assert np.array_equal(one["yhat"], np.roll(other["yhat"], 2))


def test_round_trip(fitted: ps.Forecaster, tmp_path: Path) -> None:
    fitted.save(tmp_path / "m.penstock")
    assert ps.load(tmp_path / "m.penstock").predict(pair()).equals(fitted.predict(pair()))


@pytest.mark.slow
def test_the_published_macro_network() -> None:
    """LSTM 12, LSTM 6, dense 10 and 2 outputs on two series: 1,268 weights."""
    network = ps.Network([ps.LSTM(12), ps.LSTM(6)], dense=[10])
    model = ps.Forecaster(network, window=24, joint=True, epochs=1, validation=0, batch=200).fit(pair(60))
    assert model.parameters == 1268
    assert model.inputs_ == ps.Inputs(2)


def test_what_is_refused(fitted: ps.Forecaster) -> None:
    with pytest.raises(ps.DataError, match="1 of the 2 series that were fitted together are not in the frame"):
        fitted.predict(pair()[:200])
    with pytest.raises(ps.DataError, match="joint=True reads all series at each time, but these do not have"):
        fitted.clone().fit(pair()[:-1])
