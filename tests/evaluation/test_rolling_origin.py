"""The rolling origin against a reference that goes row by row."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import penstock as ps
from penstock.data.frames import read_panel

Span = tuple[int, int]
Cut = tuple[list[list[int]], list[int]]


def reference(spans: list[Span], split: ps.RollingOrigin) -> list[Cut]:
    """Training rows of each series, and origins, of each fold; rows are numbered through all series."""
    rows, number = [], 0
    for begin, end in spans:
        rows.append({time: number + time - begin for time in range(begin, end)})
        number += end - begin
    tested = sorted({time for series in rows for time in series})[-split.test :]
    cutoffs = [tested[place] for place in range(0, split.test - split.horizon + 1, split.step)]
    size = split.refit or len(cutoffs)
    folds = []
    for first in range(0, len(cutoffs), size):
        block = cutoffs[first : first + size]
        train = []
        for series in rows:
            known = [row for time, row in series.items() if time < block[0]]
            known = known[: len(known) - split.purge - split.embargo]
            train.append(known if split.train is None else known[-split.train :])
        origins = [
            series[time] - 1
            for series in rows
            for time in block
            if all(time + ahead in series for ahead in range(split.horizon))
        ]
        if origins:
            folds.append((train, origins))
    return folds


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Span], ps.RollingOrigin]:
    """One to three series that begin and end at times of their own, and a split."""
    spans = [
        (begin, begin + draw(st.integers(8, 40))) for begin in draw(st.lists(st.integers(0, 6), min_size=1, max_size=3))
    ]
    horizon = draw(st.integers(1, 4))
    split = ps.RollingOrigin(
        horizon=horizon,
        test=draw(st.integers(horizon, 14)),
        step=draw(st.integers(1, 4)),
        refit=draw(st.none() | st.integers(1, 5)),
        train=draw(st.none() | st.integers(2, 20)),
        purge=draw(st.integers(0, 3)),
        embargo=draw(st.integers(0, 3)),
    )
    return spans, split


@settings(max_examples=100)
@given(cases())
def test_folds_are_those_of_the_reference(case: tuple[list[Span], ps.RollingOrigin]) -> None:
    spans, split = case
    frames = [
        pd.DataFrame({"unique_id": f"s{place}", "ds": range(*span), "y": [float(time) for time in range(*span)]})
        for place, span in enumerate(spans)
    ]
    panel, _ = read_panel(pd.concat(frames))
    tested = sorted(set().union(*(range(*span) for span in spans)))[-split.test :]
    known = [sum(time < tested[0] for time in range(*span)) - split.gap for span in spans]
    if min(known) < 2 or len(tested) < split.test:
        with pytest.raises(ps.DataError, match="too few for"):
            list(split.folds(panel))
        return
    found = [
        ([list(range(a, b)) for a, b in zip(fold.starts, fold.ends, strict=True)], fold.origins.tolist())
        for fold in split.folds(panel)
    ]
    assert found == reference(spans, split)
