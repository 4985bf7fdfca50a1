from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penstock as ps
from penstock.data.panel import Panel
from penstock.data.splits import cut_at, rows_for_tail, tail_border, tail_length
from penstock.data.windows import Windows, cut_windows


def cut_tail(panel: Panel, windows: Windows, validation: float) -> tuple[np.ndarray, np.ndarray]:
    return cut_at(panel, windows, tail_border(panel, validation, windows.horizon))


def panel_of(*lengths: int) -> Panel:
    rows = sum(lengths)
    return Panel(np.arange(rows, dtype=float), np.arange(rows), np.cumsum([0, *lengths]), tuple(range(len(lengths))))


def test_windows_are_starts_within_each_series() -> None:
    windows = cut_windows(panel_of(5, 4), window=2, horizon=1)
    assert windows.starts.tolist() == [0, 1, 2, 5, 6]
    assert windows.shape == (5, 2, 1)


@given(st.lists(st.integers(6, 30), min_size=1, max_size=4), st.integers(1, 3), st.integers(1, 2), st.integers(0, 1))
def test_windows_never_cross_a_border(lengths: list[int], window: int, horizon: int, skip: int) -> None:
    panel = panel_of(*lengths)
    windows = cut_windows(panel, window, horizon, skip)
    last = windows.starts + window + horizon - 1
    assert (panel.series_of(windows.starts) == panel.series_of(last)).all()
    assert (windows.starts - panel.offsets[panel.series_of(windows.starts)] >= skip).all()
    assert len(windows.starts) == sum(n - skip - window - horizon + 1 for n in lengths)
    assert len(set(windows.starts)) == len(windows.starts)


@given(
    st.lists(st.integers(20, 40), min_size=1, max_size=3),
    st.integers(1, 4),
    st.integers(1, 3),
    st.sampled_from([0.1, 0.3, 5, 7]),
)
def test_no_target_is_both_learned_and_watched(
    lengths: list[int], window: int, horizon: int, validation: float
) -> None:
    panel = panel_of(*lengths)
    learn, watch = cut_tail(panel, cut_windows(panel, window, horizon), validation)
    targets = [set((part[:, None] + window + np.arange(horizon)).ravel().tolist()) for part in (learn, watch)]
    assert targets[0]
    assert targets[1]
    assert not targets[0] & targets[1]
    for series in range(len(panel)):
        span = panel.span(series)
        mine = [sorted(t for t in part if span.start <= t < span.stop) for part in targets]
        assert mine[0][-1] < mine[1][0]  # validation comes later
        assert mine[1][-1] == span.stop - 1  # and reaches the end


def test_no_validation() -> None:
    panel = panel_of(10)
    learn, watch = cut_tail(panel, cut_windows(panel, 3, 1), 0)
    assert len(learn) == 7
    assert len(watch) == 0


def test_too_short_says_how_many_rows_are_needed() -> None:
    with pytest.raises(ps.DataError, match=r"8 rows of series 1 are too few: 10 are needed \(window 7 \+ horizon 3\)"):
        cut_windows(panel_of(20, 8), 7, 3)


@given(st.integers(2, 90), st.integers(1, 5), st.sampled_from([0, 0.1, 0.25, 0.6, 4, 9]))
def test_rows_for_tail_is_the_least_that_leaves_a_window(window: int, horizon: int, validation: float) -> None:
    rows = rows_for_tail(window + horizon, validation, horizon)
    for length, enough in ((rows, True), (rows - 1, False)):
        left = length - tail_length(length, validation, horizon)
        assert (left >= window + horizon) == enough
    panel = panel_of(rows)
    assert len(cut_tail(panel, cut_windows(panel, window, horizon), validation)[0]) >= 1


def test_a_share_next_to_one_asks_for_its_rows_at_once() -> None:
    rows = rows_for_tail(64, 1 - 1e-9, 1)  # a search row by row would take hours
    assert rows == pytest.approx(64e9, rel=1e-6)
    assert rows_for_tail(64, 0.9999, 1) == 640_000
    assert rows_for_tail(64, 1_000_000_000, 1) == 1_000_000_064
