from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.ar_model import AutoReg

import penstock as ps
from penstock.data.frames import read_panel


def test_by_hand() -> None:
    frame = pd.DataFrame({"ds": range(5), "y": [1.0, 4.0, 2.0, 8.0, 5.0]})

    def forecast(model: ps.Naive | ps.SeasonalNaive | ps.Drift) -> list[float]:
        return model.fit(frame).predict()["yhat"].tolist()

    assert forecast(ps.Naive(horizon=3)) == [5.0, 5.0, 5.0]
    assert forecast(ps.SeasonalNaive(3, horizon=4)) == [2.0, 8.0, 5.0, 2.0]
    assert forecast(ps.Drift(horizon=2)) == [6.0, 7.0]


@pytest.mark.parametrize("order", [1, 3, 5])
def test_ar_equals_statsmodels(walk: pd.DataFrame, order: int) -> None:
    model = ps.AR(order, horizon=4).fit(walk)
    reference = AutoReg(walk["y"].to_numpy(), order, trend="c").fit()
    np.testing.assert_allclose(model.coef_[0], reference.params, rtol=1e-10)
    np.testing.assert_allclose(model.predict()["yhat"], reference.forecast(4), rtol=1e-9)


def test_ar_is_least_squares(walk: pd.DataFrame) -> None:
    y = walk["y"].to_numpy()
    X = np.column_stack([np.ones(158), y[1:-1], y[:-2]])
    coefficients = np.linalg.lstsq(X, y[2:], rcond=None)[0]
    np.testing.assert_allclose(ps.AR(2).fit(walk).coef_[0], coefficients, rtol=1e-8)


def test_ar_rolls_on_with_fixed_coefficients(walk: pd.DataFrame) -> None:
    model = ps.AR(2).fit(walk[:100])
    panel, _ = read_panel(walk)
    c, φ1, φ2 = model.coef_[0]
    for origin in (99, 120, 158):
        expected = c + φ1 * panel.y[origin] + φ2 * panel.y[origin - 1]
        assert model.forecast_panel(panel, np.array([origin]))[0, 0, 0] == pytest.approx(expected, rel=1e-12)


def test_each_series_has_its_own_coefficients(walk: pd.DataFrame) -> None:
    both = pd.concat([walk, walk.assign(unique_id="b", y=walk["y"].to_numpy()[::-1])])
    model = ps.AR(2).fit(both)
    assert model.coef_.shape == (2, 3)
    np.testing.assert_allclose(model.coef_[1], ps.AR(2).fit(both[160:]).coef_[0])
    reordered = model.predict(pd.concat([both[160:], both[:160]]))
    assert reordered["unique_id"].tolist() == ["b", "walk"]
    np.testing.assert_allclose(reordered["yhat"].to_numpy()[::-1], model.predict()["yhat"])


def test_constant_series_is_forecast_as_it_is() -> None:
    frame = pd.DataFrame({"ds": range(30), "y": 4.0})
    for model in (ps.AR(2, horizon=3), ps.Drift(horizon=3)):
        np.testing.assert_allclose(model.fit(frame).predict()["yhat"], 4.0, rtol=1e-8)


def test_the_season_of_the_seasonal_naive_is_that_of_the_frequency(tmp_path: Path) -> None:
    months = pd.DataFrame({"ds": pd.date_range("2018-01-01", periods=30, freq="MS"), "y": np.arange(30.0)})
    model = ps.SeasonalNaive(None, horizon=2).fit(months)
    assert model.predict()["yhat"].tolist() == [18.0, 19.0]
    assert model.fit_notes == ("season of 12 steps, taken from the frequency",)
    model.save(tmp_path / "m.penstock")
    assert ps.load(tmp_path / "m.penstock").predict().equals(model.predict())
    counted = ps.SeasonalNaive(None).fit(months.assign(ds=range(30)))
    assert counted.predict()["yhat"].tolist() == [29.0]
    assert counted.fit_notes == ("no season in the frequency",)
