"""Streams in exact mode: every push gives what `predict` gives of the same rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from stream_frames import walk

LSTM, NET = ps.LSTM(4), ps.Network([ps.LSTM(4)])
TINY = {"window": 8, "epochs": 1, "batch": 32, "seed": 1}


CASES: dict[str, tuple[dict[str, Any], str, dict[str, Any], bool]] = {
    "standard": ({"network": ps.Network([LSTM, ps.GRU(3)], dense=[3]), "members": 2, "horizon": 2}, "", {}, False),
    "log return, median": (
        {"network": NET, "transform": "log_return", "members": 3, "ensemble": "median", "scale": "standard",
         "horizon": 2}, "AB", {}, False,
    ),
    "window": ({"network": NET, "scale": "window", "season": (4,), "horizon": 5}, "AB", {}, False),
    "window, reversed difference": (
        {"network": ps.Network([ps.GRU(3, reset_after=True)]), "scale": ps.WindowScale("median", "deviation"),
         "reverse": True, "transform": "difference", "horizon": 2}, "", {}, False,
    ),
    "series scale, log": (
        {"network": ps.Network([ps.RNN(3, "relu")]), "scale": ps.WindowScale("last", "series"), "season": 1,
         "transform": "log"}, "AB", {}, False,
    ),
    "covariates": (
        {"network": ps.Network([ps.Leaky(4, learned=True)], embeddings=[2, 0]), "horizon": 3}, "AB",
        {"past": "volume", "known": "plan", "static": ["unique_id", "kind"], "missing": "indicator"}, True,
    ),
    "known outside the window": (
        {"network": NET, "known_in_window": False, "horizon": 2, "scale": "none"}, "",
        {"known": "plan", "missing": "ffill"}, True,
    ),
    "distribution": ({"network": NET, "loss": "gaussian", "transform": "difference", "horizon": 3}, "", {}, False),
    "probability": ({"network": NET, "loss": "direction", "transform": "difference"}, "", {}, False),
    "recursive": ({"network": NET, "strategy": "recursive", "horizon": 3}, "", {}, False),
    "joint": ({"network": NET, "joint": True, "horizon": 2}, "AB", {}, False),
}  # fmt: skip
FAST = ("standard", "window", "covariates")


def fitted(case: str) -> tuple[ps.Forecaster, pd.DataFrame]:
    options, series, columns, holes = CASES[case]
    frame = walk(80, series, holes=holes)
    first = frame[frame.ds < 160] if not holes else frame[frame.ds < 168]
    return ps.Forecaster(**TINY, **options).fit(first, **columns), frame


def predicted(model: ps.Forecaster, frame: pd.DataFrame, until: int, **options: Any) -> pd.DataFrame:
    known = frame[frame.ds <= until]
    if model.kind_.columns.known:
        options["future"] = frame[frame.ds > until]
    return model.predict(known, **options)


@pytest.mark.fast(*FAST)
@pytest.mark.parametrize("case", CASES)
def test_every_push_equals_predict_of_the_same_rows(case: str) -> None:
    model, frame = fitted(case)
    stream = model.stream()
    names = sorted(set(frame.get("unique_id", [None])), key=str)
    columns, horizon = model.kind_.columns, model.horizon
    begin = int(model.tail_.times.max()) + 1
    for now in range(begin, 180 - horizon):
        rows = frame[frame.ds == now]
        future = None
        if columns.known:
            ahead = frame[(frame.ds > now) & (frame.ds <= now + horizon)]
            future = {"plan": ahead.plan.to_numpy().reshape(len(names), horizon)}
        if model.joint:
            got = stream.push_all(now, rows.y.to_numpy())[:, 0]
        else:
            got = np.stack([
                stream.push(
                    now, row.y, getattr(row, "unique_id", None),
                    future=None if future is None else {"plan": future["plan"][place]},
                    **{name: getattr(row, name) for name in (*columns.past, *columns.known)},
                ).yhat
                for place, row in enumerate(rows.itertuples())
            ])  # fmt: skip
        if now % 4 and now < 180 - horizon - 2:
            continue
        wanted = predicted(model, frame, now)["yhat"].to_numpy().reshape(len(names), horizon)
        np.testing.assert_allclose(got, wanted, rtol=2e-6, atol=1e-6)
