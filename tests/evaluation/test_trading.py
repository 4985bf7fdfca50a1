from __future__ import annotations

import json
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import penstock as ps
from penstock.evaluation.positions import Quantile, Rule, Sign, VolatilityScaled, resolve_rule
from penstock.evaluation.sharpe import (
    Sharpe,
    deflated_sharpe,
    expected_best,
    probabilistic_sharpe,
    sharpe,
    sharpe_error,
)
from penstock.evaluation.trading import HOLDING, StrategyReturns, Trading


def test_standard_errors_are_those_of_lo() -> None:
    """Lo (2002), table 1: monthly returns, T in rows, Sharpe ratio in columns."""
    table = {(12, 0.5): 0.306, (24, 1.0): 0.250, (60, 1.5): 0.188, (125, 3.0): 0.210, (500, 2.0): 0.077}
    for (count, value), expected in table.items():
        assert sharpe_error(Sharpe(value, count), normal=True) == pytest.approx(expected, abs=5e-4)


def test_bailey_and_lopez_de_prado() -> None:
    """The sources' own examples, to the digits that they print."""
    fund = Sharpe(0.458, 24, -2.448, 10.164)
    assert probabilistic_sharpe(Sharpe(0.458, 24)) == pytest.approx(0.982, abs=5e-4)
    assert probabilistic_sharpe(fund) == pytest.approx(0.913, abs=5e-4)
    found = Sharpe(2.5 / np.sqrt(250), 1250, -3, 10)
    assert expected_best(100, 0.5 / 250) == pytest.approx(0.1132, abs=5e-5)
    assert deflated_sharpe(found, 100, 0.5 / 250) == pytest.approx(0.9004, abs=5e-5)
    assert deflated_sharpe(found, 46, 0.5 / 250) == pytest.approx(0.9505, abs=5e-5)
    assert deflated_sharpe(found, 1, 0.5 / 250) == probabilistic_sharpe(found)


def test_mertens_error_is_what_simulation_shows() -> None:
    rng = np.random.default_rng(0)
    draws = stats.skewnorm(-6).rvs(size=(4000, 200), random_state=rng) * 0.01 + 0.012
    ratios = draws.mean(axis=1) / draws.std(axis=1, ddof=1)
    pooled = sharpe(draws.ravel())
    expected = sharpe_error(Sharpe(pooled.value, 200, pooled.skewness, pooled.kurtosis))
    assert ratios.std() == pytest.approx(expected, rel=0.05)


def test_the_best_of_many_trials_without_skill_is_as_good_as_expected() -> None:
    draws = np.random.default_rng(1).normal(size=(3000, 50)).max(axis=1).mean()
    assert draws == pytest.approx(expected_best(50, 1.0), rel=0.02)


@pytest.fixture
def prices() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    days = pd.date_range("2020-01-01", periods=200, freq="B")
    names = ["a", "b", "c", "d"]
    walks = 100 * np.exp(np.cumsum(0.01 * rng.normal(size=(4, 200)), axis=1))
    return pd.concat([pd.DataFrame({"unique_id": n, "ds": days, "y": w}) for n, w in zip(names, walks, strict=True)])


SPLIT = ps.RollingOrigin(test=60)


def one(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["unique_id"] == "a"]


@pytest.mark.parametrize("delay", [0, 1, 3])
def test_a_trade_comes_after_its_signal_by_hand(prices: pd.DataFrame, delay: int) -> None:
    frame = one(prices)
    result = ps.compare([ps.Drift(), ps.SeasonalNaive(3)], frame, SPLIT)
    found = result.trade(delay=delay, cost_bps=10)
    y = frame["y"].to_numpy()
    position, returns = 0.0, []
    for t in range(139 + delay, 199):  # position taken at t, earned at t + 1; cutoffs are 139 to 198
        signal = np.sign(y[t - delay - 2] - y[t - delay])  # the value three steps before the one forecast
        returns.append(signal * (y[t + 1] / y[t] - 1) - abs(signal - position) * 0.001)
        position = signal
    strategy = found.strategies["SeasonalNaive(3)"]
    np.testing.assert_allclose(strategy.returns, returns, atol=1e-14)
    assert np.array_equal(found.times, frame["ds"].to_numpy()[140 + delay :])
    row = found.rows[1]
    wealth = np.cumprod(1 + np.array(returns))
    assert row["total_return"] == pytest.approx(wealth[-1] - 1)
    assert row["annual_return"] == pytest.approx(wealth[-1] ** (252 / len(returns)) - 1)
    assert row["sharpe"] == pytest.approx(np.mean(returns) / np.std(returns, ddof=1) * np.sqrt(252))
    peaks = np.maximum.accumulate(np.concatenate([[1], wealth]))[1:]
    assert row["drawdown"] == pytest.approx((1 - wealth / peaks).max())
    assert row["hit_rate"] == pytest.approx(np.mean(np.array(returns) > 0))
    held = found.strategies[HOLDING].returns
    np.testing.assert_allclose(held[1:], (y[1:] / y[:-1] - 1)[140 + delay :])
    assert held[0] == pytest.approx(y[140 + delay] / y[139 + delay] - 1 - 0.001)  # bought once


