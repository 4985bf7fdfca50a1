from __future__ import annotations

import numpy as np
import pytest

from penstock.data.calendar import next_times


def days(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[ns]")


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (np.array([1, 2, 3]), [4, 5]),
        (np.array([10, 20, 30]), [40, 50]),
        (np.array([7]), [8, 9]),
        (
            days("2018-12-27", "2018-12-28"),
            days("2018-12-31", "2019-01-01"),
        ),  # Thursday, Friday: the weekend is skipped
        (days("2018-12-20", "2018-12-21", "2018-12-24", "2018-12-26"), days("2018-12-27", "2018-12-28")),  # a holiday
        (days("2018-12-28", "2018-12-29", "2018-12-30"), days("2018-12-31", "2019-01-01")),  # weekends are there
        (days("2020-01-01", "2020-02-01", "2020-03-01"), days("2020-04-01", "2020-05-01")),
        (days("2020-01-31", "2020-02-29", "2020-03-31"), days("2020-04-30", "2020-05-31")),  # ends of months
        (days("2020-01-30", "2020-02-29", "2020-03-30"), days("2020-04-30", "2020-05-30")),
        (days("2019-03-31", "2019-06-30", "2019-09-30"), days("2019-12-31", "2020-03-31")),
        (days("2020-01-01", "2020-02-01", "2020-04-01", "2020-05-01"), days("2020-06-01", "2020-07-01")),  # one missing
        (days("2018-07-01", "2019-07-01"), days("2020-07-01", "2021-07-01")),
        (days("2019-01-06", "2019-01-13"), days("2019-01-20", "2019-01-27")),  # weeks
        (days("2020-01-01T09:00", "2020-01-01T10:00"), days("2020-01-01T11:00", "2020-01-01T12:00")),
        (days("2018-12-27T16:00", "2018-12-28T16:00"), days("2018-12-31T16:00", "2019-01-01T16:00")),
        (days("2020-05-05"), days("2020-05-06", "2020-05-07")),
    ],
)
def test_goes_on_in_the_same_rhythm(times: np.ndarray, expected: np.ndarray) -> None:
    assert next_times(times, 2).tolist() == np.asarray(expected).tolist()
