"""Writes the golden model files of the present format: run once when the format changes, never again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

import penstock as ps
from penstock.storage import FORMAT


def main() -> None:
    days = pd.date_range("2020-01-01", periods=120, freq="B")
    frame = pd.DataFrame({"unique_id": "walk", "ds": days, "y": 50 + np.cumsum(np.cos(np.arange(120.0)))})
    network = ps.Network([ps.LSTM(3), ps.LSTM(2)], dense=[ps.Dense(3, "tanh")])
    for name, model in {
        "forecaster": ps.Forecaster(network, window=6, horizon=2, epochs=3, members=2, optimizer=ps.Adam(0.01)),
        "ar": ps.AR(2, horizon=2),
    }.items():
        path = Path(__file__).with_name(f"format-{FORMAT}-{name}.penstock")
        model.fit(frame).save(path)
        out = model.predict()
        expected = {"ds": [str(day.date()) for day in out["ds"]], "yhat": out["yhat"].tolist()}
        path.with_suffix(".json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main()
