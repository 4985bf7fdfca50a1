from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penstock as ps
from penstock.data.columns import Columns
from penstock.data.frames import read_panel
from penstock.errors import DataWarning

RHYTHMS = {
    "months": pd.date_range("2019-01-31", periods=24, freq="ME"),
    "mid-months": pd.date_range("2019-01-01", periods=24, freq="MS") + pd.Timedelta(days=14),
    "weeks": pd.date_range("2019-01-04", periods=24, freq="W-FRI"),
    "days": pd.date_range("2019-01-04", periods=24, freq="D"),
    "days of New York": pd.date_range("2019-03-01", periods=24, freq="D", tz="America/New_York"),  # clocks change
    "quarters": pd.date_range("2019-01-01", periods=24, freq="QS"),
    "steps of 5": pd.RangeIndex(10, 130, 5),
}


def frame(times: Any) -> pd.DataFrame:
    return pd.DataFrame({"ds": times, "y": np.arange(len(times), dtype=float)})


@pytest.mark.parametrize("name", RHYTHMS)
def test_a_row_that_is_missing(name: str) -> None:
    times = RHYTHMS[name]
    assert read_panel(frame(times))[0].rows == 24
    gap = frame(times).drop(index=[10, 11])
    with pytest.raises(ps.DataError, match="skips 2 steps of its own rhythm, the first 2 after .*, before row 10"):
        read_panel(gap)
    filled, kind = read_panel(gap, missing="ffill")
    whole, _ = read_panel(frame(times))
    assert np.array_equal(filled.times, whole.times)
    assert filled.y.tolist() == [*range(10), 9, 9, *range(12, 24)]
    assert np.flatnonzero(filled.filled).tolist() == [10, 11]
    assert kind.missing == "ffill"


def test_business_days_may_be_holidays_but_not_weeks() -> None:
    days = pd.date_range("2020-01-01", periods=60, freq="B")
    assert read_panel(frame(days.delete([5, 20, 21, 22, 23])))[0].rows == 55
    closed = days.delete(range(20, 31))
    with pytest.raises(ps.DataError, match=r"skips 11 steps .* \(up to 10 business days in a row may be missing\)"):
        read_panel(frame(closed))
    assert np.array_equal(read_panel(frame(closed), missing="ffill")[0].times, read_panel(frame(days))[0].times)


@pytest.mark.parametrize(
    "times",
    [
        pd.date_range("2020-01-06 09:30", periods=78, freq="5min").append(
            pd.date_range("2020-01-07 09:30", periods=78, freq="5min")
        ),  # the night
        pd.RangeIndex(10).append(pd.RangeIndex(20, 29)).delete([2, 4]),  # three of 16 steps are irregular: no rhythm
        pd.to_datetime(["2020-01-01", "2020-01-04", "2020-01-11", "2020-01-12", "2020-01-30", "2020-03-09"]),
    ],
    ids=["nights", "irregular steps", "events"],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:the times keep no rhythm")
def test_what_has_no_rhythm_is_not_judged(times: Any) -> None:
    assert read_panel(frame(times))[0].rows == len(times)
    assert read_panel(frame(times), missing="ffill")[0].rows == len(times)


def test_what_has_no_rhythm_is_said() -> None:
    fortnights_and_months = pd.DatetimeIndex(np.datetime64("2010-01-01") + np.cumsum([14, 31] * 20))
    with pytest.warns(DataWarning, match="are not of the usual 31 days. The rows are taken one after the other"):
        read_panel(frame(fortnights_and_months))
    serials = pd.Index([44564, 44565, 44566, 44567, 44568, 44571, 44572, 44573, 44574, 44575, 44578])  # days of Excel
    with pytest.warns(DataWarning, match="the times keep no rhythm: .* the usual 1"):
        read_panel(frame(serials))


def test_rows_between_the_steps_are_said() -> None:
    hours = pd.date_range("2024-01-01", periods=40, freq="h")
    odd = hours.insert(20, hours[19] + pd.Timedelta("20min"))
    said = "2 rows do not follow .* whole number of steps of 1 hours, the first at 2024-01-01T19:20:00"
    with pytest.warns(DataWarning, match=said):
        assert read_panel(frame(odd))[0].rows == 41
    both = pd.concat([frame(each).assign(unique_id=name) for name, each in (("a", odd), ("b", hours), ("c", odd))])
    with pytest.warns(DataWarning, match="2 rows of series 'a' do .* and so do rows of 1 further series"):
        read_panel(both)


def test_filled_from_the_past_and_never_from_the_future() -> None:
    values = {"y": [np.nan, 1, np.nan, np.nan, 5, np.nan], "rate": [1, np.nan, np.nan, 4, np.nan, 6.0]}
    both = pd.concat([pd.DataFrame({"unique_id": s, "ds": range(6), **values}) for s in "ab"])
    panel, _ = read_panel(both, Columns(past="rate"), "ffill")
    assert panel.ids == ("a", "b")
    assert panel.times.tolist() == [1, 2, 3, 4, 5] * 2  # y has no value at 0: no past could fill it
    assert panel.y.tolist() == [1, 1, 1, 5, 5] * 2
    assert panel.past[:, 0].tolist() == [1, 1, 4, 4, 6] * 2
    assert panel.filled.tolist() == [False, True, True, False, True] * 2


@given(st.lists(st.one_of(st.none(), st.floats(-9, 9)), min_size=1, max_size=20), st.integers(0, 19))
def test_filling_is_blind_to_what_follows(values: list[float | None], cut: int) -> None:
    data = pd.DataFrame({"ds": range(len(values)), "y": np.array(values, dtype=float)})
    expected = data["y"].ffill().dropna()
    if expected.empty:
        with pytest.raises(ps.DataError, match="the column 'y' holds no value at all"):
            read_panel(data, missing="ffill")
        return
    panel, _ = read_panel(data, missing="ffill")
    assert panel.y.tolist() == expected.tolist()
    if data["y"][: cut + 1].notna().any():
        first = read_panel(data[: cut + 1], missing="ffill")[0]
        assert np.array_equal(first.y, panel.y[: first.rows])


def test_infinite_is_never_filled() -> None:
    data = frame(range(4)).assign(y=[1, np.inf, 2, 3])
    with pytest.raises(ps.DataError, match=r"the target column 'y' has 1 value that is infinite, the first in row 1"):
        read_panel(data, missing="ffill")


def test_the_choice_is_made_at_fit_and_kept(tmp_path: Any) -> None:
    data = frame(range(8)).assign(y=[1.0, 2, 3, np.nan, 5, 6, 7, np.nan])
    with pytest.raises(ps.DataError, match=r"drop these rows, or carry the last value forward with missing='ffill'"):
        ps.Naive().fit(data)
    with pytest.raises(ps.OptionError, match="missing='fill' is unknown; did you mean 'ffill'"):
        ps.Naive().fit(data, missing="fill")
    model = ps.Naive().fit(data, missing="ffill")
    assert model.predict()["yhat"].tolist() == [7.0]
    model.save(tmp_path / "naive.penstock")
    assert ps.load(tmp_path / "naive.penstock").predict(data[:4])["yhat"].tolist() == [3.0]
