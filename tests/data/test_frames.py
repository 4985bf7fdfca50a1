from __future__ import annotations

import datetime as dt
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import penstock as ps
from penstock.data.frames import Columns, FrameKind, read_panel


def series(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"ds": [1, 2, 3], "y": [1.0, 2.0, 3.0], **columns})


def test_groups_interleaved_series_in_the_order_of_the_frame() -> None:
    frame = pd.DataFrame({"unique_id": list("baab"), "ds": [1, 1, 2, 2], "y": [1.0, 2.0, 3.0, 4.0]})
    panel, _ = read_panel(frame)
    assert panel.ids == ("b", "a")
    assert panel.y.tolist() == [1.0, 4.0, 2.0, 3.0]
    assert panel.offsets.tolist() == [0, 2, 4]


def test_other_column_names_and_no_id() -> None:
    frame = pl.DataFrame({"Date": [dt.date(2020, 1, 1), dt.date(2020, 1, 2)], "Close": [3, 4]})
    panel, kind = read_panel(frame, Columns(time="Date", target="Close"))
    assert panel.ids == (None,)
    assert panel.y.tolist() == [3.0, 4.0]
    out = kind.frame({"unique_id": [None], "Date": panel.times[:1], "yhat": [1.0]})
    assert out.schema == {"Date": pl.Date, "yhat": pl.Float64}


@pytest.mark.parametrize(
    "times",
    [
        pl.Series([dt.date(2020, 1, 1), dt.date(2020, 1, 2)]),
        pl.Series([dt.datetime(2020, 1, 1, 9), dt.datetime(2020, 1, 1, 10)], dtype=pl.Datetime("us")),
        pl.Series([dt.datetime(2020, 1, 1, 9), dt.datetime(2020, 1, 1, 10)]).dt.replace_time_zone("Europe/Zurich"),
        pl.Series(["2020-01-01", "2020-01-02"]),
        pl.Series(["2020-01-01 09:30:00", "2020-01-01 10:30:00"]),
        pl.Series([dt.datetime(2020, 1, 1, 9), dt.datetime(2020, 1, 1, 10)]).dt.replace_time_zone("America/New_York"),
        pl.Series([3, 4], dtype=pl.Int32),
    ],
    ids=["date", "datetime", "zone", "text", "text with time", "new york", "steps"],
)
def test_times_come_back_as_they_were(times: pl.Series) -> None:
    frame = pl.DataFrame({"ds": times, "y": [1.0, 2.0]})
    panel, kind = read_panel(frame)
    assert kind.frame({"ds": panel.times}).equals(frame.select("ds"))
    again = FrameKind.from_json(kind.to_json())
    assert again.frame({"ds": panel.times}).equals(frame.select("ds"))


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo", "Etc/GMT+5", "Europe/Zurich"])
def test_business_days_are_those_of_the_zone(zone: str) -> None:
    days = pd.date_range("2020-03-02", periods=20, freq="B", tz=zone)  # across the change of the clocks
    panel, kind = read_panel(pd.DataFrame({"ds": days[:17], "y": 1.0}))
    ahead = kind.frame({"ds": kind.next_times(panel.times, 3)})["ds"]
    assert ahead.tolist() == days[17:].tolist()
    assert ahead.dtype == days.dtype


def test_targets_of_any_number_type() -> None:
    for values in (np.array([1, 2, 3], dtype=np.int8), pd.array([1, 2, 3], dtype="Int64"), np.float32([1, 2, 3])):
        assert read_panel(series(y=values))[0].y.tolist() == [1.0, 2.0, 3.0]


def test_the_frame_given_is_not_changed(walk: pd.DataFrame) -> None:
    before = walk.copy()
    panel, _ = read_panel(walk)
    panel.y[:] = 0
    assert walk.equals(before)


