"""Seasons from frequencies, and positions in them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from penstock.data.panel import Panel
from penstock.data.season import season_of, season_positions


@pytest.mark.parametrize(
    ("frequency", "rows", "season"),
    [
        ("MS", 40, (12,)), ("ME", 40, (12,)), ("QS", 40, (4,)), ("YS", 40, ()), ("D", 40, (7,)), ("B", 40, (5,)),
        ("W", 110, (52,)), ("W", 103, ()), ("h", 400, (24, 168)), ("h", 300, (24,)), ("30min", 100, (48,)),
    ],
)  # fmt: skip
def test_a_frequency_suggests_its_periods_where_two_of_each_are_there(
    frequency: str, rows: int, season: tuple[int, ...]
) -> None:
    times = pd.date_range("2020-01-06", periods=rows, freq=frequency).to_numpy("datetime64[ns]")
    assert season_of(times, rows) == season


def test_series_stand_alike_at_the_same_time() -> None:
    months = pd.date_range("2019-03-01", periods=20, freq="MS").to_numpy("datetime64[ns]")
    times = np.concatenate([months, months[5:]])
    panel = Panel(np.zeros(35), times, np.array([0, 20, 35]), ("a", "b"))
    places = season_positions(panel, (12, 3))
    assert places.shape == (35, 4)
    assert np.array_equal(places[5:20], places[20:])
    np.testing.assert_allclose(places[0], places[12], atol=1e-12)
    np.testing.assert_allclose(np.square(places[:, :2]).sum(axis=1), 1)
