"""How series go on, what is missing from them, and what may follow them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import penstock as ps
from penstock.baselines.seasonal_naive import SeasonalNaive
from penstock.data.calendar import missing_steps, next_times
from penstock.data.columns import Columns
from penstock.data.frames import FrameKind, read_panel
from penstock.data.rhythm import DAY_NS, Rhythm, read_rhythm
from penstock.data.season import season_of


def session(days: Any, first: str = "09:30", last: str = "16:00", freq: str = "30min") -> pd.DatetimeIndex:
    bars = [pd.date_range(f"{day:%F} {first}", f"{day:%F} {last}", freq=freq) for day in days]
    return pd.DatetimeIndex(np.concatenate(bars))


def weekdays(names: str, periods: int = 60) -> pd.DatetimeIndex:
    days = pd.date_range("2023-01-01", periods=periods * 2, freq="D")
    return days[[f"{day:%a}" in names for day in days]][:periods]


BUSINESS = pd.date_range("2023-01-02", periods=90, freq="B")
KINDS = {
    "business days": BUSINESS,
    "days": pd.date_range("2023-01-01", periods=60, freq="D"),
    "Sunday to Thursday": weekdays("SunMonTueWedThu"),
    "Monday to Saturday": weekdays("MonTueWedThuFriSat"),
    "Mondays, Wednesdays, Fridays": weekdays("MonWedFri"),
    "hours": pd.date_range("2023-01-01", periods=24 * 20, freq="h"),
    "hours of New York": pd.date_range("2023-03-01", periods=24 * 20, freq="h", tz="America/New_York"),
    "minutes": pd.date_range("2023-01-01", periods=3000, freq="min"),
    "sessions": session(BUSINESS[:30]),
    "sessions of New York": session(pd.date_range("2023-02-20", periods=40, freq="B")).tz_localize("America/New_York"),
    "two sessions a day": session(BUSINESS[:30], "09:00", "11:30").union(session(BUSINESS[:30], "12:30", "15:00")),
    "weeks": pd.date_range("2023-01-06", periods=40, freq="W-FRI"),
    "two weeks": pd.date_range("2023-01-06", periods=40, freq="2W-FRI"),
    "third Fridays": pd.date_range("2020-01-17", periods=40, freq="WOM-3FRI"),
    "last Mondays": pd.DatetimeIndex(
        [
            pd.offsets.LastWeekOfMonth(weekday=0).rollforward(m)
            for m in pd.date_range("2020-01-01", periods=40, freq="MS")
        ]
    ),
    "month ends": pd.date_range("2023-01-31", periods=40, freq="ME"),
    "last business days of months": pd.date_range("2023-01-31", periods=40, freq="BME"),
    "first business days of months": pd.date_range("2023-01-02", periods=40, freq="BMS"),
    "first days of quarters": pd.date_range("2013-01-01", periods=40, freq="QS"),
    "last business days of quarters": pd.date_range("2013-03-29", periods=40, freq="BQE"),
    "years": pd.date_range("1980-12-31", periods=30, freq="YE"),
    "steps": pd.RangeIndex(0, 200, 5),
}


def frame(times: Any, **columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"ds": times, "y": np.arange(len(times), dtype=float), **columns})


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("keep", [0, 1, 2, 7])
def test_goes_on_as_it_does_in_every_call(name: str, keep: int) -> None:
    times = KINDS[name]
    times = times[: len(times) - keep] if keep else times
    cut = len(times) - 5
    model = ps.Naive(horizon=5).fit(frame(times[:cut]))
    assert model.predict()["ds"].tolist() == times[cut:].tolist()
    assert model.predict(frame(times[:cut]))["ds"].tolist() == times[cut:].tolist()
    short = model.predict(frame(times[cut - 6 : cut]))  # fewer rows than show the rhythm
    assert short["ds"].tolist() == times[cut:].tolist()


@pytest.mark.parametrize("name", KINDS)
def test_the_rhythm_is_kept_in_a_model_file(name: str) -> None:
    panel, kind = read_panel(frame(KINDS[name]))
    again = FrameKind.from_json(kind.to_json())
    assert again.rhythms == kind.rhythms
    assert kind.rhythms.common is not None
    assert kind.rhythms.common.agrees(kind.on_clock(panel.times))


@pytest.mark.parametrize("name", [name for name in KINDS if name not in ("Mondays, Wednesdays, Fridays",)])
def test_a_gap_is_refused_and_filled(name: str) -> None:
    times = KINDS[name]
    market = name in ("business days", "Sunday to Thursday", "Monday to Saturday")
    count = 12 if market else 1 if name == "years" else 2
    first = 20 if "session" not in name else 19  # within one day
    gap = times.delete(range(first, first + count))
    if len(gap) < 30 and market:
        return
    with pytest.raises(ps.DataError, match=f"skips {count} steps? of its own rhythm, the first {count} after"):
        read_panel(frame(gap))
    filled, _ = read_panel(frame(gap), missing="ffill")
    assert np.array_equal(filled.times, read_panel(frame(times))[0].times)
    assert np.flatnonzero(filled.filled).tolist() == list(range(first, first + count))


def test_one_saturday_does_not_turn_the_business_calendar_off() -> None:
    days = BUSINESS.union(pd.DatetimeIndex(["2023-02-04"]))
    model = ps.Naive(horizon=2).fit(frame(days))
    after = [pd.Timestamp("2023-05-08"), pd.Timestamp("2023-05-09")]
    assert model.predict()["ds"].tolist() == model.predict(frame(days))["ds"].tolist() == after


def test_a_holiday_shifts_a_week_and_a_month() -> None:
    fridays = pd.date_range("2023-01-06", periods=30, freq="W-FRI").to_series()
    fridays.iloc[[13, 29]] -= pd.Timedelta(days=1)  # two Good Fridays, one of them last
    assert ps.Naive().fit(frame(fridays.to_numpy())).predict()["ds"].tolist() == [pd.Timestamp("2023-08-04")]
    firsts = pd.date_range("2023-01-02", periods=30, freq="BMS").to_series()
    firsts.iloc[[0, 12]] += pd.Timedelta(days=1)
    assert ps.Naive().fit(frame(firsts.to_numpy())).predict()["ds"].tolist() == [pd.Timestamp("2025-07-01")]


def test_a_week_missing_from_hours_is_filled_and_the_season_stays() -> None:
    hours = pd.date_range("2024-01-01", periods=24 * 60, freq="h")
    y = 50 + 10 * np.sin(2 * np.pi * np.arange(len(hours)) / 168)
    gap = pd.DataFrame({"ds": hours, "y": y}).drop(index=range(500, 500 + 100))
    with pytest.raises(ps.DataError, match="skips 100 steps"):
        SeasonalNaive(168).fit(gap)
    model = SeasonalNaive(168, horizon=24).fit(gap, missing="ffill")
    assert model.predict()["yhat"].to_numpy() == pytest.approx(y[: 24 * 61][len(y) - 168 : len(y) - 144])


def test_holidays_and_short_days_of_sessions_are_not_missing() -> None:
    bars = session(BUSINESS[:30])
    closed = bars[(bars.normalize() != BUSINESS[7]) & ~((bars.normalize() == BUSINESS[9]) & (bars.hour > 12))]
    assert read_panel(frame(closed))[0].rows == len(closed)
    assert read_panel(frame(closed), missing="ffill")[0].rows == len(closed)


@settings(max_examples=60)
@given(
    name=st.sampled_from(sorted(KINDS)), start=st.integers(0, 20), length=st.integers(12, 30), steps=st.integers(1, 5)
)
def test_any_part_of_a_series_goes_on_like_the_whole(name: str, start: int, length: int, steps: int) -> None:
    times = KINDS[name]
    part = times[start : start + length]
    if len(times) < start + length + steps:
        return
    model = ps.Naive(horizon=steps).fit(frame(times))
    assert model.predict(frame(part))["ds"].tolist() == times[start + length : start + length + steps].tolist()


@pytest.mark.parametrize(
    ("history", "future", "message"),
    [
        (BUSINESS, pd.date_range("2023-05-06", periods=3, freq="D"), "step 1 is 2023-05-06, where 2023-05-08 follows"),
        (BUSINESS, pd.date_range("2023-05-11", periods=3, freq="B"), "step 1 is 2023-05-11, where 2023-05-08 follows"),
        (KINDS["hours"], pd.date_range("2023-01-21", periods=3, freq="D"), "step 2 is 2023-01-22, where 2023-01-21T01"),
        (KINDS["days"], pd.date_range("2023-03-05", periods=3, freq="D"), "step 1 is 2023-03-05, where 2023-03-02"),
        (KINDS["weeks"], pd.date_range("2023-10-07", periods=3, freq="D"), "step 1 is 2023-10-07|step 2 is 2023-10-08"),
        (KINDS["steps"], pd.RangeIndex(201, 204), "step 1 is 201, where 200 follows 195"),
        (BUSINESS, pd.date_range("2023-05-08", periods=3, freq="B", tz="UTC"), "of the future frame has a time zone"),
        (BUSINESS.tz_localize("UTC"), BUSINESS[:3] + pd.Timedelta(days=126), "of the history has a time zone"),
        (KINDS["sessions"], session([pd.Timestamp("2023-02-11")])[:3], "step 1 is 2023-02-11T09:30"),
        (KINDS["sessions"], session([pd.Timestamp("2023-02-13")], "10:00")[:3], None),
    ],
)  # fmt: skip
def test_the_future_is_held_against_the_history(history: Any, future: Any, message: str | None) -> None:
    from penstock.baselines.arx import ARX

    model = ARX(1, horizon=3).fit(frame(history, k=np.arange(len(history)) % 3.0), known="k")
    after = pd.DataFrame({"ds": future, "k": 0.0})
    if message is None:
        assert len(model.predict(future=after)) == 3
        return
    with pytest.raises(ps.DataError, match=message):
        model.predict(future=after)


def test_a_holiday_may_be_left_out_of_the_future() -> None:
    from penstock.baselines.arx import ARX

    model = ARX(1, horizon=2).fit(frame(BUSINESS, k=np.arange(90) % 3.0), known="k")
    after = pd.DataFrame({"ds": pd.to_datetime(["2023-05-09", "2023-05-10"]), "k": 0.0})
    assert model.predict(future=after)["ds"].tolist() == after["ds"].tolist()


def test_a_zone_on_one_side_only_is_refused() -> None:
    model = ps.Naive().fit(frame(BUSINESS))
    with pytest.raises(ps.DataError, match="has the time zone UTC, that of the training rows no time zone"):
        model.predict(frame(BUSINESS.tz_localize("UTC")))


def test_each_series_has_a_rhythm_of_its_own(tmp_path: Any) -> None:
    both = pd.concat([frame(KINDS["days"]).assign(unique_id="d"), frame(BUSINESS[:60]).assign(unique_id="b")])
    model = ps.Naive().fit(both)
    after = [pd.Timestamp("2023-03-02"), pd.Timestamp("2023-03-27")]
    assert model.predict()["ds"].tolist() == after
    model.save(tmp_path / "m.penstock")
    assert ps.load(tmp_path / "m.penstock").predict()["ds"].tolist() == after


def test_kinds_are_told_apart() -> None:
    kinds = {name: read_rhythm(read_panel(frame(KINDS[name]), Columns())[0].times).kind for name in KINDS}
    assert kinds["sessions"] == kinds["two sessions a day"] == "session"
    assert kinds["hours"] == kinds["minutes"] == kinds["days"] == "fixed"
    assert kinds["weeks"] == kinds["two weeks"] == "weeks"
    assert kinds["Sunday to Thursday"] == kinds["Mondays, Wednesdays, Fridays"] == kinds["business days"] == "week"


def test_times_of_equal_bytes_and_another_type_are_told_apart() -> None:
    counted = np.arange(10) * DAY_NS
    assert read_rhythm(counted).kind == "count"
    assert read_rhythm(counted.astype("datetime64[ns]")).kind != "count"
    assert read_rhythm(counted[::2]).step == 2 * DAY_NS


@pytest.mark.parametrize("days", [(1, 15), (15, 31), (1, 11, 21), (10, 20, 31)])
def test_days_of_the_month_go_on(days: tuple[int, ...]) -> None:
    months = pd.date_range("2023-01-01", periods=15, freq="MS")
    every = [month + pd.Timedelta(days=min(day, month.days_in_month) - 1) for month in months for day in days]
    times = pd.DatetimeIndex(every).to_numpy("datetime64[ns]")
    rows = 12 * len(days)
    assert read_rhythm(times[:rows]).anchor == "+".join(map(str, days))
    assert next_times(times[:rows], 3 * len(days)).tolist() == times[rows:].tolist()
    assert Rhythm.from_json(read_rhythm(times).to_json()) == read_rhythm(times)
    assert season_of(times, 2 * rows) == (rows,)
    gap = np.delete(times, rows - 3)
    assert missing_steps(gap).sum() == missing_steps(gap)[rows - 3] == 1


def test_a_horizon_beyond_what_times_can_count_is_refused() -> None:
    quarters = pd.date_range("2000-01-01", periods=20, freq="QS").to_numpy("datetime64[ns]")
    assert str(next_times(quarters, 1000)[-1])[:10] == "2254-10-01"
    with pytest.raises(ps.DataError, match="2,000 steps after 2004-10-01 reach beyond the year 2261"):
        next_times(quarters, 2000)
