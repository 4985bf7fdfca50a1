from __future__ import annotations

import datetime as dt
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import penstock as ps
from penstock.data.frames import FrameKind, read_panel
from penstock.data.reading.dates import AmbiguousDatesError, parse_dates
from penstock.errors import DataError, DataWarning

PATTERNS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d/%m/%y",
    "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%d%b%Y", "%Y-%b-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M",
    "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "%Y-%m-%d %H:%M:%S.%f",
)  # fmt: skip


@settings(max_examples=150)
@given(
    pattern=st.sampled_from(PATTERNS),
    times=st.lists(st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2060, 12, 31)), min_size=3, max_size=12),
)
def test_what_was_written_is_read_and_written_alike(pattern: str, times: list[dt.datetime]) -> None:
    times += [dt.datetime(2001, 2, 27, 16, 5), dt.datetime(2003, 12, 28, 9, 30)]  # no doubt about days and months
    cells = [time.strftime(pattern) for time in times]
    truth = [dt.datetime.strptime(cell, pattern) for cell in cells]
    if "%y" in pattern:
        truth = [time for time in truth if 1970 <= time.year < 2069]
        cells = [cell for cell, time in zip(cells, times, strict=True) if 1970 <= time.year < 2069]
    found, form, _ = parse_dates(cells)
    assert found.astype("datetime64[us]").astype(dt.datetime).tolist() == truth
    assert form.write(found) == cells


SERIES = {
    "months": (["2019-10", "2019-11", "2019-12"], ["2020-01", "2020-02"]),
    "months as numbers": ([201910, 201911, 201912], [202001, 202002]),
    "months as text of digits": (["201910", "201911", "201912"], ["202001", "202002"]),
    "quarters of two digits": ([201901, 201902, 201903, 201904, 202001], [202002, 202003]),
    "quarters as numbers": ([20193, 20194, 20201], [20202, 20203]),
    "quarters": (["2019Q3", "2019Q4", "2020Q1"], ["2020Q2", "2020Q3"]),
    "quarters apart": (["Q3 2019", "Q4 2019", "Q1 2020"], ["Q2 2020", "Q3 2020"]),
    "months of Eurostat": (["1990M11", "1990M12", "1991M01"], ["1991M02", "1991M03"]),
    "days as numbers": ([20191227, 20191230, 20191231], [20200101, 20200102]),
    "decimal quarters": ([1990.5, 1990.75, 1991.0], [1991.25, 1991.5]),
    "months behind the point": ([1871.10, 1871.11, 1871.12], [1872.01, 1872.02]),
    "names of months": (["Oct-19", "Nov-19", "Dec-19"], ["Jan-20", "Feb-20"]),
    "weeks": (["2020-W51", "2020-W52", "2020-W53"], ["2021-W01", "2021-W02"]),
    "milliseconds": ([1609459200000, 1609545600000, 1609632000000], [1609718400000, 1609804800000]),
    "years": ([2017, 2018, 2019], [2020, 2021]),
    "years as text": (["2017", "2018", "2019"], ["2020", "2021"]),
    "zone": (["2024-01-02T00:00:00Z", "2024-01-03T00:00:00Z"], ["2024-01-04T00:00:00Z", "2024-01-05T00:00:00Z"]),
    "one offset": (["2024-01-02 00:00:00-05:00", "2024-01-03 00:00:00-05:00"],
                   ["2024-01-04 00:00:00-05:00", "2024-01-05 00:00:00-05:00"]),
    "day first": (["30.12.2019", "31.12.2019"], ["01.01.2020", "02.01.2020"]),
    "steps in a narrow type": (np.array([125, 126, 127], dtype=np.int8), [128, 129]),
    "unsigned steps": (np.array([253, 254, 255], dtype=np.uint8), [256, 257]),
    "days of years": ([2019364, 2019365, 2020001], [2020002, 2020003]),
    "weeks as numbers": ([202051, 202052, 202053], [202101, 202102]),
    "days and hours": ([2019123122, 2019123123, 2020010100], [2020010101, 2020010102]),
    "days and minutes": (["201912312330", "201912312345", "202001010000"], ["202001010015", "202001010030"]),
    "days and seconds": ([20191231235959, 20200101000000], [20200101000001, 20200101000002]),
    "small months": (["30-dec-2019", "31-dec-2019"], ["01-jan-2020", "02-jan-2020"]),
    "shares as short as can be": (["1990.5", "1990.75", "1991.0"], ["1991.25", "1991.5"]),
    "objects": ([dt.date(2019, 12, 30), dt.date(2019, 12, 31)], ["2020-01-01", "2020-01-02"]),
}  # fmt: skip


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.filterwarnings("ignore::penstock.errors.DataWarning")
def test_the_answer_has_the_form_of_the_question(name: str) -> None:
    times, after = SERIES[name]
    frame = pd.DataFrame({"ds": times, "y": np.arange(len(times), dtype=float)})
    model = ps.Naive(horizon=2).fit(frame)
    assert model.predict()["ds"].tolist() == pytest.approx(after) if isinstance(after[0], float) else after
    assert model.predict()["ds"].tolist() == model.predict(frame)["ds"].tolist()
    _, kind = read_panel(frame)
    again = FrameKind.from_json(kind.to_json())
    assert (again.form, again.counts_steps) == (kind.form, kind.counts_steps)


