"""Calendar features: what they say of a time, and a network that reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.calendar_features import CALENDAR_FEATURES, calendar_columns


def test_each_feature_is_the_share_of_its_period_that_has_passed() -> None:
    times = np.array(["2024-02-15T18:00", "2023-12-31T06:00"], dtype="datetime64[ns]")  # a Thursday and a Sunday
    shares = np.arctan2(*calendar_columns(times, list(CALENDAR_FEATURES)).reshape(2, -1, 2).transpose(2, 0, 1))
    passed = shares / (2 * np.pi) % 1
    expected = [[18 / 24, 3 / 7, 14 / 29, 45 / 366, 1 / 12], [6 / 24, 6 / 7, 30 / 31, 364 / 365, 11 / 12]]
    assert np.allclose(passed, expected)


def panel() -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=24)
    draw = np.random.default_rng(0)
    return pd.concat(pd.DataFrame({"unique_id": n, "ds": days, "y": draw.normal(size=24)}) for n in "ab")


SMALL = {"window": 4, "horizon": 2, "epochs": 1, "validation": 0, "patience": None}


def test_a_network_reads_them_as_known_columns_made_by_hand(tmp_path: Path) -> None:
    frame, after = panel(), pd.date_range("2024-01-25", periods=2)
    names = ["week_sin", "week_cos"]
    future = pd.DataFrame({"unique_id": np.repeat(["a", "b"], 2), "ds": [*after, *after]})
    for each in (frame, future):
        each[names] = calendar_columns(each["ds"].to_numpy(), ["dayofweek"])
    known = ps.Forecaster(ps.Network([ps.GRU(2)]), **SMALL).fit(frame, known=names)
    model = ps.Forecaster(ps.Network([ps.GRU(2)]), calendar_features="dayofweek", **SMALL).fit(frame)
    expected = known.predict(future=future)["yhat"].tolist()
    assert model.predict()["yhat"].tolist() == expected
    model.save(tmp_path / "m.penstock")
    assert ps.load(tmp_path / "m.penstock").predict()["yhat"].tolist() == expected


def test_what_has_no_calendar_and_features_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ps.OptionError, match="'dayofweak' is no feature: did you mean 'dayofweek'"):
        ps.Forecaster(ps.Network([ps.GRU(2)]), calendar_features=["hour", "dayofweak"])
    with pytest.raises(ps.OptionError, match="'hour' stands there twice"):
        ps.Forecaster(ps.Network([ps.GRU(2)]), calendar_features=["hour", "hour"])
    counted = panel().assign(ds=np.tile(np.arange(24), 2))
    with pytest.raises(ps.DataError, match="the times are counts"):
        ps.Forecaster(ps.Network([ps.GRU(2)]), calendar_features="month", **SMALL).fit(counted)


def test_the_clock_of_a_zone_is_told_not_to_be_read() -> None:
    zoned = panel().assign(ds=lambda frame: frame["ds"].dt.tz_localize("Europe/Berlin"))
    model = ps.Forecaster(ps.Network([ps.GRU(2)]), calendar_features="hour", **SMALL).fit(zoned)
    assert model.fit_notes == ("calendar features: read in UTC, not in Europe/Berlin",)