@pytest.mark.parametrize("rule", ["sign", "quantile", VolatilityScaled(window=20)])
def test_no_position_sees_a_value_after_its_signal(prices: pd.DataFrame, rule: Any) -> None:
    changed = prices.copy()
    late = changed["ds"] > prices["ds"].iloc[170]
    changed.loc[late, "y"] *= np.random.default_rng(5).uniform(0.5, 2, size=late.sum())
    models = [ps.AR(2), ps.SeasonalNaive(3)]
    strategies = [ps.compare(models, frame, SPLIT).trade(rule).strategies for frame in (prices, changed)]
    for name in ("AR(2)", "SeasonalNaive(3)"):
        before, after = (each[name].held for each in strategies)
        known = 170 - 139 + 1  # cutoffs 139 to 170 are decided by what did not change
        assert np.array_equal(before[:known], after[:known])
        assert not np.array_equal(before[known:], after[known:])


def test_rules_by_hand() -> None:
    signal = np.array([0.03, -0.01, np.nan, 0.02, 0.0])
    past = np.random.default_rng(0).normal(scale=[0.01, 0.02, 0.01, 0.04, 0.01], size=(100, 5))
    assert Sign().weights(signal, past).tolist() == [0.25, -0.25, 0.0, 0.25, 0.0]
    assert Quantile(share=0.25).weights(signal, past).tolist() == [0.5, -0.5, 0.0, 0.0, 0.0]
    assert Quantile(share=0.25).weights(np.array([np.nan, 1.0]), past[:, :2]).tolist() == [0.0, 0.0]
    scaled = VolatilityScaled(target=0.01, window=50, leverage=0.9).weights(signal, past)
    deviations = past[-50:].std(axis=0, ddof=1)
    expected = [0.25, -0.25, 0, 0.25, 0] * np.minimum(0.01 / deviations, 0.9)
    np.testing.assert_allclose(scaled, expected)
    assert VolatilityScaled().weights(signal, past[:1]).tolist() == [0.0] * 5  # one return tells no volatility
    with pytest.raises(NotImplementedError):
        Rule().weights(signal, past)


def test_quantile_long_short_is_neutral_and_turnover_is_paid(prices: pd.DataFrame) -> None:
    result = ps.compare([ps.AR(2)], prices, SPLIT)
    free, dear = result.trade(Quantile(share=0.25)), result.trade(Quantile(share=0.25), cost_bps=20)
    held = free.strategies["AR(2)"].held
    np.testing.assert_allclose(held.sum(axis=1), 0, atol=1e-15)
    np.testing.assert_allclose(np.abs(held).sum(axis=1), 1)
    traded = free.strategies["AR(2)"].traded
    assert traded[0] == 1.0
    np.testing.assert_allclose(traded[1:], np.abs(np.diff(held, axis=0)).sum(axis=1))
    np.testing.assert_allclose(free.strategies["AR(2)"].returns - dear.strategies["AR(2)"].returns, traded * 0.002)
    assert dear.rows[0]["costs"] == pytest.approx(traded.sum() * 0.002)


def test_cutoffs_that_are_apart_hold_their_position_and_a_step_ahead_can_be_chosen(prices: pd.DataFrame) -> None:
    frame = one(prices)
    result = ps.compare([ps.SeasonalNaive(3)], frame, ps.RollingOrigin(horizon=2, test=60, step=10))
    held = result.trade(Sign(ahead=2)).strategies["SeasonalNaive(3)"].held[:, 0]
    y = frame["y"].to_numpy()
    signs = [np.sign(y[t - 1] - y[t]) for t in range(139, 199, 10)]
    assert held.tolist() == [sign for sign in signs for _ in range(10)][: len(held)]
    with pytest.raises(ps.OptionError, match="ahead=3 is beyond the horizon; allowed: 1 to 2"):
        result.trade(Sign(ahead=3))


