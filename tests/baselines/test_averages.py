from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.frames import read_panel


@pytest.mark.parametrize("span", [1, 4, 20])
def test_equal_pandas_at_every_cutoff(walk: pd.DataFrame, span: int) -> None:
    panel, _ = read_panel(walk)
    origins = np.arange(60, 160)
    sma = ps.SMA(span, horizon=2).fit(walk[:100]).forecast_panel(panel, origins)[0]
    expected = walk["y"].rolling(span).mean().to_numpy()[60:]
    np.testing.assert_allclose(sma, np.column_stack([expected, expected]), rtol=1e-12)
    ema = ps.EMA(span, horizon=2).fit(walk[:100]).forecast_panel(panel, origins)[0]
    expected = walk["y"].ewm(span=span, adjust=True).mean().to_numpy()[60:]
    np.testing.assert_allclose(ema, np.column_stack([expected, expected]), rtol=1e-12)


def test_the_last_training_rows_hold_the_whole_memory() -> None:
    long = pd.DataFrame({"ds": range(3000), "y": np.random.default_rng(2).normal(size=3000).cumsum() + 1e3})
    model = ps.EMA(10).fit(long)
    assert model.tail_.rows == 224
    np.testing.assert_allclose(model.predict()["yhat"], long["y"].ewm(span=10).mean().iloc[-1], rtol=1e-14)


@pytest.mark.parametrize("kind", [ps.SMA, ps.EMA])
def test_the_span_with_the_smallest_one_step_error_is_chosen(kind: type[ps.SMA | ps.EMA]) -> None:
    rng = np.random.default_rng(5)
    level = np.cumsum(0.3 * rng.normal(size=400))
    y = pd.Series(level + rng.normal(size=400))
    model = kind(max_span=30).fit(pd.DataFrame({"ds": range(400), "y": y}))
    losses = []
    for span in range(1, 31):
        average = y.rolling(span).mean() if kind is ps.SMA else y.ewm(span=span).mean()
        losses.append(((y - average.shift(1))[30:] ** 2).mean())
    assert model.span_.tolist() == [1 + int(np.argmin(losses))]
    assert 2 < model.span_[0] < 30
    assert model.parameters == 1
    walk = pd.DataFrame({"ds": range(400), "y": np.cumsum(rng.normal(size=400))})
    assert kind(max_span=30).fit(walk).span_[0] <= 2  # a random walk is best forecast by its last value


def test_each_series_chooses_its_own_span() -> None:
    rng = np.random.default_rng(5)
    noise, walk = rng.normal(size=200), np.cumsum(rng.normal(size=200))
    parts = [pd.DataFrame({"unique_id": n, "ds": range(200), "y": y}) for n, y in (("noise", noise), ("walk", walk))]
    model = ps.SMA(max_span=20, horizon=2).fit(pd.concat(parts))
    assert model.span_[0] > 10 > 3 > model.span_[1]
    expected = [y[-span:].mean() for y, span in zip((noise, walk), model.span_, strict=True)]
    np.testing.assert_allclose(model.predict()["yhat"][::2], expected, rtol=1e-12)


def test_the_ema_has_the_standard_errors_of_simple_exponential_smoothing(walk: pd.DataFrame) -> None:
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    model = ps.EMA(4, horizon=6).fit(walk)
    panel, _ = read_panel(walk)
    sigma = model.sigma_panel(panel, np.array([159]))[0]
    # ARIMA(0,1,1) whose moving average is alpha less one has the same forecasts.
    reference = SARIMAX(walk["y"].to_numpy(), order=(0, 1, 1)).smooth([2 / 5 - 1, sigma[0] ** 2])
    np.testing.assert_allclose(sigma, reference.get_forecast(6).se_mean, rtol=1e-6)
    errors = (walk["y"] - walk["y"].ewm(span=4).mean().shift(1)).to_numpy()[4:]
    assert sigma[0] == pytest.approx(np.sqrt((errors**2).mean()), rel=1e-12)


def test_the_sma_measures_its_standard_errors_at_each_step(walk: pd.DataFrame) -> None:
    model = ps.SMA(5, horizon=3).fit(walk)
    sigma = model.sigma_panel(read_panel(walk)[0], np.array([159]))[0]
    average = walk["y"].rolling(5).mean()
    expected = [np.sqrt(((walk["y"] - average.shift(h)) ** 2).mean()) for h in (1, 2, 3)]
    np.testing.assert_allclose(sigma, expected, rtol=1e-12)


def test_options_that_contradict() -> None:
    with pytest.raises(ps.OptionError, match="SMA: max_span is for span=None; with span=3 leave it out"):
        ps.SMA(3, max_span=10)
