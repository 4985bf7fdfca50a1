"""Intervals of a comparison: they hold on simulated series, follow drift, and see nothing ahead."""

from __future__ import annotations

import json
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.intervals.conformal import Adaptive, Conformal

LEVELS = [80, 95]


def frame(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"ds": range(len(values)), "y": values})


def autoregressive(rng: np.random.Generator, n: int) -> np.ndarray:
    y = np.zeros(n)
    for t in range(1, n):
        y[t] = 0.7 * y[t - 1] + rng.normal()
    return y


def garch(rng: np.random.Generator, n: int) -> np.ndarray:
    y, variance = np.zeros(n), 1.0
    for t in range(1, n):
        variance = 0.05 + 0.08 * y[t - 1] ** 2 + 0.87 * variance
        y[t] = np.sqrt(variance) * rng.normal()
    return y


def random_walk(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.cumsum(rng.normal(size=n))


@pytest.mark.parametrize("intervals", ["conformal", "adaptive"])
@pytest.mark.parametrize("simulate", [autoregressive, random_walk, garch])
def test_nominal_80_and_95_percent_cover(simulate: Any, intervals: str) -> None:
    coverage = []
    for seed in range(3):
        data = frame(simulate(np.random.default_rng(seed), 2600))
        split = ps.RollingOrigin(horizon=2, test=1000)
        result = ps.compare(ps.AR(1), data, split, level=LEVELS, intervals=intervals)
        coverage.append([[row[f"coverage_{level}"] for level in LEVELS] for row in result.rows])
    for_80, for_95 = np.mean(coverage, axis=(0, 1))
    assert 0.77 <= for_80 <= 0.83
    assert 0.93 <= for_95 <= 0.97


def test_adaptive_recovers_after_a_break_of_variance_and_split_conformal_does_not() -> None:
    rng = np.random.default_rng(0)
    steps = rng.normal(size=1500)
    steps[1000:] *= 3
    split = ps.RollingOrigin(test=700)  # the break comes after 200 test rows
    after = {}
    for intervals in ("conformal", "adaptive"):
        result = ps.compare(ps.Naive(), frame(np.cumsum(steps)), split, level=LEVELS, intervals=intervals)
        table = result.forecasts[-400:]  # from 100 rows after the break
        after[intervals] = [
            ((table[f"lo-{level}"] <= table["y"]) & (table["y"] <= table[f"hi-{level}"])).mean() for level in LEVELS
        ]
    assert 0.77 <= after["adaptive"][0] <= 0.83
    assert 0.93 <= after["adaptive"][1] <= 0.97
    assert after["conformal"][0] < 0.65
    assert after["conformal"][1] < 0.90


def test_bounds_are_order_statistics_of_residuals_before_the_cutoff(walk: pd.DataFrame) -> None:
    """The last value needs no fit: its residuals over the calibration tail and past cutoffs are plain differences."""
    y = walk["y"].to_numpy()
    split = ps.RollingOrigin(horizon=3, test=40)
    table = ps.compare(ps.Naive(), walk, split, level=80, intervals=Conformal(calibration=30)).forecasts
    for (cutoff, step), row in table.set_index(["cutoff", "step"]).iterrows():
        origin = int(np.flatnonzero(walk["ds"] == cutoff)[0])
        # Residuals of cutoffs 89 to 117 (30 rows, 3 steps), and of test cutoffs from 119 on whose target is known.
        past = [abs(y[t + step] - y[t]) for t in [*range(89, 117), *range(119, 160)] if t + step <= origin]
        width = sorted(past)[int(np.ceil((len(past) + 1) * 0.8 - 1e-9)) - 1]
        assert row["hi-80"] == pytest.approx(y[origin] + width)
        assert row["lo-80"] == pytest.approx(y[origin] - width)


@pytest.mark.parametrize("intervals", ["conformal", Adaptive(symmetric=False, pooled=True)])
def test_no_bound_sees_a_value_after_its_cutoff(walk: pd.DataFrame, intervals: Any) -> None:
    both = pd.concat([walk, walk.assign(unique_id="b", y=walk["y"] * 3 + 5)])
    split = ps.RollingOrigin(horizon=2, test=40)
    changed = both.copy()
    late = changed["ds"] > walk["ds"].iloc[139]
    changed.loc[late, "y"] *= 7
    one, other = (
        ps.compare(ps.AR(1), data, split, level=80, intervals=intervals).forecasts for data in (both, changed)
    )
    early = one["cutoff"] <= walk["ds"].iloc[139]
    for column in ("yhat", "lo-80", "hi-80"):
        assert np.array_equal(one[column][early], other[column][early])
        assert not np.array_equal(one[column][~early], other[column][~early])


def test_pooled_residuals_keep_each_series_its_scale(walk: pd.DataFrame) -> None:
    big = walk.assign(unique_id="b", y=walk["y"] * 100)
    split, pooled = ps.RollingOrigin(test=40), Conformal(pooled=True)
    table = ps.compare(ps.Naive(), pd.concat([walk, big]), split, level=80, intervals=pooled).forecasts
    width = table["hi-80"] - table["lo-80"]
    small, large = width[table["unique_id"] == "walk"], width[table["unique_id"] == "b"]
    np.testing.assert_allclose(large.to_numpy(), 100 * small.to_numpy())
    short = pd.concat([walk[:75], big[:75]])  # 11 residuals each: too few for 95 %, enough together
    with pytest.raises(ps.DataError, match="Naive: 11 residuals can give no 95 % interval: 19 are needed"):
        ps.compare(ps.Naive(), short, ps.RollingOrigin(test=20), level=95)
    ps.compare(ps.Naive(), short, ps.RollingOrigin(test=20), level=95, intervals=pooled)
    flat = walk.assign(unique_id="flat", y=1.0)
    with pytest.raises(ps.DataError, match=r"rows of series 'flat' are constant.*use Conformal\(pooled=False\)"):
        ps.compare(ps.Naive(), pd.concat([walk, flat]), split, level=80, intervals=pooled)


@pytest.mark.slow
def test_a_network_is_calibrated_on_its_own_validation_tail(walk: pd.DataFrame) -> None:
    model = ps.Forecaster(ps.Network([ps.LSTM(3)]), window=8, epochs=2, validation=24)
    split = ps.RollingOrigin(test=40)
    result = ps.compare({"net": model}, walk, split, level=95)
    fitted = model.clone().fit(walk[:120])
    from penstock.data.frames import read_panel

    panel, _ = read_panel(walk)
    origins = np.arange(95, 119)
    errors = np.abs(panel.y[origins + 1] - fitted.forecast_panel(panel, origins).mean(axis=0)[:, 0])
    bounds = result.entries["net"].bounds
    assert bounds is not None
    width = np.sort(errors)[int(np.ceil(25 * 0.95)) - 1]
    assert bounds[0, 1, 0, 0] - result.entries["net"].forecast[0, 0] == pytest.approx(width)
    leaking = ps.compare({"net": model}, walk, split, level=80, leaks=[ps.Leak.STOPPING])
    assert leaking.entries["net"].bounds is not None  # its tail is the test: a twin is fitted instead


def test_frame_table_json(walk: pd.DataFrame, as_kind: Any, tmp_path: Any) -> None:
    given = as_kind(walk)
    result = ps.compare([ps.AR(1)], given, ps.RollingOrigin(test=40), level=LEVELS, intervals="adaptive")
    table = nw.from_native(result.forecasts, eager_only=True)
    assert type(result.forecasts) is type(given)
    assert table.columns[-4:] == ["lo-80", "hi-80", "lo-95", "hi-95"]
    lo95, lo80, hi80, hi95 = (table[name].to_numpy() for name in ("lo-95", "lo-80", "hi-80", "hi-95"))
    assert (lo95 <= lo80).all()
    assert (lo80 <= hi80).all()
    assert (hi80 <= hi95).all()
    row = result.rows[0]
    mine = (table["model"] == "AR(1)").to_numpy()
    y = table["y"].to_numpy()
    assert row["coverage_80"] == pytest.approx(np.mean((lo80 <= y)[mine] & (y <= hi80)[mine]))
    assert row["width_95"] == pytest.approx((hi95 - lo95)[mine].mean())
    score = hi80 - lo80 + 10 * (np.maximum(lo80 - y, 0) + np.maximum(y - hi80, 0))
    assert row["interval_score_80"] == pytest.approx(score[mine].mean())
    assert "coverage_80" in nw.from_native(result.scores, eager_only=True).columns
    assert f"{100 * row['coverage_80']:.1f} %" in str(result)
    stored = json.loads(result.write_json(tmp_path / "r.json").read_text())
    assert stored["intervals"] == {"method": "Adaptive()", "levels": [80, 95]}
    assert stored["rows"][0]["interval_score_95"] == pytest.approx(row["interval_score_95"])


def test_without_levels_nothing_changes(walk: pd.DataFrame) -> None:
    result = ps.compare([ps.AR(1)], walk, ps.RollingOrigin(test=40))
    assert result.entries["AR(1)"].bounds is None
    assert "covered" not in str(result)
    assert result.to_json()["intervals"] is None


def test_intervals_refused(walk: pd.DataFrame) -> None:
    split = ps.RollingOrigin(test=40)
    with pytest.raises(ps.OptionError, match="level=0.8 is a share"):
        ps.compare(ps.AR(1), walk, split, level=0.8)
    with pytest.raises(ps.OptionError, match="intervals='gaussian' is unknown; allowed: 'conformal', 'adaptive'"):
        ps.compare(ps.AR(1), walk, split, level=80, intervals="gaussian")
    with pytest.raises(ps.DataError, match=r"calibration=200 rows leave none of 120 training rows of AR\(1\)"):
        ps.compare(ps.AR(1), walk, split, level=80, intervals=Conformal(calibration=200))


@pytest.mark.parametrize("intervals", ["conformal", "own"])
def test_values_carried_forward_are_no_truth_to_calibrate_on(intervals: str) -> None:
    """A random walk, 60 % of its rows missing: the observed values are covered as often as the level says."""
    rng = np.random.default_rng(11)
    data = frame(random_walk(rng, 6000))
    data.loc[rng.uniform(size=6000) < 0.6, "y"] = np.nan
    data.loc[0, "y"] = 0.0
    split = ps.RollingOrigin(horizon=1, test=2500)
    result = ps.compare([], data, split, missing="ffill", level=80, intervals=intervals)
    (row,) = result.rows
    assert 0.76 < row["coverage_80"] < 0.84