@pytest.mark.parametrize(
    ("frame", "columns", "message"),
    [
        (series().rename(columns={"y": "Y"}), {}, "the frame has no column 'y'; did you mean 'Y'"),
        (series(), {"time": "Date"}, "no column 'Date'; allowed: 'ds', 'y'"),
        (series(), {"id": "ticker"}, "no column 'ticker'"),
        (series(y=[1.0, np.nan, np.inf]), {}, r"2 values that are missing or infinite, the first in row 1 \(at 2\)"),
        (
            series(y=pd.array([1, None, 3], dtype="Int64")),
            {},
            "1 value that is missing or infinite.*in row 1",
        ),
        (pl.DataFrame({"ds": [1, 2], "y": [None, 1.0]}), {}, "1 value that is missing or infinite.* row 0"),
        (pa.table({"ds": [1, 2], "y": [1.0, None]}), {}, "1 value that is missing or infinite.* row 1"),
        (series(y=["1", "two", "3"]), {}, "holds text that is no number, the first in row 1: 'two'; mend or drop"),
        (series(y=[True, False, True]), {}, "holds Boolean, not numbers"),
        (series(ds=[1, 1, 2]), {}, "1 timestamp that comes twice, the first 1 in row 1; keep one row a time"),
        (
            series(ds=[1, 3, 2]),
            {},
            "comes after a later one, the first 2 in row 2; sort them: frame = frame.sort",
        ),
        (series(ds=["2020-01-01", "soon", "2020-01-03"]), {}, "values that are no dates, the first in row 1: 'soon'"),
        (series(ds=[1.5, 2.5, 3.5]), {}, "holds Float64; allowed: dates, datetimes, whole numbers"),
        (series(ds=pd.to_datetime(["2020-01-01", None, "2020-01-03"])), {}, "has 1 missing values, the first in row 1"),
        (series(unique_id=["a", None, "a"]), {}, "id column 'unique_id' has missing values"),
        (series()[:0], {}, "the frame is empty"),
        (
            series(ds=["1620-01-01", "1621-01-01", "1622-01-01"]),
            {},
            "has dates outside the years 1678 to 2261, the first",
        ),
        (pl.DataFrame({"ds": [dt.date(1620, 1, 1)], "y": [1.0]}), {}, "1 dates outside the years 1678 to 2261"),
        (
            series(ds=[f"2020-01-0{n}T00:00:00{z}" for n, z in ((1, "+02:00"), (2, "-05:00"), (3, "Z"))]),
            {},
            r"offsets of several zones \(-05:00, \+00:00, \+02:00\)\); name the zone of their place: --zone",
        ),
        (
            pd.concat([series(), series()["y"]], axis=1),
            {},
            "the frame has 2 columns of one name, 'y'; rename or drop all",
        ),
        (
            pa.table([[1], [1.0], [2.0]], names=["ds", "y", "y"]),
            {},
            "the frame has 2 columns of one name, 'y'; rename or drop",
        ),
        ([1, 2, 3], {}, "a list was given; a pandas, polars or pyarrow frame"),
        (np.ones((3, 2)), {}, r"an array of the shape \(3, 2\) was given"),
        (pl.LazyFrame({"ds": [1], "y": [1.0]}), {}, r"a lazy frame was given; collect it first"),
    ],
)
def test_what_is_refused(frame: Any, columns: dict[str, str], message: str) -> None:
    with pytest.raises(ps.DataError, match=message):
        read_panel(frame, Columns(**columns))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"time": 0}, "time=0: columns are named by text"),
        ({"time": "y", "target": "y"}, "one column cannot be two things"),
        ({"id": "model"}, "id='model' is the name of a column of the answers; rename it first"),
        ({"time": "yhat"}, "time='yhat' is the name of a column of the answers"),
    ],
)
def test_column_names_refused(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        ps.Naive().fit(series(), **columns)


def test_faults_name_the_series_and_its_own_row() -> None:
    frame = pd.DataFrame({"unique_id": list("aabb"), "ds": [1, 2, 1, 2], "y": [1.0, 2.0, 3.0, np.nan]})
    with pytest.raises(ps.DataError, match="the first in row 1 of series 'b'"):
        read_panel(frame)
    with pytest.raises(ps.DataError, match="the first 1 in row 1 of series 'b'"):
        read_panel(frame.assign(ds=[1, 2, 1, 1], y=1.0))


def test_a_library_that_is_gone_is_replaced_by_pandas() -> None:
    _, kind = read_panel(series())
    out = FrameKind.from_json({**kind.to_json(), "backend": "no_such_library"}).frame({"ds": [1]})
    assert nw.from_native(out).implementation.is_pandas()


def test_later_rows_of_several_series_are_not_told_to_name_a_column() -> None:
    """The columns are those of the fit: a prediction has no option for them."""
    fitted = ps.Naive().fit(series())
    several = pd.concat([series(name="a"), series(name="b")])
    with pytest.raises(ps.DataError, match="'name' seems to name the series, but the fit had one without a name; give"):
        fitted.predict(several)


def test_dates_that_arrow_counts_in_milliseconds_are_dates() -> None:
    days = [dt.date(2024, 1, day) for day in range(1, 21)]
    table = {kind: pa.table({"ds": pa.array(days, kind()), "y": np.arange(20.0)}) for kind in (pa.date64, pa.date32)}
    forecasts = [ps.Drift().fit(each).predict() for each in table.values()]
    assert forecasts[0].equals(forecasts[1])
    assert forecasts[0]["ds"].to_pylist() == [dt.date(2024, 1, 21)]
