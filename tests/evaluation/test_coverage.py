"""What a comparison is about is always said: series left out or not scored, rows filled, covariates ignored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import penstock as ps
from penstock.baselines.arx import ARX
from penstock.baselines.drift import Drift
from penstock.baselines.vector_autoregression import VAR


def panel(**lengths: tuple[int, int]) -> pd.DataFrame:
    """Series of so many rows that begin at so many days after the first."""
    rng = np.random.default_rng(0)
    parts = []
    for name, (start, length) in lengths.items():
        days = pd.date_range("2020-01-01", periods=length) + pd.Timedelta(days=start)
        parts.append(pd.DataFrame({"unique_id": name, "ds": days, "y": np.cumsum(rng.normal(size=length))}))
    return pd.concat(parts, ignore_index=True)


def test_a_new_listing_is_left_out_named_and_counted(tmp_path: Path) -> None:
    frame = panel(OLD1=(0, 100), OLD2=(0, 100), IPO=(90, 10))
    result = ps.compare([Drift()], frame, ps.RollingOrigin(test=20))
    assert result.panel.ids == ("OLD1", "OLD2")
    assert result.findings == [
        "Left out: 1 of 3 series, with fewer than the 2 rows before the first cutoff that Drift needs: 'IPO'.",
        "Scored: 2 of 3 series, 40 values.",
    ]
    stored = json.loads(result.write_json(tmp_path / "r.json").read_text())["coverage"]
    assert (stored["series"], stored["scored_series"], stored["scored_values"]) == (3, 2, 40)
    assert list(stored["left_out"]) == ["IPO"]
    assert "Left out: 1 of 3 series" in result.report(tmp_path / "r.html").read_text()
    with pytest.raises(ps.DataError, match="1 of 3 series have too few rows .* 'IPO' has 0, Drift needs 2"):
        ps.compare([Drift()], frame, ps.RollingOrigin(test=20), strict=True)
    alone = ps.compare([Drift()], frame[frame["unique_id"] != "IPO"], ps.RollingOrigin(test=20))
    assert alone.rows[0]["rmse"] == result.rows[0]["rmse"]


def test_series_that_end_at_other_times_are_counted_and_can_all_be_scored() -> None:
    frame = panel(a=(0, 60), b=(100, 60), c=(200, 60))
    by_time = ps.compare([Drift()], frame, ps.RollingOrigin(test=10))
    assert by_time.findings[0].startswith("Scored: 1 of 3 series, 10 values; the others have no rows at the times")
    by_series = ps.compare([Drift()], frame, ps.RollingOrigin(test=10, align="series"))
    assert by_series.findings[0] == "Scored: 3 of 3 series, 30 values."
    assert "see" in by_series.findings[1]
    errors = []
    for name in "abc":  # each series alone gives the same forecasts
        own = frame[frame["unique_id"] == name]
        alone = ps.compare([Drift()], own, ps.RollingOrigin(test=10))
        errors.append(alone.rows[0]["rmse"] ** 2)
    assert by_series.rows[0]["rmse"] == pytest.approx(np.sqrt(np.mean(errors)))


@settings(max_examples=30)
@given(
    lengths=st.lists(st.tuples(st.integers(0, 40), st.integers(8, 40)), min_size=2, max_size=5),
    horizon=st.integers(1, 3), test=st.integers(3, 5),
)  # fmt: skip
def test_every_series_that_is_long_enough_is_scored(lengths: list[tuple[int, int]], horizon: int, test: int) -> None:
    frame = panel(**{f"s{number}": each for number, each in enumerate(lengths)})
    result = ps.compare([Drift(horizon=horizon)], frame, ps.RollingOrigin(horizon, test, align="series"))
    assert result.coverage is not None
    assert result.coverage.scored == result.coverage.series == len(lengths)
    assert result.coverage.targets == test * len(lengths)
    for origin in result.origins:
        series = int(result.panel.series_of(np.array([origin]))[0])
        assert result.panel.offsets[series + 1] - test - 1 <= origin < result.panel.offsets[series + 1] - horizon


def test_rows_carried_forward_are_told() -> None:
    frame = panel(a=(0, 60)).drop(index=[20, 21, 22])
    result = ps.compare([Drift()], frame, ps.RollingOrigin(test=10), missing="ffill")
    assert result.findings == ["60 rows, 3 of them carried forward; none of these is scored."]


def test_a_model_that_ignores_a_covariate_is_named_and_a_var_of_one_series_is_refused() -> None:
    frame = panel(a=(0, 80)).assign(k=np.arange(80) % 3.0)
    result = ps.compare([ARX(1), Drift()], frame, ps.RollingOrigin(test=10), past="k")
    assert result.findings == ["Without the past covariates, which they do not read: Drift, Naive."]
    with pytest.raises(ps.OptionError, match="there is one; give the others as series .* or ARX"):
        ps.compare([VAR(2), ARX(1)], frame, ps.RollingOrigin(test=10), past="k")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 10**9, "scale": "window"}, "window=1,000,000,000 is more than the 70 rows of the longest series"),
        ({"batch": 10**9}, "batch=1,000,000,000 is more than the .* samples there are; allowed: up to 10,000"),
        ({"members": 10**9}, "members=1000000000 takes at least .* GiB to train, and this machine has"),
        ({"window": 10**9}, "70 training rows .* are too few: 1111111113 are needed"),
    ],
)
def test_sizes_are_held_against_the_data_before_anything_is_built(options: dict[str, Any], message: str) -> None:
    model = ps.Forecaster(ps.Network([ps.LSTM(4)]), **{"window": 5, **options})
    with pytest.raises(ps.PenstockError, match=message):
        ps.compare([model], panel(a=(0, 80)), ps.RollingOrigin(test=10))
    with pytest.raises(ps.PenstockError, match="GiB to train"):
        ps.Forecaster(ps.Network([ps.LSTM(10**9)]), window=5).fit(panel(a=(0, 80)))


def test_values_whose_squares_overflow_are_refused() -> None:
    frame = panel(a=(0, 80))
    frame["y"] *= 1e200
    with pytest.raises(ps.DataError, match="80 values that are beyond 1e.100 in size, the first in row 0"):
        Drift().fit(frame)
