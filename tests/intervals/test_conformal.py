from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import penstock as ps
from penstock.intervals.conformal import Adaptive, Conformal, ResidualStream, resolve_intervals
from penstock.intervals.levels import checked_levels
from penstock.intervals.scores import winkler


def stream(calibration: np.ndarray, residuals: np.ndarray, ahead: int = 1) -> ResidualStream:
    times = np.arange(len(residuals))
    return ResidualStream(calibration, residuals, times, times + ahead)


def order_statistic(past: np.ndarray, level: float) -> float:
    return float(np.sort(np.abs(past))[int(np.ceil((len(past) + 1) * level / 100 - 1e-9)) - 1])


@pytest.mark.parametrize("ahead", [1, 4])
def test_split_conformal_is_an_order_statistic_of_what_was_known(ahead: int) -> None:
    rng = np.random.default_rng(0)
    calibration, residuals = rng.normal(size=60), rng.normal(size=30)
    found = Conformal().bounds(stream(calibration, residuals, ahead), (80, 95))
    for now in range(30):
        past = np.concatenate([calibration, residuals[: max(now - ahead + 1, 0)]])
        for place, level in enumerate((80, 95)):
            expected = order_statistic(past, level)
            assert found[place, :, now].tolist() == [-expected, expected]


def test_two_sided_bounds_follow_a_skew() -> None:
    rng = np.random.default_rng(1)
    draws = rng.exponential(size=(2, 4000)) - 1
    found = Conformal(symmetric=False).bounds(stream(draws[0], draws[1][:1]), (90,))[0, :, 0]
    assert found == pytest.approx(-np.log([0.95, 0.05]) - 1, abs=0.15)
    ordered = np.sort(draws[0])
    assert found[1] == ordered[int(np.ceil(4001 * 0.95)) - 1]


def test_a_window_forgets() -> None:
    calibration = np.concatenate([np.full(50, 9.0), np.full(30, 1.0)])
    found = Conformal(window=30).bounds(stream(calibration, np.full(5, 2.0)), (80,))
    assert found[0, 1].tolist() == [1.0] * 5  # the place is 25 of 30; four twos come in


def test_adaptive_is_the_update_of_gibbs_and_candes() -> None:
    rng = np.random.default_rng(2)
    calibration, residuals = rng.normal(size=100), 2 * rng.normal(size=80)
    gamma, ahead = 0.05, 3
    found = Adaptive(gamma=gamma, window=100).bounds(stream(calibration, residuals, ahead), (90,))[0, 1]
    alpha, past, expected = 0.1, list(np.abs(calibration)), []
    for now in range(80):
        if now >= ahead:
            score = abs(residuals[now - ahead])
            alpha += gamma * (0.1 - (score > expected[now - ahead]))
            past.append(score)
        newest = np.sort(past[-100:])
        place = min(int(np.ceil(101 * (1 - alpha) - 1e-9)), 100)
        expected.append(newest[place - 1] if place > 0 else 0.0)
    assert found.tolist() == expected


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**16),
    ahead=st.integers(1, 5),
    method=st.sampled_from([Conformal(), Conformal(symmetric=False), Adaptive(gamma=0.3), Adaptive(symmetric=False)]),
)
def test_bounds_never_cross_and_never_see_ahead(seed: int, ahead: int, method: Conformal) -> None:
    rng = np.random.default_rng(seed)
    calibration, residuals = rng.standard_t(2, size=60), 3 * rng.standard_t(2, size=40)
    levels = (50, 80, 90)
    found = method.bounds(stream(calibration, residuals, ahead), levels)
    assert (found[:, 0] <= found[:, 1]).all()
    assert (np.diff(found[:, 1], axis=0) >= 0).all()
    assert (np.diff(found[:, 0], axis=0) <= 0).all()
    changed = residuals.copy()
    changed[20:] *= -50
    again = method.bounds(stream(calibration, changed, ahead), levels)
    assert np.array_equal(found[:, :, : 20 + ahead], again[:, :, : 20 + ahead])


def test_residuals_arrive_in_the_order_of_their_targets() -> None:
    """Of two series in one pool the later cutoff can have the earlier target."""
    given_ = ResidualStream(np.ones(19), np.array([7.0, 5.0, 0.0]), np.array([0, 1, 4]), np.array([9, 2, 5]))
    assert Conformal().bounds(given_, (95,))[0, 1].tolist() == [1.0, 1.0, 5.0]


def test_the_fewest_residuals_are_enough() -> None:
    for method in (Conformal(), Conformal(symmetric=False)):
        for level in (50, 80, 95, 99):
            n = method.fewest(level)
            method.bounds(stream(np.arange(1.0, n + 1), np.zeros(1)), (level,))
            with pytest.raises(ps.DataError, match=f"{n - 1} residuals can give no {level} % interval: {n} are needed"):
                method.bounds(stream(np.arange(1.0, n), np.zeros(1)), (level,))
    with pytest.raises(ps.OptionError, match="window=10 residuals can give no 95 % interval; allowed: window of at"):
        Conformal(window=10).bounds(stream(np.ones(50), np.zeros(1)), (95,))


def test_levels_and_names() -> None:
    assert checked_levels((97.5, 80.0)) == (80, 97.5)
    assert resolve_intervals("conformal") == Conformal()
    with pytest.raises(ps.OptionError, match="level=0.95 is a share; levels are percentages: did you mean 95"):
        checked_levels(0.95)
    with pytest.raises(ps.OptionError, match="level=100 is not allowed"):
        checked_levels([80, 100])
    with pytest.raises(ps.OptionError, match="intervals='adaptiv' is unknown; did you mean 'adaptive'"):
        resolve_intervals("adaptiv")
    with pytest.raises(ps.OptionError, match="gamma=0 is out of range"):
        Adaptive(gamma=0)


def test_interval_scores_by_hand() -> None:
    y, low, high = np.array([1.0, 5.0, -2.0]), np.zeros(3), np.array([2.0, 4.0, 1.0])
    assert winkler(y, low, high, 90).tolist() == pytest.approx([2.0, 4 + 20 * 1, 1 + 20 * 2])


@pytest.mark.parametrize("method", [Conformal(), Conformal(symmetric=False), Adaptive(window=None)])
def test_what_was_not_observed_is_no_residual(method: Conformal) -> None:
    rng = np.random.default_rng(5)
    calibration, residuals, times = rng.normal(size=60), rng.normal(size=20), np.arange(20)
    absent = np.arange(20) % 3 == 0
    whole = method.bounds(
        ResidualStream(calibration[::2], residuals[~absent], times[~absent], times[~absent] + 1), (80,)
    )
    calibration[1::2] = np.nan
    residuals[absent] = np.nan
    gaps = method.bounds(ResidualStream(calibration, residuals, times, times + 1), (80,))
    np.testing.assert_array_equal(gaps[:, :, ~absent], whole)
    with pytest.raises(ps.DataError, match="0 residuals can give no 80 % interval"):
        method.bounds(ResidualStream(np.full(60, np.nan), residuals, times, times + 1), (80,))
