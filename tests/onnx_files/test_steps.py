"""One step as an ONNX file: walked over a window from the initial state, it ends at the forecast of the window."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock as ps

pytest.importorskip("onnx", reason="pip install 'penstock[test]' brings onnx")
pytest.importorskip("onnxruntime", reason="pip install 'penstock[test]' brings onnxruntime")
from onnx_files.runtime import run

WINDOW = 6


def fitted(network: ps.Network, **options: object) -> ps.Forecaster:
    rng = np.random.default_rng(0)
    parts = [
        pd.DataFrame({"unique_id": name, "ds": range(40), "y": level + np.cumsum(rng.normal(size=40))})
        for name, level in (("a", 30), ("b", 90))
    ]
    return ps.Forecaster(network, window=WINDOW, epochs=1, **options).fit(pd.concat(parts))  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(
    "layers", [[ps.LSTM(3), ps.GRU(2)], [ps.layers.SLSTM(2)], [ps.RNN(2, dropout=0.2), ps.Dropout(0.1)]], ids=str
)
def test_a_window_walked_step_by_step_ends_at_its_forecast(layers: list[object], tmp_path: Path) -> None:
    import onnx

    model = fitted(ps.Network(layers, dense=[ps.Dense(3, "tanh")]), members=2, horizon=2)  # type: ignore[arg-type]
    path = ps.onnx.write_step(tmp_path / "step.onnx", model)
    facts = {each.key: each.value for each in onnx.load(path).metadata_props}
    state = {
        name: np.repeat(np.array(first, np.float32)[None], 2, axis=0)
        for name, first in json.loads(facts["initial_state"]).items()
    }
    for step in range(WINDOW):
        y = model.tail_.y.reshape(2, -1)[:, step - WINDOW, None]
        forecast, *after = run(path, {"y": y, "series": np.arange(2), **state})
        state = dict(zip(state, after, strict=True))
    np.testing.assert_allclose(forecast.ravel(), model.predict()["yhat"], rtol=1e-6)
    assert forecast.std() > 1


@pytest.mark.slow
def test_all_series_step_together_and_a_forecast_is_fed_back(tmp_path: Path) -> None:
    import onnx

    model = fitted(ps.Network([ps.LSTM(3)]), joint=True, strategy="recursive", horizon=3)
    path = ps.onnx.write_step(tmp_path / "step.onnx", model)
    facts = {each.key: each.value for each in onnx.load(path).metadata_props}
    state = {name: np.array(first, np.float32)[None] for name, first in json.loads(facts["initial_state"]).items()}
    for step in range(WINDOW):
        y = model.tail_.y.reshape(2, -1)[None, :, step - WINDOW, None]
        forecast, *after = run(path, {"y": y, **state})
        state = dict(zip(state, after, strict=True))
    ours = model.predict()["yhat"].to_numpy().reshape(2, 3)
    assert forecast.shape == (1, 2, 1)
    np.testing.assert_allclose(forecast[0, :, 0], ours[:, 0], rtol=1e-6)


@pytest.mark.slow
def test_what_has_no_step_is_named(tmp_path: Path) -> None:
    path = tmp_path / "step.onnx"
    for network, options, message in (
        (ps.Network([ps.LSTM(2)]), {"transform": "difference", "scale": "standard"}, "transform='difference' is not"),
        (ps.Network([ps.LSTM(2)]), {"scale": "window"}, "a step with scale='window' or season= is not exported"),
        (ps.Network([ps.layers.Bidirectional(ps.GRU(2))]), {}, "a step of Bidirectional is not exported"),
    ):
        with pytest.raises(ps.OptionError, match=message):
            ps.onnx.write_step(path, fitted(network, **options))
    with pytest.raises(ps.OptionError, match="Naive has no step to export"):
        ps.onnx.write_step(path, ps.Naive())
