"""Stateful models: one step a row, in a stream as in predict, equals the whole history walked from the zero state."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tracemalloc
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.columns import Columns
from penstock.data.frames import read_panel
from penstock.layers.bidirectional import Bidirectional
from penstock.layers.declared import MinGRU
from penstock.layers.layer_norm import LayerNorm
from penstock.layers.recurrent import RecurrentModule
from penstock.streaming.library import find
from stream_frames import walk

TINY = {"window": 8, "epochs": 1, "batch": 32, "seed": 1, "stateful": True}
LSTM = ps.LSTM(4)
CASES: dict[str, tuple[dict[str, Any], str, dict[str, Any], bool]] = {
    "one layer": ({"network": ps.Network([LSTM])}, "", {}, False),
    "two layers of members": (
        {"network": ps.Network([LSTM, LayerNorm(), ps.GRU(3)], dense=[3]), "members": 2, "horizon": 2}, "", {}, False,
    ),
    "log return of series": (
        {"network": ps.Network([ps.GRU(3, reset_after=True), ps.Dropout(0.1)]), "transform": "log_return",
         "members": 3, "ensemble": "median", "scale": "standard", "horizon": 2}, "AB", {}, False,
    ),
    "relu": ({"network": ps.Network([ps.RNN(3, "relu")]), "transform": "difference"}, "", {}, False),
    "tanh": ({"network": ps.Network([ps.RNN(17)]), "scale": "none", "transform": "log"}, "", {}, False),
    "covariates": (
        {"network": ps.Network([ps.Leaky(4, learned=True)], embeddings=[2, 0]), "horizon": 3}, "AB",
        {"past": "volume", "known": "plan", "static": ["unique_id", "kind"], "missing": "indicator"}, True,
    ),
    "distribution": (
        {"network": ps.Network([LSTM]), "loss": "gaussian", "transform": "difference", "horizon": 3}, "", {}, False,
    ),
    "no compiled step": ({"network": ps.Network([MinGRU(3)]), "horizon": 2}, "", {}, False),
}  # fmt: skip
FAST = ("one layer",)


@cache
def fitted(case: str) -> tuple[ps.Forecaster, pd.DataFrame]:
    options, series, columns, holes = CASES[case]
    frame = walk(90, series, holes=holes)
    return ps.Forecaster(**TINY, **options).fit(frame[frame.ds < 174], **columns), frame


def answers(stream: Any, frame: pd.DataFrame, times: range) -> dict[int, np.ndarray[Any, Any]]:
    """Push the rows of some times, and give all answers at each of them."""
    model, found = stream.model, {}
    columns, horizon = model.kind_.columns, model.horizon
    for now in times:
        values = []
        for row in frame[frame.ds == now].itertuples():
            name = getattr(row, "unique_id", None)
            own = frame if name is None else frame[frame.unique_id == name]
            ahead = own[(own.ds > now) & (own.ds <= now + horizon)].plan.to_numpy()
            covariates = {each: getattr(row, each) for each in (*columns.past, *columns.known)}
            answer = stream.push(now, row.y, name, future={"plan": ahead} if columns.known else None, **covariates)
            values.append(answer.values)
        found[now] = np.stack(values)
    return found


@pytest.mark.fast(*FAST)
@pytest.mark.parametrize("case", CASES)
def test_every_push_equals_predict_of_the_whole_history(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, frame = fitted(case)
    times = range(174, 190 - model.horizon)
    stream = model.stream(level=80)
    found = answers(stream, frame, times)
    compiled = not isinstance(find(), str) and case != "no compiled step"
    assert stream.mode.startswith("stateful, compiled (" if compiled else "stateful, by JAX: ")
    for now in (times[0], times[-1]):
        future = {"future": frame[frame.ds > now]} if model.kind_.columns.known else {}
        wanted = model.predict(frame[frame.ds <= now], **future)["yhat"].to_numpy()
        np.testing.assert_allclose(found[now][:, 0].ravel(), wanted, rtol=2e-6, atol=1e-6)
    if compiled:
        monkeypatch.setenv("PENSTOCK_KERNELS", "scan")
        plain = model.stream(level=80)
        assert plain.mode == "stateful, by JAX: PENSTOCK_KERNELS=scan"
        again = answers(plain, frame, times[:3])
        for now, values in again.items():
            np.testing.assert_allclose(found[now], values, rtol=5e-6, atol=1e-6)


def unrolled(model: ps.Forecaster, y: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Step the cells by hand from their zero state over the whole history: the forecast after its last row."""
    weights = jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), model.weights_)
    module = model.network.with_weights(weights, model.inputs_, model.horizon)
    scale, shift = float(model.scaling_.scale[0]), float(model.scaling_.shift[0])
    states = [layer.cell.initial_state(1) for layer in module.layers if isinstance(layer, RecurrentModule)]
    for value in (y - shift) / scale:
        x = jnp.full((1, 1), value)
        for place, layer in enumerate(module.layers):
            x, states[place] = layer.cell(x, states[place])
    for dense in module.dense:
        x = dense(x)
    return np.asarray(x[0]) * scale + shift


