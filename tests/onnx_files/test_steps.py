"""One step as an ONNX file: walked over a window from the initial state, it ends at the forecast of the window."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.columns import Columns
from penstock.data.frames import read_panel

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
def test_a_carried_state_gives_the_forecast_of_every_row(tmp_path: Path) -> None:
    """With every kind of covariate, a transform that needs the value before, and a state per series to go on from."""
    import onnx

    rng, rows, horizon = np.random.default_rng(0), 30, 2
    frame = pd.concat(
        [
            pd.DataFrame({"unique_id": name, "shop": name, "ds": range(rows), "y": np.cumsum(rng.normal(size=rows))})
            for name in "ab"
        ]
    ).assign(rate=rng.normal(size=2 * rows), day=[*range(rows)] * 2)
    frame.loc[frame["ds"].isin((7, 19)), "y"] = np.nan
    columns = {"past": "rate", "known": "day", "static": "shop"}
    network = ps.Network([ps.LSTM(3), ps.layers.LayerNorm(), ps.GRU(2, dropout=0.1)], [ps.Dense(3)], embeddings=[0])
    model = ps.Forecaster(
        network, window=6, horizon=horizon, epochs=1, members=2, stateful=True, transform="difference", scale="standard"
    )
    known = frame[frame["ds"] < rows - 5]
    model.fit(known, missing="indicator", **columns)
    path = ps.onnx.write_step(tmp_path / "step.onnx", model)
    facts = {each.key: json.loads(each.value) for each in onnx.load(path).metadata_props if "state" in each.key}
    first = {name: np.repeat(np.array(each, np.float32)[None], 2, 0) for name, each in facts["initial_state"].items()}
    last = {name: np.array(each, np.float32) for name, each in facts["last_state"].items()}

    panel, _ = read_panel(frame, Columns(**columns), "indicator")
    y, past, day, filled = (
        each.reshape(2, rows, -1) for each in (panel.y, panel.past, panel.known, panel.filled.astype(float))
    )
    origins = np.arange(1, rows - horizon)
    where = np.concatenate([origins, origins + rows])
    ours = model.aggregate(model.forecast_panel(panel, where)).reshape(2, -1, horizon)
    for begin, state in ((1, first), (rows - 5, last)):
        for row in range(begin, rows - horizon):
            given = {"y": y[:, row - 1 : row + 1, 0], "series": np.arange(2), "past": past[:, [row]]}
            given |= {"known": day[:, row : row + 1 + horizon], "filled": filled[:, row]}
            forecast, *after = run(path, {**given, **state})
            state = dict(zip(state, after, strict=True))
            np.testing.assert_allclose(forecast, ours[:, row - 1], rtol=1e-5, atol=1e-5)
    assert ours.std() > 0.1


@pytest.mark.slow
def test_what_has_no_step_is_named(tmp_path: Path) -> None:
    path = tmp_path / "step.onnx"
    for network, options, message in (
        (ps.Network([ps.LSTM(2)]), {"reverse": True}, "a step with reverse=True is not"),
        (ps.Network([ps.LSTM(2)]), {"scale": "window"}, "a step with scale='window' or season= is not exported"),
        (ps.Network([ps.layers.Bidirectional(ps.GRU(2))]), {}, "a step of Bidirectional is not exported"),
    ):
        with pytest.raises(ps.OptionError, match=message):
            ps.onnx.write_step(path, fitted(network, **options))
    with pytest.raises(ps.OptionError, match="Naive has no step to export"):
        ps.onnx.write_step(path, ps.Naive())