@pytest.mark.parametrize("freq", ["M", "Q", "Y", "W", "D"])
def test_periods(freq: str) -> None:
    periods = pd.period_range("2019-01", periods=12, freq=freq)
    frame = pd.DataFrame({"ds": periods[:10], "y": np.arange(10.0)})
    answer = ps.Naive(horizon=2).fit(frame).predict()
    assert answer["ds"].tolist() == periods[10:].tolist()
    assert answer["ds"].dtype == periods.dtype


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (pd.period_range("3000-01", periods=3, freq="M"), "3 dates outside the years 1678 to 2261, the first in row 0"),
        (np.array([3, 2**63 + 1, 2**64 - 1], dtype=np.uint64), r"counts beyond 2\*\*63"),
    ],
)
def test_times_that_64_bits_do_not_hold_are_refused(times: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_panel(pd.DataFrame({"ds": times, "y": np.arange(3.0)}))


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "pandas"])
def test_categories_are_text(kind: str) -> None:
    cells = ["2020-01-04", "2020-01-05", "2020-01-06"]
    frame: Any = pl.DataFrame({"ds": pl.Series(cells, dtype=pl.Categorical), "y": [1.0, 2.0, 3.0]})
    frame = {"polars": frame, "pyarrow": frame.to_arrow(), "pandas": None}[kind]
    if frame is None:
        frame = pd.DataFrame({"ds": pd.Categorical(cells), "y": [1.0, 2.0, 3.0]})
    answer = ps.Naive().fit(frame).predict()
    assert (answer["ds"].to_pylist() if kind == "pyarrow" else answer["ds"].to_list()) == ["2020-01-07"]


def test_day_or_month_first_is_never_guessed() -> None:
    with pytest.raises(AmbiguousDatesError):
        parse_dates(["01/02/2022", "02/02/2022"])
    assert parse_dates(["01/02/2022"], dayfirst=True)[0].astype("datetime64[D]").astype(str).tolist() == ["2022-02-01"]
    frame = pd.DataFrame({"ds": ["01/02/2022", "02/02/2022", "03/02/2022"], "y": [1.0, 2.0, 3.0]})
    with pytest.raises(ps.DataError, match=r"with the day or with the month first .*: --dayfirst or --monthfirst"):
        read_panel(frame)
    frame["ds"] = pd.to_datetime(frame["ds"], dayfirst=True)  # the line of the message
    assert read_panel(frame)[0].times[0] == np.datetime64("2022-02-01")


def test_an_earlier_frame_decides_where_this_one_leaves_it_open() -> None:
    days = pd.date_range("2022-01-03", periods=30, freq="D").strftime("%d/%m/%Y")
    frame = pd.DataFrame({"ds": days, "y": np.arange(30.0)})
    with pytest.warns(DataWarning, match="read as day, month, year"):
        model = ps.Naive().fit(frame)
    assert model.predict(frame.iloc[2:9])["ds"].tolist() == ["12/01/2022"]


def test_offsets_of_one_place_are_its_clock() -> None:
    days = pd.date_range("2024-03-04", periods=12, freq="B", tz="America/New_York")
    frame = pd.DataFrame({"ds": [str(day) for day in days], "y": np.arange(12.0)})
    with pytest.warns(DataWarning, match=r"the offsets -05:00, -04:00 are those of one place"):
        answer = ps.Naive().fit(frame).predict()
    assert answer["ds"].tolist() == ["2024-03-20 00:00:00"]
    hours = pd.date_range("2024-11-02", periods=48, freq="h", tz="America/New_York")
    with pytest.raises(ps.DataError, match=r"an hour comes twice .* name the zone of their place: --zone America/New"):
        read_panel(pd.DataFrame({"ds": [str(hour) for hour in hours], "y": 1.0}))
    hours = pd.date_range("2024-03-09", periods=48, freq="h", tz="America/New_York")  # an hour is left out
    with pytest.raises(ps.DataError, match=r"steps within the day go on where the clock changes .* --zone"):
        read_panel(pd.DataFrame({"ds": [str(hour) for hour in hours], "y": 1.0}))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([f"{year}-{quarter}" for year in (2010, 2011) for quarter in (1, 2, 3, 4)], "quarters or months"),
        ([f"{quarter}/{year}" for year in (2010, 2011) for quarter in (1, 2, 3, 4)], "quarters or months"),
        ([f"22-01-{day:02d}" for day in range(3, 20)], "does the year stand first or last"),
    ],
)
def test_two_readings_of_dates_are_refused(cells: list[str], message: str) -> None:
    with pytest.raises(ps.DataError, match=message):
        read_panel(pd.DataFrame({"ds": cells, "y": 1.0}))


