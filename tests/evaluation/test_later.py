"""Later rows of several series, joined to what a model keeps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.later import join_later
from penstock.evaluation.later import score_later


def two(rows: int) -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=rows, tz="America/New_York")
    one = pd.DataFrame({"unique_id": "a", "ds": days, "y": np.arange(rows) ** 1.5, "volume": np.arange(float(rows))})
    return pd.concat([one, one.assign(unique_id="b", y=-one["y"])], ignore_index=True)


def test_rows_of_several_series_with_covariates_and_a_zone() -> None:
    whole = two(60)
    old = whole[whole["ds"] < "2024-02-10"]
    model = ps.ARX(2).fit(old, past="volume")
    later = join_later(model, whole[whole["ds"] >= "2024-02-05"])
    assert (later.seen, later.new) == (10, 40)
    direct, joined = model.predict(whole), model.predict(later.frame)
    pd.testing.assert_frame_equal(direct, joined)
    scores = score_later(model, whole)
    assert (scores.forecasts, scores.horizon, scores.seen + scores.older) == (40, 1, 80)
    assert scores.skill > 0.9  # the differences of a smooth curve
    assert scores.skill == pytest.approx(1 - (scores.scores["rmse"] / scores.last_value["rmse"]) ** 2)  # as in tables


def test_a_gap_before_the_later_rows_is_refused() -> None:
    whole = two(60)
    model = ps.Naive().fit(whole[whole["ds"] < "2024-02-10"])
    later = join_later(model, whole[whole["ds"] >= "2024-02-15"])
    with pytest.raises(ps.DataError, match="missing"):
        model.predict(later.frame)


def test_a_series_that_is_new_is_taken_whole() -> None:
    whole = two(60)
    model = ps.LinearTrend(5).fit(whole[whole["unique_id"] == "a"])
    later = join_later(model, whole)
    assert later.kept == {"a": 29, "b": 0}
    assert (later.seen, later.older, later.new) == (29, 31, 60)
