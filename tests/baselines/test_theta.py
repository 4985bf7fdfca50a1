"""The Theta method against its own formulas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.forecasting.theta import ThetaModel
from statsmodels.tsa.seasonal import seasonal_decompose

import penstock as ps


def monthly(rows: int, noise: float = 1.0) -> pd.DataFrame:
    draw, time = np.random.default_rng(1), np.arange(rows)
    y = (100 + 0.7 * time) * (1 + 0.2 * np.sin(2 * np.pi * time / 12)) + noise * draw.normal(size=rows).cumsum()
    return pd.DataFrame({"ds": pd.date_range("2012-05-01", periods=rows, freq="MS"), "y": y})


def test_equals_the_formula_of_hyndman_and_billah() -> None:
    frame = monthly(80)
    model = ps.Theta(horizon=14).fit(frame)
    y = frame.set_index("ds")["y"].asfreq("MS")
    decomposed = seasonal_decompose(y, "multiplicative", period=12)
    index = decomposed.seasonal.to_numpy()[:12]
    np.testing.assert_allclose(
        model.index_[0][(y.index[:12].year * 12 + y.index[:12].month - 1) % 12], index, rtol=1e-10
    )
    plain = y.to_numpy() / np.resize(index, 80)
    slope = np.polyfit(np.arange(80), plain, 1)[0]
    assert model.slope_[0] == pytest.approx(slope, rel=1e-10)
    alpha, level = model.alpha_[0], plain[0]
    for value in plain[1:]:
        level += alpha * (value - level)
    h = np.arange(14)
    expected = (level + slope / 2 * (h + (1 - (1 - alpha) ** 80) / alpha)) * np.resize(np.roll(index, -80 % -12), 14)
    np.testing.assert_allclose(model.predict()["yhat"], expected, rtol=1e-10)
    # statsmodels begins the level elsewhere and tests the season otherwise; its forecasts are near.
    near = ThetaModel(y, period=12, deseasonalize=True, method="multiplicative").fit().forecast(14)
    np.testing.assert_allclose(model.predict()["yhat"], near, rtol=0.01)


def test_the_smoothing_parameter_has_the_smallest_one_step_errors() -> None:
    frame = monthly(60, noise=3.0)
    model = ps.Theta(1).fit(frame)

    def loss(alpha: float) -> float:
        y = frame["y"].to_numpy()
        fitted = pd.Series(y).ewm(alpha=alpha, adjust=False).mean().to_numpy()
        return float(np.square(y[1:] - fitted[:-1]).sum())

    best = min(loss(alpha) for alpha in np.arange(0.001, 1, 0.001))
    assert loss(model.alpha_[0]) == pytest.approx(best, rel=1e-4)


def test_what_has_no_season_keeps_neutral_indices() -> None:
    draw = np.random.default_rng(0)
    walk = pd.DataFrame({"ds": range(60), "y": draw.normal(size=60).cumsum()})
    assert not ps.Theta(7).fit(walk).index_.any()  # values below zero: nothing is added
    assert (ps.Theta(7).fit(walk.assign(y=5.0)).index_ == 1).all()
    assert ps.Theta(7, horizon=2).fit(walk.assign(y=5.0)).predict()["yhat"].tolist() == [5.0, 5.0]
    with pytest.raises(ps.DataError, match="season=70 steps is longer than every series"):
        ps.Theta(70).fit(walk)


def test_newer_rows_are_read_at_their_own_place_in_the_season() -> None:
    frame = monthly(84, noise=0.0)
    model = ps.Theta(horizon=3).fit(frame[:72])
    np.testing.assert_allclose(model.predict(frame[30:80])["yhat"], frame["y"][80:83], rtol=0.03)


@pytest.mark.parametrize("variant", ["optimized", "dynamic"])
def test_the_variants_equal_their_recursions(variant: str) -> None:
    """The equations of Fiorucci et al. (2016), row by row, with the parameters that were chosen; none is better."""
    y = monthly(40, noise=3.0)["y"].to_numpy()
    model = ps.Theta(1, variant=variant, horizon=3).fit(pd.DataFrame({"ds": range(40), "y": y}))
    line = np.polyfit(np.arange(1, 41), y, 1)

    def run(alpha: float, share: float, start: float) -> tuple[float, list[float]]:
        level, mean, slope, squares = start, 0.0, 0.0, 0.0
        intercept = 0.0
        values, ahead = list(y), list[float]()
        for t in range(1, 44):
            if variant == "optimized":
                slope, intercept = line
            drift = (1 - alpha) ** (t - 1) * intercept + (1 - (1 - alpha) ** t) / alpha * slope
            forecast = level + share * drift
            if t > 40:
                values.append(forecast)
                ahead.append(forecast)
            elif t > 2:
                squares += (values[t - 1] - forecast) ** 2
            value = values[t - 1]
            slope = ((t - 2) * slope + 6 * (value - mean) / t) / (t + 1) if t > 1 else 0.0
            mean = ((t - 1) * mean + value) / t
            intercept = mean - (t + 1) / 2 * slope
            level = alpha * value + (1 - alpha) * level
        return squares, ahead

    chosen = model.alpha_[0], model.share_[0], model.start_[0]
    least, ahead = run(*chosen)
    np.testing.assert_allclose(model.predict()["yhat"], ahead, rtol=1e-9)
    assert model.sigma_[0] == pytest.approx(np.sqrt(least / 36), rel=1e-6)
    for alpha in (chosen[0] + 0.02, chosen[0] - 0.02, 0.1, 0.5, 0.9):
        for share in (0.0, 0.5, chosen[1], 1.0):
            assert run(float(np.clip(alpha, 0.001, 0.999)), share, chosen[2])[0] >= least * (1 - 1e-4)
    assert model.label == f"Theta(1, {variant})"
