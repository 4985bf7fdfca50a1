"""What the tests of ONNX files share: onnxruntime, and what a file reads of a panel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import penstock as ps
from penstock.data.season import season_places
from penstock.onnx.series import SeriesReader


def run(file: Path | bytes, inputs: dict[str, Any]) -> list[np.ndarray]:
    """Run a file in onnxruntime; inputs that it does not read are left out."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(file if isinstance(file, bytes) else str(file), options)
    read = {each.name for each in session.get_inputs()}
    return session.run(None, {name: array for name, array in inputs.items() if name in read})


def raw_inputs(model: ps.Forecaster, panel: Any, origins: np.ndarray) -> dict[str, np.ndarray]:
    """Give what a file reads to forecast from each origin: raw rows, cut by their numbers."""
    rows, window, panel = SeriesReader(model).rows, model.window, model.with_calendar(panel)
    first = panel.offsets[panel.series_of(origins)]

    def cut(values: np.ndarray, length: int, ahead: int = 0, missing: float = np.nan) -> np.ndarray:
        places = origins[:, None] + np.arange(1 - length, 1 + ahead)
        found = values[np.minimum(np.maximum(places, 0), len(values) - 1)]
        outside = (places < first[:, None]).reshape(places.shape + (1,) * (values.ndim - 1))
        return np.where(outside, missing, found)

    return {
        "y": cut(panel.y, rows),
        "series": panel.series_of(origins),
        "filled": cut(panel.filled.astype(float), window, missing=0.0),
        "past": cut(panel.past, window, missing=0.0),
        "known": cut(panel.known, window, ahead=model.horizon, missing=0.0),
        "position": cut(season_places(panel), window, missing=0).astype(np.int64),
    }
