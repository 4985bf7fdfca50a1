"""Standard errors of forecasts against statsmodels, and the bounds that follow from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from statsmodels.regression.linear_model import OLS
from statsmodels.tsa.ar_model import AutoReg
from statsmodels.tsa.statespace.sarimax import SARIMAX

import penstock as ps
from penstock.data.frames import read_panel

LAST = np.array([159])


def sigma(model: ps.Naive, walk: pd.DataFrame) -> np.ndarray:
    return model.fit(walk).sigma_panel(read_panel(walk)[0], LAST)[0]


def test_naive(walk: pd.DataFrame) -> None:
    y = walk["y"].to_numpy()
    variance = (np.diff(y) ** 2).mean()
    reference = SARIMAX(y, order=(0, 1, 0)).smooth([variance]).get_forecast(5).se_mean
    np.testing.assert_allclose(sigma(ps.Naive(horizon=5), walk), reference, rtol=1e-8)


def test_seasonal_naive(walk: pd.DataFrame) -> None:
    y = walk["y"].to_numpy()
    variance = ((y[4:] - y[:-4]) ** 2).mean()
    reference = SARIMAX(y, order=(0, 0, 0), seasonal_order=(0, 1, 0, 4)).smooth([variance]).get_forecast(9).se_mean
    np.testing.assert_allclose(sigma(ps.SeasonalNaive(4, horizon=9), walk), reference, rtol=1e-8)


def test_drift(walk: pd.DataFrame) -> None:
    """The step is a mean that is estimated; its own variance counts h² times."""
    fit = OLS(np.diff(walk["y"]), np.ones(159)).fit()
    h = np.arange(1, 6)
    expected = np.sqrt(fit.scale * h + h**2 * fit.cov_params()[0, 0])
    np.testing.assert_allclose(sigma(ps.Drift(horizon=5), walk), expected, rtol=1e-10)


def test_mean(walk: pd.DataFrame) -> None:
    reference = OLS(walk["y"].to_numpy(), np.ones(160)).fit().get_prediction([1.0]).se_obs
    np.testing.assert_allclose(sigma(ps.Mean(horizon=2), walk), np.repeat(reference, 2), rtol=1e-10)


def test_linear_trend(walk: pd.DataFrame) -> None:
    panel, _ = read_panel(walk)
    model = ps.LinearTrend(12, horizon=4).fit(walk)
    origins = np.array([40, 90, 159])
    yhat, spread = model.forecast_panel(panel, origins)[0], model.sigma_panel(panel, origins)
    for place, origin in enumerate(origins):
        X = np.column_stack([np.ones(16), np.arange(16)])
        prediction = OLS(panel.y[origin - 11 : origin + 1], X[:12]).fit().get_prediction(X[12:])
        np.testing.assert_allclose(yhat[place], prediction.predicted_mean, rtol=1e-10)
        np.testing.assert_allclose(spread[place], prediction.se_obs, rtol=1e-10)


@pytest.mark.parametrize("order", [1, 4])
def test_ar(walk: pd.DataFrame, order: int) -> None:
    reference = AutoReg(walk["y"].to_numpy(), order, trend="c").fit().get_prediction(160, 167)
    np.testing.assert_allclose(sigma(ps.AR(order, horizon=8), walk), reference.se_mean, rtol=1e-8)


def test_bounds_are_those_of_a_gaussian(walk: pd.DataFrame) -> None:
    model = ps.AR(2, horizon=3).fit(walk)
    out = model.predict(level=[80, 97.5])
    assert out.columns.tolist() == ["unique_id", "ds", "yhat", "lo-80", "hi-80", "lo-97.5", "hi-97.5"]
    reference = AutoReg(walk["y"].to_numpy(), 2, trend="c").fit().get_prediction(160, 162).conf_int(alpha=0.2)
    np.testing.assert_allclose(out[["lo-80", "hi-80"]], reference, rtol=1e-8)
    half = norm.ppf(0.9875) * model.sigma_panel(model.tail_, np.array([model.tail_.rows - 1]))[0]
    np.testing.assert_allclose(out["hi-97.5"] - out["yhat"], half, rtol=1e-10)
    assert model.predict(level=80).equals(out.iloc[:, :5])
    assert np.array_equal(model.predict()["yhat"], out["yhat"])


def test_levels_refused(walk: pd.DataFrame) -> None:
    model = ps.Naive().fit(walk)
    for level in (0, 100, [80, 120], True):
        with pytest.raises(ps.OptionError, match="is not allowed; allowed: percentages between 0 and 100"):
            model.predict(level=level)
    with pytest.raises(ps.OptionError, match=r"Ridge\(5\) has no forecast standard errors of its own"):
        ps.Ridge(5, penalty=1.0).fit(walk).predict(level=80)
    with pytest.raises(ps.DataError, match="Naive: too few training rows to estimate standard errors"):
        ps.Naive().fit(walk[:1]).predict(level=80)


def test_a_file_older_than_standard_errors_says_so() -> None:
    model = ps.load(Path(__file__).parents[1] / "golden" / "format-1-ar.penstock")
    assert np.isfinite(model.predict()["yhat"]).all()
    with pytest.raises(ps.DataError, match="too few training rows to estimate standard errors"):
        model.predict(level=80)


@pytest.mark.parametrize(
    "model", [ps.Naive(horizon=4), ps.Drift(horizon=4), ps.AR(1, horizon=4)], ids=lambda m: m.label
)
def test_intervals_cover_what_they_promise(model: ps.Naive) -> None:
    steps = np.random.default_rng(3).normal(size=8000)
    panel, kind = read_panel(pd.DataFrame({"ds": range(8000), "y": np.cumsum(steps)}))
    model = model.clone().fit_panel(panel.last(8000).before(np.array([2000])), kind)
    origins = np.arange(1999, 7995)
    errors = panel.y[origins[:, None] + np.arange(1, 5)] - model.forecast_panel(panel, origins)[0]
    half = norm.ppf(0.9) * model.sigma_panel(panel, origins)
    covered = (np.abs(errors) <= half).mean(axis=0)
    assert (np.abs(covered - 0.8) < 0.03).all(), covered
