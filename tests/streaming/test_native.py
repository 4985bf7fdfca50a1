"""Compiled steps beside predict: the same forecasts, intervals and states; bytes from strangers."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.streaming.image import build_image
from penstock.streaming.library import SeriesStruct, StreamLibrary, find
from penstock.streaming.stream import Stream

LIBRARY = find()
if isinstance(LIBRARY, str):
    pytest.skip(f"no compiled steps: {LIBRARY}", allow_module_level=True)
assert isinstance(LIBRARY, StreamLibrary)
NAN = 0x7FF8000000000000
FRAME = pd.DataFrame({"ds": range(140), "y": 5 + np.sin(np.arange(140.0) ** 1.3)})
TINY = {"window": 8, "epochs": 1, "batch": 32, "seed": 1}


@pytest.fixture(scope="module")
def model() -> ps.Forecaster:
    return ps.Forecaster(ps.Network([ps.LSTM(4)]), horizon=2, members=2, **TINY).fit(FRAME[:100])


def both(model: ps.Forecaster, monkeypatch: pytest.MonkeyPatch, **options: object) -> tuple[Stream, Stream]:
    compiled = model.stream(**options)
    with monkeypatch.context() as patched:
        patched.setenv("PENSTOCK_KERNELS", "scan")
        plain = model.stream(**options)
    assert compiled.mode.startswith("exact, compiled (")
    assert plain.mode == "exact, by predict: PENSTOCK_KERNELS=scan"
    return compiled, plain


def test_forecasts_and_intervals_are_those_without_compiled_steps(
    model: ps.Forecaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled, plain = both(model, monkeypatch, level=[50, 80], missing="ffill", late="amend")
    for row in (100, 101, 102, 105, 106, 104, 107):  # 103 is carried; 104 comes late
        first, second = (each.push(row, float(FRAME.y[row])) for each in (compiled, plain))
        np.testing.assert_allclose(first.values, second.values, rtol=1e-6)
    assert (compiled.carried, compiled.amended) == (plain.carried, plain.amended) == (2, 1)
    for name in compiled._bounds.arrays:
        ours, theirs = getattr(compiled._bounds, name), getattr(plain._bounds, name)
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, err_msg=name)
    for name in ("y", "times", "filled", "count", "end"):
        assert (getattr(compiled._rows, name) == getattr(plain._rows, name)).all(), name


def test_forecasts_stay_exact_when_the_buffers_were_moved_many_times(model: ps.Forecaster) -> None:
    stream = model.stream()
    values = 5 + np.sin(np.arange(1100.0))
    for row in range(1000):
        answer = stream.push(100 + row, float(values[row]))
    frame = pd.DataFrame({"ds": range(1060, 1100), "y": values[960:1000]})
    np.testing.assert_allclose(answer.yhat, model.predict(frame)["yhat"], rtol=1e-6)


@pytest.mark.parametrize("time", [2**64 + 100, -(2**63), 1e300, np.inf, np.nan])
def test_times_that_64_bits_do_not_count_are_refused(model: ps.Forecaster, time: float) -> None:
    stream = model.stream()
    with pytest.raises(ps.DataError, match=r"the time (lies beyond 2\*\*62|.* is no whole number)"):
        stream.push(time, 5.0)
    assert stream.push(100, 5.0) is not None


def test_all_series_at_once_are_those_one_by_one() -> None:
    frame = pd.concat([FRAME.assign(unique_id=name, y=FRAME.y * place + 1) for place, name in enumerate("ABC", 1)])
    model = ps.Forecaster(ps.Network([ps.GRU(3)]), **TINY).fit(frame[frame.ds < 100])
    together, alone = model.stream(level=80), model.stream(level=80)
    for row in range(100, 104):
        y = FRAME.y[row] * np.arange(1, 4) + 1
        many = together.push_all(row, y)
        assert many.shape == (3, 3, 1)
        for place, name in enumerate("ABC"):
            assert (alone.push(row, float(y[place]), name).values == many[place]).all()
    for wrong, message in (
        ((103, y), "is not later"),
        ((110, y), "6 rows are missing"),
        ((104, y[:2]), "one value for"),
    ):
        with pytest.raises(ps.DataError, match=message):
            together.push_all(*wrong)
    with pytest.raises(ps.DataError, match="series 'D' is not in this stream"):
        alone.push(104, 1.0, "D")


def test_a_series_that_was_not_fitted_is_taken_in_by_name() -> None:
    model = ps.Forecaster(ps.Network([ps.LSTM(4)]), scale="window", min_window=3, **TINY).fit(
        FRAME[:100].assign(unique_id="A")
    )
    stream = model.stream()
    stream.add("new")
    answers = [stream.push(row, float(FRAME.y[row]) * 50, "new") for row in range(20)]
    assert [each is None for each in answers[:4]] == [True, True, False, False]
    wanted = model.predict(FRAME[:20].assign(unique_id="new", y=FRAME.y[:20] * 50))["yhat"]
    np.testing.assert_allclose(answers[-1].yhat, wanted, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    "network",
    [
        ps.Network([ps.LSTM(20, recurrent_activation="hard_sigmoid"), ps.LSTM(33)], dense=[ps.Dense(5, "tanh")]),
        ps.Network([ps.GRU(17, recurrent_activation="hard_sigmoid_keras2"), ps.Dropout(0.1), ps.RNN(5)]),
        ps.Network([ps.Flatten(5)], dense=[ps.Dense(7, "sigmoid"), ps.Dense(3, "hard_sigmoid")]),
    ],
    ids=lambda network: network.label,
)
def test_every_layer_is_that_of_the_network(network: ps.Network, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled, plain = both(ps.Forecaster(network, **TINY).fit(FRAME[:100]), monkeypatch)
    for row in range(100, 103):
        first, second = (each.push(row, float(FRAME.y[row])).yhat for each in (compiled, plain))
        np.testing.assert_allclose(first, second, rtol=1e-6)


@pytest.mark.slow
def test_double_precision_is_as_exact() -> None:
    code = """
