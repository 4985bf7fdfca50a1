"""The studies of sequences on generated data: dates and waves."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from penstock.studies.dates import FORMS, dates, written
from penstock.studies.registry import resolve_study
from penstock.studies.study import Request
from penstock.studies.waves import waves

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("{weekday}, {day} {month} {year}", "thursday, 3 may 1979"),
        ("{number_month}/{day}/{year}", "5/3/1979"),
        ("{day2}.{month2}.{year}", "03.05.1979"),
        ("the {day}{th} day of {month}, {year}", "the 3rd day of may, 1979"),
    ],
)
def test_forms(form: str, expected: str) -> None:
    assert form in FORMS
    assert written(datetime.date(1979, 5, 3), form) == expected


def test_ordinals() -> None:
    found = [written(datetime.date(2000, 1, day), "{day}{th}") for day in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 31)]
    assert found == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "23rd", "31st"]


def test_no_day_of_the_test_is_learned_from() -> None:
    free, iso = dates(500, seed=3)
    assert len(set(iso)) == len(iso) == 2500
    assert dates(500, seed=3) == (free, iso)
    assert dates(500, seed=4) != (free, iso)
    assert len({len(text) for text in free}) > 10


def test_dates_runs_from_a_seed_to_pictures() -> None:
    result = resolve_study("dates")(Request(epochs=1, options={"train": 100, "units": 3}))
    rows = {row["model"]: row for row in result.tables[0].rows}
    assert rows["with attention"]["parameters"] > rows["without attention"]["parameters"]
    assert 0.5 < rows["pandas.to_datetime"]["exact"] < 1
    assert [picture.title.split(":")[0] for picture in result.pictures()][:1] == [
        "What each character of the ISO date attends to"
    ]


def test_waves_by_hand() -> None:
    told, wave = waves(3, np.random.default_rng(1))
    amplitude, frequency, phase = told[1]
    assert wave[1, 20] == pytest.approx(amplitude * np.sin(2 * np.pi * frequency * 20 / 60 + phase))


def test_waves_runs_and_knows_its_baseline() -> None:
    result = resolve_study("waves")(Request(epochs=1, options={"train": 60, "units": 3}))
    errors = {row["model"]: row["RMSE"] for row in result.tables[0].rows}
    assert set(errors) == {"told to the first state", "told at every step", "ridge on products of the three"}
    assert result.figure("RMSE").ours == min(errors["told to the first state"], errors["told at every step"])
    assert len(result.pictures()) == 1
