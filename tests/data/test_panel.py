from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penstock as ps
from penstock.data.panel import Panel


def panel_of(*lengths: int, ahead: int = 0) -> Panel:
    """Series whose values and covariates tell the row: y = row, past = 10 row, known = 100 row."""
    rows, offsets = np.arange(sum(lengths), dtype=float), np.cumsum([0, *lengths])
    beyond = (offsets[1:, None] + np.arange(ahead))[..., None] * 100.0
    return Panel(
        rows,
        np.concatenate([np.arange(length) for length in lengths]),
        offsets,
        tuple(range(len(lengths))),
        past=rows[:, None] * 10,
        known=rows[:, None] * 100,
        static=np.array([[f"s{n}"] for n in range(len(lengths))], dtype=object),
        ahead=beyond,
        filled=rows % 2 == 1,
    )


def test_covariates_left_out_are_empty() -> None:
    panel = Panel(np.ones(3), np.arange(3), np.array([0, 1, 3]), ("a", "b"))
    shapes = [panel.past.shape, panel.known.shape, panel.static.shape, panel.ahead.shape, panel.filled.shape]
    assert shapes == [(3, 0), (3, 0), (2, 0), (2, 0, 0), (3,)]
    assert panel.known_after(np.array([2]), 4).shape == (1, 4, 0)


@given(st.lists(st.integers(2, 6), min_size=1, max_size=4), st.integers(1, 8))
def test_rows_keep_their_covariates(lengths: list[int], count: int) -> None:
    panel = panel_of(*lengths, ahead=2)
    for part in (panel.last(count), panel.before(panel.offsets[1:] - 1), panel.with_values(panel.y)):
        assert np.array_equal(part.past[:, 0], part.y * 10)
        assert np.array_equal(part.known[:, 0], part.y * 100)
        assert np.array_equal(part.filled, part.y % 2 == 1)
        assert np.array_equal(part.static, panel.static)
    assert panel.last(count).ahead.shape == panel.ahead.shape
    assert panel.before(panel.offsets[1:] - 1).ahead.shape == (len(lengths), 0, 1)


def test_known_covariates_after_a_row_come_from_the_rows_and_then_from_ahead() -> None:
    panel = panel_of(3, 4, ahead=2)
    after = panel.known_after(np.array([1, 2, 6]), 2)[:, :, 0]
    # Series 0 ends at row 2; what follows it are its own steps ahead (300, 400), not the first row of series 1.
    assert after.tolist() == [[200.0, 300.0], [300.0, 400.0], [700.0, 800.0]]
    with pytest.raises(ps.DataError, match=r"of 1 of the 3 steps after row 3 of series 1 are missing; give the rows"):
        panel.known_after(np.array([3, 6]), 3)


def test_only_some_kinds() -> None:
    panel = panel_of(3, ahead=2)
    only = panel.with_only(["past"])
    assert (only.past.shape[1], only.known.shape[1], only.static.shape[1], only.ahead.shape) == (1, 0, 0, (1, 0, 0))
    assert panel.with_only(["known"]).ahead.shape == (1, 2, 1)


def test_followed_by_joins_series_by_name() -> None:
    panel = panel_of(5, 5)
    first = panel.before(panel.offsets[:-1] + 3)
    rest = panel.between(panel.offsets[:-1] + 3, panel.offsets[1:])
    swapped = Panel(rest.y[[2, 3, 0, 1]], rest.times, rest.offsets, (1, 0), past=rest.past[[2, 3, 0, 1]],
                    known=rest.known[[2, 3, 0, 1]])  # fmt: skip
    joined = first.followed_by(swapped, "later")
    assert np.array_equal(joined.y, panel.y)
    assert np.array_equal(joined.past, panel.past)
    with pytest.raises(ps.DataError, match="the later rows of series 0 begin at 2, not after"):
        first.followed_by(panel.between(panel.offsets[:-1] + 2, panel.offsets[1:]), "later")


def test_aligned() -> None:
    assert panel_of(3, 3).aligned
    assert not panel_of(3, 4).aligned
    assert not Panel(np.ones(4), np.array([1, 2, 1, 3]), np.array([0, 2, 4]), ("a", "b")).aligned


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.booleans())
def test_arrays_there_and_back(lengths: list[int], covariates: bool) -> None:
    panel = panel_of(*lengths, ahead=1)
    panel = panel if covariates else panel.with_only([])
    static = panel.static.tolist() if covariates else None
    back = Panel.of_arrays(panel.arrays(), panel.ids, counts_steps=True, static=static)
    for name in ("y", "times", "offsets", "past", "known", "static", "ahead", "filled"):
        assert np.array_equal(getattr(back, name), getattr(panel, name)), name
