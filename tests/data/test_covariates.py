"""Covariates through frames: read by name, refused in words, given ahead as future rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.columns import Columns
from penstock.data.frames import FrameKind, read_panel
from penstock.data.future import read_future

FRAME = pd.DataFrame(
    {
        "unique_id": list("abab"),
        "ds": [1, 1, 2, 2],
        "y": [1.0, 2.0, 3.0, 4.0],
        "volume": [10, 20, 30, 40],
        "holiday": [True, False, False, True],
        "sector": ["oil", "gas", "oil", "gas"],
    }
)
COLUMNS = Columns(past="volume", known=["holiday"], static="sector")


def test_read_by_name(as_kind: Any) -> None:
    panel, kind = read_panel(as_kind(FRAME), COLUMNS)
    assert panel.past[:, 0].tolist() == [10.0, 30.0, 20.0, 40.0]
    assert panel.known[:, 0].tolist() == [1.0, 0.0, 0.0, 1.0]
    assert panel.static.tolist() == [["oil"], ["gas"]]
    assert FrameKind.from_json(kind.to_json()) == kind


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"past": "volum"}, "no column 'volum'; did you mean 'volume'"),
        ({"past": "sector"}, "the past column 'sector' holds text that is no number, .* name it in static='sector'"),
        (
            {"static": "volume"},
            "the static column 'volume' is not the same in every row of series 'a': 10 at first, 30",
        ),
    ],
)
def test_what_is_refused(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(ps.DataError, match=message):
        read_panel(FRAME, Columns(**columns))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"past": "volume", "known": "volume"}, "one column cannot be two things: .*past='volume', known='volume'"),
        ({"past": "y"}, "one column cannot be two things"),
        ({"known": 3}, "known=3 names no columns; allowed: a name or a list of names"),
        ({"known": [3]}, "known=3: columns are named by text"),
    ],
)
def test_names_refused(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        Columns(**columns)


def test_missing_covariates_are_refused_by_name() -> None:
    with pytest.raises(ps.DataError, match=r"past column 'volume' has 1 value that is missing or infinite, the first in row 1 of series 'a'"):  # fmt: skip  # noqa: E501
        read_panel(FRAME.assign(volume=[1.0, 2.0, np.nan, 4.0]), COLUMNS)
    with pytest.raises(ps.DataError, match="the static column 'sector' has a missing value of series 'a'; fill it"):
        read_panel(FRAME.assign(sector=[None, "gas", "oil", "gas"]), COLUMNS)


def test_a_model_that_does_not_use_them_says_so() -> None:
    with pytest.raises(ps.OptionError, match=r"Naive does not use past covariates \(it uses none\); leave past= out"):
        ps.Naive().fit(FRAME, past="volume")


def test_the_future_is_read_series_by_series() -> None:
    panel, kind = read_panel(FRAME, Columns(known="holiday"))
    future = pd.DataFrame(
        {"unique_id": list("bbbaa"), "ds": [2, 3, 4, 3, 4], "holiday": [9, 1, 0, 0, 1], "y": np.nan}
    )  # the row at 2 is not later than the history: left out
    ahead, times = read_future(future, panel, kind, 2)
    assert ahead.known_after(np.array([1, 3]), 2)[:, :, 0].tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert [t.tolist() for t in times] == [[3, 4], [3, 4]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f[:3], "the future frame has 1 rows of series 'b' after 2, where its history ends; 2 are needed"),
        (lambda f: f[:2], "the future frame has no rows of series 'b'; it has 'a'"),
        (lambda f: f[:0], "the future frame is empty; 2 rows a series are needed"),
        (lambda f: f.drop(columns="holiday"), "the frame has no column 'holiday'"),
        (
            lambda f: f.assign(holiday=[1, 0, np.nan, 0]),
            "'holiday' of the future frame has 1 values .* series 'b' at 3",
        ),
        (
            lambda f: f.assign(ds=pd.to_datetime("2020-01-01")),
            "the time column 'ds' of the future frame holds Datetime",
        ),
    ],
)
def test_a_future_refused(change: Any, message: str) -> None:
    panel, kind = read_panel(FRAME, Columns(known="holiday"))
    future = pd.DataFrame({"unique_id": list("aabb"), "ds": [3, 4, 3, 4], "holiday": [0, 1, 1, 0]})
    with pytest.raises(ps.DataError, match=message):
        read_future(change(future), panel, kind, 2)


def test_a_future_that_leaves_out_a_step() -> None:
    months = pd.date_range("2020-01-31", periods=12, freq="ME")
    panel, kind = read_panel(pd.DataFrame({"ds": months[:8], "y": 1.0, "k": 0.0}), Columns(known="k"))
    with pytest.raises(ps.DataError, match="step 1 is 2020-10-31, where 2020-09-30 follows 2020-08-31"):
        read_future(pd.DataFrame({"ds": months[9:], "k": 1.0}), panel, kind, 2)