@pytest.mark.slow
def test_a_push_is_the_unroll_of_the_whole_history_from_zero() -> None:
    frame = pd.DataFrame({"ds": range(400), "y": 5 + np.sin(np.arange(400.0) / 3)})
    network = ps.Network([ps.LSTM(8), ps.GRU(5)], dense=[4])
    model = ps.Forecaster(network, horizon=2, **TINY | {"epochs": 10}).fit(frame[:300])
    stream = model.stream()
    for row in range(300, 400):
        answer = stream.push(row, float(frame.y[row]))
    np.testing.assert_allclose(answer.yhat, unrolled(model, frame.y.to_numpy()), rtol=1e-5)
    assert np.abs(unrolled(model, frame.y[392:].to_numpy()) - answer.yhat).max() > 1e-4  # it is no function of 8 rows


@pytest.mark.slow
def test_many_pushes_neither_drift_from_the_batch_result_nor_take_memory() -> None:
    rows, first = 100_000, 300
    y = np.sin(np.arange(rows) / 7) + 0.3 * np.random.default_rng(0).normal(size=rows)
    frame = pd.DataFrame({"ds": np.arange(rows), "y": y})
    model = ps.Forecaster(ps.Network([ps.LSTM(16)]), **TINY).fit(frame[:first])
    stream, held = model.stream(), []
    tracemalloc.start()
    for row in range(first, rows):
        answer = stream.push(row, float(y[row]))
        if row in (rows // 10, rows - 1):
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[1] - held[0] < 10_000
    np.testing.assert_allclose(answer.yhat, model.predict(frame)["yhat"], atol=1e-5)


@pytest.mark.slow
def test_training_carries_the_state_beyond_the_window() -> None:
    signs = np.random.default_rng(0).choice([-1.0, 1.0], 200)
    y = np.zeros((200, 20))
    y[:, [0, 3, 6, 9, 18]] = signs[:, None]  # nothing of the sign stands in the 8 rows before the last
    panel, kind = read_panel(pd.DataFrame({"ds": range(y.size), "y": y.ravel()}), Columns())
    found = {}
    for stateful in (True, False):
        model = ps.Forecaster(
            ps.Network([ps.LSTM(8)]), window=8, stateful=stateful, epochs=60, batch=8, optimizer=ps.Adam(0.01)
        ).fit_panel(panel.before(np.array([3600])), kind)
        found[stateful] = model.forecast_panel(panel, np.arange(3617, y.size, 20))[0, :, 0]
    assert np.abs(found[False]).max() < 0.3
    assert (found[True] * signs[180:]).min() > 0.3


@pytest.mark.fast(*FAST)
@pytest.mark.parametrize("case", [*FAST, "relu"])  # a difference loses a row
def test_rows_given_later_go_on_from_the_state_that_is_kept(case: str) -> None:
    frame = pd.DataFrame({"ds": range(120), "y": 5 + np.sin(np.arange(120.0) / 3)})
    options, _, _, _ = CASES[case]
    model = ps.Forecaster(**TINY, **options).fit(frame[:100])
    whole = model.predict(frame)["yhat"].to_numpy()
    for begin in (0, 95, 100):
        np.testing.assert_allclose(model.predict(frame[begin:])["yhat"], whole, rtol=1e-6)
    with pytest.raises(ps.DataError, match="begin after 3 that are missing"):
        model.predict(frame[103:])
    with pytest.raises(ps.DataError, match="begin among those that were fitted and are no longer kept"):
        model.predict(frame[20:40])
    with pytest.raises(ps.OptionError, match="allowed: epochs=0"):
        model.update(frame[100:])
    model.update(frame[100:], epochs=0)
    np.testing.assert_allclose(model.predict()["yhat"], whole, rtol=1e-6)


def test_what_a_state_cannot_be_carried_through_is_refused() -> None:
    net = ps.Network([LSTM])
    for options, said in (
        ({"network": ps.Network([Bidirectional(LSTM)])}, "which Bidirectional"),
        ({"network": ps.Network([ps.Flatten(5)])}, "which Flatten"),
        ({"network": net, "scale": "window"}, "scale='window' or season= does not go with"),
        ({"network": net, "joint": True}, "allowed: joint=False"),
        ({"network": net, "strategy": "recursive"}, "allowed: strategy='direct'"),
        ({"network": net, "reverse": True}, "allowed: reverse=False"),
    ):
        with pytest.raises(ps.OptionError, match=said):
            ps.Forecaster(stateful=True, **options)
    model, _ = fitted("one layer")
    for options in ({"late": "amend"}, {"duplicate": "replace"}):
        with pytest.raises(ps.OptionError, match="cannot be taken back; allowed: 'error', 'drop'"):
            model.stream(**options)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["two layers of members", "log return of series", "no compiled step"])
