from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from arch import arch_model

import penstock as ps
from penstock.data.frames import read_panel


@pytest.fixture
def returns() -> np.ndarray:
    """GARCH(1, 1) in percent: ω = .05, α = .1, β = .85."""
    rng = np.random.default_rng(1)
    r, variance = np.empty(1500), 1.0
    for t in range(1500):
        r[t] = 0.05 + np.sqrt(variance) * rng.normal()
        variance = 0.05 + 0.1 * (r[t] - 0.05) ** 2 + 0.85 * variance
    return r


@pytest.mark.parametrize(("p", "q"), [(1, 1), (2, 1), (1, 2)])
def test_equals_arch(returns: np.ndarray, p: int, q: int) -> None:
    model = ps.GARCH(p, q, horizon=5).fit(pd.DataFrame({"ds": range(1500), "y": returns}))
    scale = returns.std()
    reference = arch_model(returns / scale, p=p, q=q, rescale=False).fit(disp="off", show_warning=False)
    np.testing.assert_allclose(model.coef_[0, 2:], reference.params.iloc[2:], rtol=1e-6, atol=1e-9)
    expected = np.sqrt(reference.forecast(horizon=5, start=1499).variance.to_numpy()[0]) * scale
    np.testing.assert_allclose(model.predict()["yhat"], expected, rtol=1e-6)
    panel, _ = read_panel(pd.DataFrame({"ds": range(1500), "y": returns}))
    rolled = model.forecast_panel(panel, np.arange(9, 1499))[0, :, 0]
    np.testing.assert_allclose(rolled, reference.conditional_volatility[10:] * scale, rtol=1e-6)


def test_rolls_on_with_fixed_parameters(returns: np.ndarray) -> None:
    frame = pd.DataFrame({"ds": range(1500), "y": returns})
    model = ps.GARCH(horizon=4).fit(frame[:1000])
    panel, _ = read_panel(frame)
    origins = np.arange(999, 1499, 7)
    scale = returns[:1000].std()
    fixed = model.coef_[0] / [scale, scale**2, 1, 1]
    reference = arch_model(returns / scale, rescale=False).fix(fixed)
    variance = reference.forecast(horizon=4, start=999).variance.to_numpy()[origins - 999]
    # After 1,000 rows nothing is left of where the recursion started, which arch takes from all rows.
    np.testing.assert_allclose(model.forecast_panel(panel, origins)[0], np.sqrt(variance) * scale, rtol=1e-6)


def test_prices_are_turned_into_returns(returns: np.ndarray) -> None:
    prices = 100 * np.exp(np.cumsum(returns / 100))
    model = ps.GARCH(transform="log_return").fit(pd.DataFrame({"ds": range(1500), "y": prices}))
    plain = ps.GARCH().fit(pd.DataFrame({"ds": range(1499), "y": np.diff(np.log(prices))}))
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-6)
    assert model.predict()["yhat"][0] == pytest.approx(plain.predict()["yhat"][0], rel=1e-6)
    assert 0.004 < model.predict()["yhat"][0] < 0.03  # in units of the returns, one percent a day


def test_far_ahead_it_returns_to_the_long_run(returns: np.ndarray) -> None:
    model = ps.GARCH(horizon=400).fit(pd.DataFrame({"ds": range(1500), "y": returns}))
    _, omega, alpha, beta = model.coef_[0]
    assert model.predict()["yhat"].iloc[-1] == pytest.approx(np.sqrt(omega / (1 - alpha - beta)), rel=1e-4)


def test_constant_returns_are_refused() -> None:
    with pytest.raises(ps.DataError, match=r"GARCH\(1,1\): the returns are constant, without volatility; leave"):
        ps.GARCH(transform="difference").fit(pd.DataFrame({"ds": range(80), "y": np.arange(80.0)}))


def test_absolute_returns_are_a_target_that_can_be_compared(returns: np.ndarray) -> None:
    """The likelihood with a mean of zero does not see signs, and E|r| is σ √(2/π)."""
    frame = pd.DataFrame({"ds": range(1500), "y": np.abs(returns)})
    model = ps.GARCH(target="absolute", horizon=3).fit(frame)
    scale = np.sqrt(np.square(returns).mean())
    reference = arch_model(returns / scale, mean="Zero", rescale=False).fit(disp="off", show_warning=False)
    np.testing.assert_allclose(model.coef_[0], [0, *reference.params * [scale**2, 1, 1]], rtol=1e-6)
    sigma = np.sqrt(reference.forecast(horizon=3).variance.to_numpy()[0]) * scale
    np.testing.assert_allclose(model.predict()["yhat"], np.sqrt(2 / np.pi) * sigma, rtol=1e-6)
    result = ps.compare([model.set_params(horizon=1), ps.Mean()], frame, ps.RollingOrigin(test=500))
    scores = {row["model"]: row["rmse"] for row in result.rows}
    assert scores["GARCH(1,1)"] < min(scores["Mean"], scores["Naive"])


def test_returns_are_no_measure_of_volatility(returns: np.ndarray) -> None:
    frame = pd.DataFrame({"ds": range(1500), "y": returns})
    with pytest.raises(ps.OptionError, match="forecasts the volatility of returns, not the returns; give absolute"):
        ps.compare([ps.GARCH()], frame, ps.RollingOrigin(test=50))
    with pytest.raises(ps.DataError, match="target='absolute' needs absolute returns, but .* values are negative"):
        ps.GARCH(target="absolute").fit(frame)
    with pytest.raises(ps.OptionError, match="target='absolute' takes absolute returns as they are"):
        ps.GARCH(target="absolute", transform="difference")
