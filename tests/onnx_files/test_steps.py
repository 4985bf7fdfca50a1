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
@pytest.mark.parametrize("kind", ["labels", "values", "values that are not fed back"])
def test_a_decoder_goes_on_from_its_state(kind: str, tmp_path: Path) -> None:
    """Every step beside ours, and its greedy answers beside those of the model."""
    import jax
    import jax.numpy as jnp
    import onnx

    from penstock.onnx.members import modules_of

    rng, time = np.random.default_rng(0), 5
    x, lengths = rng.normal(size=(20, time, 2)), rng.integers(2, time + 1, size=20)
    options = {"epochs": 2, "batch": 8, "validation": 0, "patience": None, "members": 2, "optimizer": ps.Adam(0.05)}
    if kind == "labels":
        network = ps.EncoderDecoder([ps.LSTM(3)], ps.LSTM(3), ps.layers.AdditiveAttention(4), embedding=3)
        model = ps.SequenceToSequence(network, **options).fit(x, [list("abc")[n % 3 :] for n in range(20)])
    else:
        more = {} if kind == "values" else {"autoregressive": False, "condition": "every_step"}
        network = ps.EncoderDecoder(ps.GRU(3), ps.GRU(3), **more)
        model = ps.SequenceToSequence(network, loss="mse", **options).fit(x, rng.normal(9, 3, size=(20, 4, 2)))
        lengths = np.full(20, time)
    encoder = ps.onnx.write_encoder(tmp_path / "encoder.onnx", model, time=time)
    path = ps.onnx.write_step(tmp_path / "step.onnx", model, time=time)
    facts = {each.key: each.value for each in onnx.load(path).metadata_props}
    outs = [each.name for each in onnx.load(encoder).graph.output]
    given = dict(zip(outs, run(encoder, {"x": x, "lengths": lengths}), strict=True)) | {"lengths": lengths}
    given |= {"label": np.full(20, int(facts.get("opening", 0))), "output": np.zeros((20, 2, 2), np.float32)}
    modules = modules_of(model.network, model.weights_, model.inputs_, model.outputs_)
    scaled = jnp.asarray((x - model.encoder_.steps.shift) / model.encoder_.steps.scale, jnp.float32)
    encoded = [module.encode(module.look_up(scaled), lengths=jnp.asarray(lengths)) for module in modules]
    states = [module.first_state(each) for module, each in zip(modules, encoded, strict=True)]
    names, told = [each.name for each in onnx.load(path).graph.output], []
    for _ in range(json.loads(facts["most_steps"])):
        label, output = jnp.asarray(given["label"]), jnp.asarray(given["output"])
        ours = [
            module.step(module.feed(label if kind == "labels" else output[:, n]), state, each)
            for n, (module, state, each) in enumerate(zip(modules, states, encoded, strict=True))
        ]
        states = [each[1] for each in ours]
        found = dict(zip(names, run(path, given), strict=True))
        if kind == "labels":
            expected = sum(jax.nn.softmax(each[0]) for each in ours) / 2
            np.testing.assert_allclose(found["probabilities"], expected, atol=1e-5)
        else:
            scaling = model.y_scaling_
            expected = sum(np.asarray(each[0], np.float64) for each in ours) / 2 * scaling.scale + scaling.shift
            np.testing.assert_allclose(found["value"], expected, atol=1e-5)
        told.append(found.get("next_label", found.get("value")))
        given |= {name.removeprefix("next_"): each for name, each in found.items() if name.startswith("next_")}
    theirs = model.predict([part[:n] for part, n in zip(x, lengths, strict=True)])
    if kind == "labels":
        rows = np.stack(told, axis=1).tolist()
        ends = [row.index(3) if 3 in row else len(row) for row in rows]
        assert [[model.classes_[code] for code in row[:end]] for row, end in zip(rows, ends, strict=True)] == theirs
    else:
        np.testing.assert_allclose(np.stack(told, axis=1), theirs, atol=1e-5)
    with pytest.raises(ps.OptionError, match="time=None: give the steps of a source at most"):
        ps.onnx.write_step(path, model)
    with pytest.raises(ps.OptionError, match="Naive has no decoder; allowed: a fitted penstock.SequenceToSequence"):
        ps.onnx.write_encoder(path, ps.Naive(), time=3)


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