def test_a_stream_that_was_saved_goes_on_with_the_same_bits(case: str, tmp_path: Path) -> None:
    model, frame = fitted(case)
    model.save(tmp_path / "m.penstock")
    stream = ps.load(tmp_path / "m.penstock").stream(level=80, missing="ffill")
    answers(stream, frame, range(174, 178))
    stream.save(tmp_path / "s.penstock")
    again = ps.load_stream(tmp_path / "s.penstock")
    first, second = (answers(each, frame, range(180, 184)) for each in (stream, again))
    assert all((first[now] == second[now]).all() for now in first)
    assert stream.carried == again.carried == 2 * len(stream.ids)
    assert (stream.states == again.states).all()


@pytest.mark.fast(*FAST)
@pytest.mark.parametrize("case", [*FAST, "two layers of members"])
def test_a_c_program_carries_the_state(case: str, tmp_path: Path) -> None:
    library, compiler = find(), shutil.which("cc")
    if isinstance(library, str) or compiler is None:
        pytest.skip("no compiled steps, or no C compiler")
    model, frame = fitted(case)
    stream = model.stream(level=50)
    stream.push(174, float(frame.y[74]))
    stream.export(tmp_path / "model.stream")
    native, path = Path(__file__).resolve().parents[2] / "native", Path(library._dll._name)
    command = [compiler, native / "example_stream.c", "-I", native, path, "-o", tmp_path / "example"]
    subprocess.run([*command, f"-Wl,-rpath,{path.parent}"], check=True)
    rows = "".join(f"{100 + row} {float(frame.y[row])!r}\n" for row in range(75, 88))
    done = subprocess.run(
        [tmp_path / "example", tmp_path / "model.stream"], input=rows, capture_output=True, text=True, check=True
    )
    for row, line in zip(range(75, 88), done.stdout.splitlines(), strict=True):
        answer = stream.push(100 + row, float(frame.y[row]))
        assert [float(number) for number in line.split()] == answer.values[:, 0].tolist()


@pytest.mark.slow
def test_double_precision_is_as_exact() -> None:
    code = """
import numpy as np, pandas as pd, penstock as ps
frame = pd.DataFrame({"ds": range(110), "y": 5 + np.sin(np.arange(110.0) ** 1.3)})
network = ps.Network([ps.LSTM(20), ps.GRU(9, reset_after=True)], dense=[ps.Dense(5, "tanh")])
model = ps.Forecaster(network, window=8, epochs=1, batch=32, seed=1, stateful=True).fit(frame[:100])
stream = model.stream()
assert stream.mode.startswith("stateful, compiled")
for row in range(100, 110):
    answer = stream.push(row, float(frame.y[row]))
print(abs(answer.yhat - model.predict(frame)["yhat"]).max())
"""
    if isinstance(find(), str):
        pytest.skip("no compiled steps")
    environment = {**os.environ, "JAX_ENABLE_X64": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert float(done.stdout) < 1e-12
