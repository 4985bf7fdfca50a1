"""Later rows are put behind those that a model keeps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.later import join_later
from penstock.errors import DataWarning

FRAME = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=40), "y": np.arange(40.0)})


def test_known_rows_with_other_values_are_told_and_left_out() -> None:
    model = ps.AR(2).fit(FRAME[:30])
    assert join_later(model, FRAME).new == 10
    revised = FRAME.assign(y=FRAME["y"].where(~FRAME.index.isin([27, 29]), 3 * FRAME["y"]))
    with pytest.warns(
        DataWarning,
        match="2 rows that the model knows have other values in the file, the first at "
        "2024-01-28; they are left out. Fit again",
    ):
        joined = join_later(model, revised)
    assert (joined.seen, joined.older, joined.new) == (26, 4, 10)
    assert joined.frame["y"].tolist()[-13:] == [float(row) for row in range(27, 40)]


def test_a_missing_value_that_was_carried_is_no_revision() -> None:
    gaps = FRAME.assign(y=FRAME["y"].where(FRAME.index != 28))
    model = ps.AR(2).fit(gaps[:30], missing="ffill")
    assert join_later(model, gaps).new == 10


def joined(model: ps.AR, frame: pd.DataFrame) -> tuple[int, int, int]:
    found = join_later(model, frame)
    return found.new, found.seen, found.older


def test_rows_before_those_that_are_kept_are_told_apart() -> None:
    model = ps.AR(2).fit(FRAME[10:39])
    assert len(model.tail_.times) == 26
    assert joined(model, FRAME) == (1, 26, 13)
    assert joined(model, FRAME[:5]) == (0, 0, 5)
    assert join_later(model, FRAME[:5]).counts == (
        "0 rows are new, 0 had been seen, 5 are older than those that the model keeps"
    )


def test_another_time_of_day_makes_no_day_new() -> None:
    model = ps.AR(2).fit(FRAME[:38])
    closing = FRAME.assign(ds=FRAME["ds"] + pd.Timedelta("16h"))
    with pytest.warns(DataWarning, match="the rows stand at 16:00:00, those that the model keeps at 00:00:00; they"):
        found = join_later(model, closing[37:])
    assert (found.new, found.seen, found.frame["ds"].tolist()[-2:]) == (2, 1, FRAME["ds"].tolist()[-2:])
    mixed = FRAME.assign(ds=FRAME["ds"].where(FRAME.index != 39, closing["ds"]))
    with pytest.raises(ps.DataError, match="stand at 2 times of day, .* is 2024-02-09T16:00:00; give one row a day"):
        join_later(model, mixed)
    zoned = FRAME.assign(ds=FRAME["ds"].dt.tz_localize("America/New_York"))
    with pytest.warns(DataWarning, match="the rows stand at 16:00:00"):
        assert join_later(ps.AR(2).fit(zoned[:38]), zoned.assign(ds=zoned["ds"] + pd.Timedelta("16h"))[37:]).new == 2


@pytest.mark.parametrize(("freq", "shift"), [("MS", "20D"), ("h", "1min"), ("7D", "2D")])
def test_a_step_that_is_written_otherwise_is_not_new(freq: str, shift: str) -> None:
    rows = FRAME.assign(ds=pd.date_range("2024-01-01", periods=40, freq=freq))
    model = ps.AR(2).fit(rows[:37])
    assert join_later(model, rows).new == 3
    with pytest.raises(ps.DataError, match="is less than a step later than .*, the last that the model keeps"):
        join_later(model, rows.assign(ds=rows["ds"] + pd.Timedelta(shift)))


def test_a_row_between_the_steps_is_no_later_row() -> None:
    rows = FRAME.assign(ds=pd.date_range("2024-01-01", periods=40, freq="h"))
    model = ps.AR(2).fit(rows[:37])
    with pytest.raises(ps.DataError, match="is 1.5 steps later than .* and no whole number of them"):
        join_later(model, rows[37:].assign(ds=rows["ds"][37:] + pd.Timedelta("30min")))


def test_weekdays_without_a_row_before_the_first_later_one_are_told() -> None:
    frame = FRAME.assign(ds=pd.bdate_range("2024-01-01", periods=40))
    model = ps.AR(2).fit(frame[:30])
    assert join_later(model, frame[30:]).new == 10
    with pytest.warns(DataWarning, match="begin at 2024-02-16; 4 of the days of the week since 2024-02-09, the last"):
        assert join_later(model, frame[34:]).new == 6


def test_a_name_on_one_side_only_is_told() -> None:
    model = ps.AR(2).fit(FRAME[:38])
    with pytest.warns(DataWarning, match="the fit had one series without a name; the rows of 'A' are taken for it"):
        model.predict(FRAME.assign(unique_id="A"))
    named = ps.AR(2).fit(FRAME[:38].assign(unique_id="A"))
    with pytest.warns(DataWarning, match="no column 'unique_id'; they are taken for 'A', the only series of the fit"):
        assert join_later(named, FRAME).new == 2
