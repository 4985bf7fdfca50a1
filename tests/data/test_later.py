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
    assert (joined.seen, joined.new) == (30, 10)
    assert joined.frame["y"].tolist()[-13:] == [float(row) for row in range(27, 40)]


def test_a_missing_value_that_was_carried_is_no_revision() -> None:
    gaps = FRAME.assign(y=FRAME["y"].where(FRAME.index != 28))
    model = ps.AR(2).fit(gaps[:30], missing="ffill")
    assert join_later(model, gaps).new == 10
