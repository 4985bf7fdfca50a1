"""An audit reads frames as every other call does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import penstock as ps
from penstock.data.columns import Columns
from penstock.errors import DataWarning
from penstock.evaluation.subject import FrameRows

DAYS = pd.date_range("2022-01-03", periods=60, freq="B")
Y = np.round(50 + np.cumsum(np.random.default_rng(0).normal(size=60)), 2)
PLAIN = pd.DataFrame({"ds": DAYS, "y": Y})
TEXT = pd.DataFrame({"ds": DAYS.strftime("%d/%m/%Y"), "y": [f"{value:.2f} €".replace(".", ",") for value in Y]})
LEVELS = PLAIN.set_index("ds").set_axis(pd.MultiIndex.from_tuples([("y", "XYZ")]), axis=1)


@pytest.mark.filterwarnings("ignore::penstock.errors.DataWarning")
@pytest.mark.parametrize(
    "frame",
    [TEXT, TEXT[::-1], pl.from_pandas(TEXT), pl.from_pandas(TEXT[::-1]), pl.from_pandas(TEXT[::-1]).to_arrow(), LEVELS,
     pd.Series(Y, index=DAYS), pd.DataFrame({"y": Y}, index=DAYS)],
    ids=["text", "newest first", "polars", "polars newest first", "pyarrow newest first", "levels", "series", "index"],
)  # fmt: skip
def test_any_form_is_audited_as_the_plain_frame(frame: Any) -> None:
    rows = FrameRows.read(frame, Columns())
    assert rows.y.tolist() == Y.tolist()
    assert (rows.times == DAYS.to_numpy()).all()
    expected = ps.audit(ps.AR(1), PLAIN, test=5).to_json()
    assert ps.audit(ps.AR(1), frame, test=5).to_json() == expected


def test_a_series_without_rows_before_the_test_is_left_out_and_counted() -> None:
    late = pd.DataFrame({"unique_id": "late", "ds": DAYS[-3:], "y": 1.0})
    both = pd.concat([PLAIN.assign(unique_id="early"), late])
    with pytest.warns(DataWarning, match="1 of 2 series have no rows before the test and are left out"):
        assert ps.audit(ps.AR(1), both, test=5).ok
