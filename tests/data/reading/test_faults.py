"""Whatever a frame holds, the only exceptions are Penstock's, and an answer goes on from what was given."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import penstock as ps
from penstock.data.own_file import read_own_file
from penstock.errors import PenstockError

TIMES: dict[str, Any] = {
    "dates": st.dates(dt.date(1950, 1, 1), dt.date(2100, 1, 1)),
    "datetimes": st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2100, 1, 1)),
    "whole": st.integers(-(2**40), 2**40),
    "small": st.integers(0, 127),
    "floats": st.floats(allow_nan=True, allow_infinity=True),
    "text": st.sampled_from(["2020-01-01", "2020-01-02", "01/02/2020", "13/02/2020", "2020Q1", "2020Q3", "soon", "",
                             "NA", "202001", "2020-01-01T00:00:00Z", "2020-01-03 00:00:00-05:00", "2020.25", "7"]),
    "mixed": st.one_of(st.integers(0, 9), st.sampled_from(["2020-01-01", "x"]), st.none(), st.booleans()),
}  # fmt: skip
VALUES: dict[str, Any] = {
    "floats": st.floats(allow_nan=True, allow_infinity=True),
    "whole": st.integers(-(10**6), 10**6),
    "text": st.sampled_from(["1", "1,234", "1.234,5", "$5", "(3)", "5%", "−2", "x", "", "NA", "-", "2.02B", "1 2"]),
    "decimals": st.decimals(-1000, 1000, places=2),
    "booleans": st.booleans(),
    "mixed": st.one_of(st.floats(-5, 5), st.sampled_from(["3", "y"]), st.none(), st.binary(max_size=2)),
}
IDS: dict[str, Any] = {
    "text": st.sampled_from(["a", "NA", "0700", "", "1E5"]),
    "whole": st.integers(0, 2),
    "missing": st.sampled_from(["a", None]),
}


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    data=st.data(), rows=st.integers(0, 7), time=st.sampled_from(sorted(TIMES)), value=st.sampled_from(sorted(VALUES)),
    ids=st.sampled_from([None, *IDS]), library=st.sampled_from(["pandas", "polars", "pyarrow"]),
    missing=st.sampled_from(["error", "ffill"]), ordered=st.booleans(),
)  # fmt: skip
def test_frames(
    data: Any, rows: int, time: str, value: str, ids: str | None, library: str, missing: str, ordered: bool
) -> None:
    times = data.draw(st.lists(TIMES[time], min_size=rows, max_size=rows))
    if ordered and time not in ("mixed", "text"):
        times = sorted(set(times), key=lambda each: (each != each, each))
    rows = len(times)
    columns = {"ds": times, "y": data.draw(st.lists(VALUES[value], min_size=rows, max_size=rows))}
    if ids is not None:
        columns["unique_id"] = data.draw(st.lists(IDS[ids], min_size=rows, max_size=rows))
    try:
        frame: Any = pd.DataFrame(columns)
        if library != "pandas":
            frame = pl.DataFrame(columns, strict=True)
        if library == "pyarrow":
            frame = frame.to_arrow()
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        return  # the library itself holds no such column
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = ps.Naive(horizon=2).fit(frame, missing=missing)
            one, other = model.predict(), model.predict(frame)
        except PenstockError:
            return
    assert len(one) == len(other) == 2 * len(model.ids_)
    listed = [each["yhat"].to_pylist() if library == "pyarrow" else each["yhat"].to_list() for each in (one, other)]
    assert listed[0] == listed[1]
    assert np.isfinite(listed[0]).all()


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(st.text(alphabet=';,\t"\n. -/0123456789abNATQ$%()é', max_size=25), max_size=12),
    ends=st.sampled_from(["\n", "\r\n", "\r"]), encoding=st.sampled_from(["utf-8", "utf-16", "cp1252"]),
    options=st.sampled_from([{}, {"wide": True}, {"time": "ds"}, {"dayfirst": True}, {"decimal": ","}, {"sort": True},
                             {"zone": "UTC"}]),
)  # fmt: skip
def test_files(tmp_path: Any, lines: list[str], ends: str, encoding: str, options: dict[str, Any]) -> None:
    (tmp_path / "a.csv").write_bytes(ends.join(["ds,y", *lines]).encode(encoding))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(PenstockError):
            table, columns = read_own_file(tmp_path / "a.csv", **options)
            ps.Naive().fit(table, id=columns.id, time=columns.time, target=columns.target)


def test_decimals_of_all_libraries_are_numbers() -> None:
    values = [decimal.Decimal("1.10"), decimal.Decimal("2.20")]
    for frame in (pd.DataFrame({"ds": [1, 2], "y": values}), pl.DataFrame({"ds": [1, 2], "y": values})):
        assert ps.Naive().fit(frame).predict()["yhat"].to_list() == [2.2]
    arrow = pl.DataFrame({"ds": [1, 2], "y": values}).to_arrow()
    assert ps.Naive().fit(arrow).predict()["yhat"].to_pylist() == pytest.approx([2.2])