import os, numpy as np, pandas as pd, penstock as ps
frame = pd.DataFrame({"ds": range(110), "y": 5 + np.sin(np.arange(110.0) ** 1.3)})
network = ps.Network([ps.LSTM(20), ps.GRU(9, reset_after=True)], dense=[ps.Dense(5, "tanh")])
model = ps.Forecaster(network, window=8, epochs=1, batch=32, seed=1).fit(frame[:100])
compiled = model.stream()
os.environ["PENSTOCK_KERNELS"] = "scan"
plain = model.stream()
assert compiled.mode.startswith("exact, compiled") and plain.mode.startswith("exact, by predict")
pairs = [[each.push(row, float(frame.y[row])).yhat[0] for each in (compiled, plain)] for row in range(100, 105)]
print(max(abs(first - second) for first, second in pairs))
"""
    environment = {**os.environ, "JAX_ENABLE_X64": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert float(done.stdout) < 1e-12


def test_what_has_no_compiled_step_says_so() -> None:
    model = ps.Forecaster(ps.Network([ps.LSTM(3, peepholes=True)]), **TINY).fit(FRAME[:100])
    assert model.stream().mode == "exact, by predict: LSTMCell has no compiled step, or not with these options"


@pytest.mark.slow
def test_calendar_features_and_intervals_of_the_network_are_those_of_predict() -> None:
    frame = FRAME.assign(ds=pd.date_range("2024-01-01", periods=len(FRAME)))
    options = {"loss": "gaussian", "calendar_features": ("dayofweek",)}
    model = ps.Forecaster(ps.Network([ps.RNN(3)]), **options, **TINY).fit(frame[:100])
    stream = model.stream(level=80)
    assert stream.mode == "exact, by predict: calendar features are read from the times"
    answer, wanted = stream.push(frame.ds[100], float(frame.y[100])), model.predict(frame[:101], level=80)
    np.testing.assert_allclose(answer.values[:, 0], wanted[["yhat", "lo-80", "hi-80"]].to_numpy()[0], rtol=1e-6)
    model = ps.Forecaster(ps.Network([ps.RNN(3)]), loss="gaussian", **TINY).fit(frame[:100])
    answer, wanted = (
        model.stream(level=80).push(frame.ds[100], 5.0),
        model.predict(frame[:101].assign(y=[*frame.y[:100], 5.0]), level=80),
    )
    np.testing.assert_allclose(answer.values[:, 0], wanted[["yhat", "lo-80", "hi-80"]].to_numpy()[0], rtol=1e-6)


def test_damaged_bytes_are_refused_or_harmless(model: ps.Forecaster) -> None:
    whole = build_image(model.stream(level=80), rows=True)
    library = ctypes.CDLL(LIBRARY._dll._name)
    library.penstock_network_open.restype = library.penstock_series_new.restype = ctypes.c_void_p
    for name in ("network_close", "series_new", "series_free", "push"):
        getattr(library, f"penstock_{name}").argtypes = None
    rng, error, opened = np.random.default_rng(0), ctypes.create_string_buffer(200), 0
    for trial in range(400):
        content = bytearray(whole)
        if trial % 4 == 0:
            content = content[: rng.integers(len(content))]
        else:
            at = 8 * int(rng.integers(48 if trial % 4 < 3 else len(content) // 8))
            value = int(rng.choice([0, 1, -1, 2**31, -(2**62), 7, 10**6, 3, NAN]))
            content[at : at + 8] = value.to_bytes(8, "little", signed=True)
        network = library.penstock_network_open(bytes(content), ctypes.c_size_t(len(content)), error)
        if not network:
            assert error.value
            continue
        opened += 1
        series = library.penstock_series_new(ctypes.c_void_p(network), ctypes.c_int64(0))
        if series:
            for time in range(1000, 1120):  # so many errors that old ones leave
                library.penstock_push(ctypes.c_void_p(series), ctypes.c_int64(time), ctypes.c_double(5.0), 1)
            library.penstock_series_free(ctypes.c_void_p(series))
        library.penstock_network_close(ctypes.c_void_p(network))
    assert 20 < opened < 400


def test_the_struct_is_that_of_the_header() -> None:
    assert ctypes.sizeof(SeriesStruct) == 8 * 31