def test_months_of_the_first_four_are_months() -> None:
    months = pd.DataFrame({"ds": ["2010-1", "2010-2", "2010-3", "2010-4"], "y": 1.0})
    assert read_panel(months)[0].times.astype("datetime64[M]").tolist()[-1].month == 4
    with pytest.warns(DataWarning, match="read as day, month, year: '17/01/22'"):
        assert read_panel(pd.DataFrame({"ds": ["03/01/22", "04/01/22", "17/01/22"], "y": 1.0}))[0].rows == 3


@pytest.mark.parametrize("cells", [["Mon 03 Jan 2022", "Tue 04 Jan 2022"], ["3rd January 2022", "4th January 2022"]])
def test_pandas_is_advised_where_it_reads_them(cells: list[str]) -> None:
    frame = pd.DataFrame({"ds": cells, "y": 1.0})
    with pytest.raises(ps.DataError, match="let pandas read them") as error:
        read_panel(frame)
    exec(str(error.value).partition("them: ")[2].rstrip("."), {"frame": frame, "pandas": pd})
    assert read_panel(frame)[0].times.astype("datetime64[D]").astype(str).tolist() == ["2022-01-03", "2022-01-04"]


def test_zones_of_dateutil_are_named(tmp_path: Any) -> None:
    from dateutil import tz

    days = pd.date_range("2024-03-04", periods=12, freq="B", tz=tz.gettz("America/New_York"))
    model = ps.Naive().fit(pd.DataFrame({"ds": days, "y": np.arange(12.0)}))
    model.save(tmp_path / "m.penstock")
    answer = ps.load(tmp_path / "m.penstock").predict()["ds"]
    assert str(answer.iloc[0]) == "2024-03-20 00:00:00-04:00"


@pytest.mark.parametrize(
    "frame",
    [
        pd.Series([1.0, 2.0, 3.0], index=pd.date_range("2020-01-01", periods=3)),
        pd.Series([1.0, 2.0, 3.0], index=pd.period_range("2020-01-01", periods=3, freq="D"), name="y"),
        pd.DataFrame({"y": [1.0, 2.0, 3.0]}, index=pd.date_range("2020-01-01", periods=3)),
        pd.DataFrame({"y": [1.0, 2.0, 3.0]}, index=pd.date_range("2020-01-01", periods=3, name="ds")),
        pd.DataFrame({"y": [1.0, 2.0, 3.0]}, index=pd.date_range("2020-01-01", periods=3, name="Date")),
    ],
    ids=["series", "series of periods", "unnamed index", "index named ds", "index named Date"],
)
def test_times_in_the_index(frame: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        panel, _ = read_panel(frame)
    assert panel.times.astype("datetime64[D]").astype(str).tolist() == ["2020-01-01", "2020-01-02", "2020-01-03"]
    assert panel.y.tolist() == [1, 2, 3]


def test_an_array_counts_its_steps_and_levels_of_an_index_are_columns() -> None:
    assert ps.Naive().fit(np.array([1.0, 2.0, 3.0])).predict()["ds"].tolist() == [3]
    frame = pd.DataFrame({"unique_id": list("aabb"), "ds": [1, 2, 1, 2], "y": [1.0, 2.0, 3.0, 4.0]})
    panel, _ = read_panel(frame.set_index(["unique_id", "ds"]))
    assert panel.ids == ("a", "b")
    assert read_panel(frame.set_index(["unique_id", "ds"])["y"])[0].ids == ("a", "b")


def test_rows_that_stand_newest_first_are_turned() -> None:
    frame = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=4)[::-1], "y": [4.0, 3.0, 2.0, 1.0]})
    with pytest.warns(DataWarning, match="the rows stand newest first"):
        assert read_panel(frame)[0].y.tolist() == [1, 2, 3, 4]


def test_months_or_quarters_of_one_year_are_asked_for() -> None:
    frame = pd.DataFrame({"ds": [201001, 201002, 201003, 201004], "y": 1.0})
    with pytest.raises(ps.DataError, match="may be months or quarters; write months as '2010-01', quarters as"):
        read_panel(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        months = read_panel(pd.DataFrame({"ds": [*range(200901, 200913)], "y": 1.0}))[1]
        assert read_panel(frame, like=months)[0].times[-1] == np.datetime64("2010-04-01")


def test_an_earlier_frame_decides_only_what_it_shows() -> None:
    frame = pd.DataFrame({"ds": ["10/02/2024", "11/02/2024"], "y": 1.0})
    dates = pd.DataFrame({"ds": ["2024-02-08", "2024-02-09"], "y": 1.0})
    with pytest.raises(ps.DataError, match="with the day or with the month first"):
        read_panel(frame, like=read_panel(dates)[1])
