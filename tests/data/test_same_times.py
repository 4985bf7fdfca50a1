"""Series with their rows at the same times are read once, and only these."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penstock.data.panel import Panel
from penstock.data.same_times import first_alike, of_each_series, over_all_rows

SERIES = st.lists(st.sampled_from([(1,), (2,), (1, 2), (1, 3), (2, 3), (1, 2, 3), (1, 2, 4)]), min_size=1, max_size=9)


def panel_of(series: list[tuple[int, ...]]) -> Panel:
    offsets = np.concatenate([[0], np.cumsum([len(times) for times in series])])
    times = np.concatenate([np.array(times, dtype=np.int64) for times in series])
    return Panel(np.zeros(len(times)), times, offsets, tuple(range(len(series))))


@given(SERIES)
def test_the_first_series_with_the_same_times(series: list[tuple[int, ...]]) -> None:
    assert first_alike(panel_of(series)).tolist() == [series.index(times) for times in series]


@given(SERIES)
def test_a_function_is_called_once_for_the_same_times_and_kind(series: list[tuple[int, ...]]) -> None:
    panel, calls = panel_of(series), []

    def doubled(times: Any, name: Any) -> Any:
        calls.append((tuple(times.tolist()), name % 2))
        return times * 2 + name % 2

    rows = [[2 * time + place % 2 for time in times] for place, times in enumerate(series)]
    found = of_each_series(panel, doubled, lambda name: name % 2)
    assert [each.tolist() for each in found] == rows
    assert len(calls) == len(set(calls))
    assert over_all_rows(panel, doubled, lambda name: name % 2).tolist() == [value for each in rows for value in each]