def test_series_of_returns_are_traded_as_they_are(prices: pd.DataFrame) -> None:
    frame = one(prices)
    returns = frame.assign(y=frame["y"].pct_change())[1:]
    by_returns = ps.compare(ps.AR(1), returns, SPLIT).trade(Sign(values="returns"))
    np.testing.assert_allclose(by_returns.strategies[HOLDING].returns, returns["y"].to_numpy()[141 - 1 :])


def test_the_deflated_ratio_falls_with_the_trials(prices: pd.DataFrame) -> None:
    result = ps.compare([ps.AR(1), ps.AR(2), ps.SeasonalNaive(2)], prices, SPLIT)
    few, many = result.trade(trials=2).rows[0], result.trade(trials=1000).rows[0]
    assert few["probabilistic"] == many["probabilistic"]
    assert few["deflated"] > many["deflated"]
    assert np.isnan(result.trade().rows[-1]["deflated"])  # holding was not chosen among trials
    naive = next(row for row in result.trade().rows if row["strategy"] == "Naive")
    assert naive["total_return"] == 0  # the last value says nothing, so nothing is held
    assert np.isnan(naive["sharpe"])


def test_frame_table_json(prices: pd.DataFrame, as_kind: Any) -> None:
    given = as_kind(prices)
    found = ps.compare(ps.AR(1), given, SPLIT).trade("quantile", cost_bps=5)
    assert isinstance(found, Trading)
    assert type(found.scores) is type(given)
    table = nw.from_native(found.scores, eager_only=True)
    assert table["strategy"].to_list() == ["AR(1)", "Naive", HOLDING]
    assert HOLDING in str(found)
    assert json.loads(json.dumps(found.to_json()))["options"] == "TradingOptions(cost_bps=5)"


@pytest.mark.parametrize(("freq", "periods"), [("B", 252), ("D", 365), ("W", 52), ("ME", 12), ("QE", 4), ("YE", 1)])
def test_periods_are_read_from_the_dates(freq: str, periods: int) -> None:
    rng = np.random.default_rng(0)
    days = pd.date_range("1700-01-01", periods=80, freq=freq)
    frame = pd.DataFrame({"ds": days, "y": 100 * np.exp(np.cumsum(0.01 * rng.normal(size=80)))})
    assert ps.compare(ps.AR(1), frame, ps.RollingOrigin(test=20)).trade().periods == periods


def test_drawdown_starts_from_the_capital() -> None:
    strategy = StrategyReturns(np.ones((2, 1)), np.array([-0.1, 0.05]), np.zeros(2))
    assert strategy.drawdown == pytest.approx(0.1)


def test_trades_refused(prices: pd.DataFrame, walk: pd.DataFrame) -> None:
    result = ps.compare(ps.AR(1), prices, SPLIT)
    with pytest.raises(ps.OptionError, match="rule='signs' is unknown; did you mean 'sign'"):
        resolve_rule("signs")
    with pytest.raises(ps.OptionError, match="trade has no option 'cost'; did you mean 'cost_bps'"):
        result.trade(cost=3)
    with pytest.raises(ps.DataError, match="leave no step to earn in with delay=70"):
        result.trade(delay=70)
    negative = r"prices are positive, but row 0 of series 'walk' holds -\d+; .* returns, give the rule values='returns'"
    with pytest.raises(ps.DataError, match=negative):
        ps.compare(ps.AR(1), walk.assign(y=walk["y"].round() - 300), SPLIT).trade()
    counted = walk.assign(ds=range(160))
    with pytest.raises(ps.OptionError, match="counted steps have no year; say how many make one"):
        ps.compare(ps.AR(1), counted, SPLIT).trade()
    assert ps.compare(ps.AR(1), counted, SPLIT).trade(periods=252).periods == 252
    with pytest.raises(ps.OptionError, match="a model is called 'Buy and hold'"):
        ps.compare({HOLDING: ps.AR(1)}, prices, SPLIT).trade()
    hourly = walk.assign(ds=pd.date_range("2020-01-01", periods=160, freq="h"))
    with pytest.raises(ps.OptionError, match="steps shorter than a day: say how many make a year"):
        ps.compare(ps.AR(1), hourly, SPLIT).trade()
