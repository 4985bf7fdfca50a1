"""Weights of Keras, torch and NumPy: read into the function that they were, and written back."""

from __future__ import annotations

import io
import json
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd
import pytest
from safetensors import numpy as safetensors

import penstock as ps
from penstock import weights
from penstock.networks.inputs import Inputs
from weights.keras_reference import HARD, gru, lstm, sigmoid

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 7, 2))
HARD2, HARD3 = "hard_sigmoid_keras2", "hard_sigmoid"


def drawn(*shape: int) -> Any:
    return RNG.normal(size=shape).astype(np.float32) / 2


CELL = {"lstm": (drawn(2, 16), drawn(4, 16), drawn(16)), "gru": (drawn(2, 12), drawn(4, 12), drawn(12))}
AFTER = (*CELL["gru"][:2], drawn(2, 12))
OUT = (drawn(4, 1), drawn(1))


def legacy(path: Path, layers: dict[str, dict[str, Any]], version: str = "2.2.4", config: Any = None) -> Path:
    """The layout of Keras 1 and 2: names of layers and weights as attributes."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        root = file
        if config is not None:
            file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": config})
            root = file.create_group("model_weights")
        root.attrs["layer_names"] = [name.encode() for name in layers]
        root.attrs["keras_version"] = version.encode()
        for name, arrays in layers.items():
            group = root.create_group(name)
            group.attrs["weight_names"] = [each.encode() for each in arrays]
            for each, array in arrays.items():
                group[each] = array
    return path


def keras_2(name: str, cell: Any) -> dict[str, dict[str, Any]]:
    ends = ("kernel", "recurrent_kernel", "bias")
    return {
        f"{name}_1": {f"{name}_1/{end}:0": array for end, array in zip(ends, cell, strict=True)},
        "dense_1": {f"dense_1/{end}:0": array for end, array in zip(("kernel", "bias"), OUT, strict=True)},
    }


def answers(path: Path, layer: Any, **more: Any) -> Any:
    module = weights.read(path, ps.Network([layer]), Inputs(2), 1, **more)
    return np.asarray(module(jax.numpy.asarray(X, dtype=np.float32)))


@pytest.mark.parametrize(("version", "layer", "gate"), [
    ("2.2.4", ps.LSTM(4, HARD2), HARD[2]), ("2.2.4", ps.LSTM(4), sigmoid), ("3.0.0", ps.LSTM(4, HARD3), HARD[3]),
])  # fmt: skip
def test_an_lstm_of_keras_2_with_each_gate(tmp_path: Path, version: str, layer: Any, gate: Any) -> None:
    path = legacy(tmp_path / "m.h5", keras_2("lstm", CELL["lstm"]), version)
    expected = lstm(X, *CELL["lstm"], gate) @ OUT[0] + OUT[1]
    np.testing.assert_allclose(answers(path, layer), expected, atol=1e-6)


def test_both_forms_of_a_gru(tmp_path: Path) -> None:
    for cell, layer in ((CELL["gru"], ps.GRU(4, recurrent_activation=HARD2)), (AFTER, ps.GRU(4, True))):
        path = legacy(tmp_path / "m.h5", keras_2("gru", cell))
        expected = gru(X, *cell, HARD[2] if cell is CELL["gru"] else sigmoid) @ OUT[0] + OUT[1]
        np.testing.assert_allclose(answers(path, layer), expected, atol=1e-6)
        with pytest.raises(ps.OptionError, match="is a GRU of the other form; describe layers.0. with reset_after="):
            answers(path, ps.GRU(4, cell is CELL["gru"]))


@pytest.mark.parametrize(("kind", "order"), [("lstm", "icfo"), ("gru", "zrh")])
def test_keras_1_holds_each_gate_by_itself(tmp_path: Path, kind: str, order: str) -> None:
    own = "ifco" if kind == "lstm" else "zrh"
    parts = {
        k: dict(zip(own, np.split(a, len(own), axis=-1), strict=True)) for k, a in zip("WUb", CELL[kind], strict=True)
    }
    cell = {f"{kind}_1_{k}_{gate}": parts[k][gate] for gate in order for k in "WUb"}
    path = legacy(
        tmp_path / "m.h5", {f"{kind}_1": cell, "dense_1": {"dense_1_W": OUT[0], "dense_1_b": OUT[1]}}, "1.2.2"
    )
    expected = {"lstm": lstm, "gru": gru}[kind](X, *CELL[kind], HARD[1]) @ OUT[0] + OUT[1]
    layer = ps.LSTM(4, HARD2) if kind == "lstm" else ps.GRU(4, recurrent_activation=HARD2)
    np.testing.assert_allclose(answers(path, layer), expected, atol=1e-6)


def test_what_a_file_says_of_its_activation_is_held_against_the_network(tmp_path: Path) -> None:
    config = [
        {
            "class_name": "LSTM",
            "config": {"name": "lstm_1", "recurrent_activation": "hard_sigmoid", "activation": "tanh"},
        },
        {"class_name": "Dense", "config": {"name": "dense_1", "activation": "linear"}},
    ]
    path = legacy(tmp_path / "m.h5", keras_2("lstm", CELL["lstm"]), config=config)
    with pytest.raises(ps.OptionError, match=f"says recurrent_activation='{HARD2}' of 'lstm_1', the network 'sigmoid'"):
        answers(path, ps.LSTM(4))
    assert answers(path, ps.LSTM(4, HARD2)).shape == (5, 1)
    config[0]["config"]["activation"] = "relu"  # type: ignore[index]
    with pytest.raises(ps.OptionError, match="has another activation than tanh"):
        answers(legacy(tmp_path / "m.h5", keras_2("lstm", CELL["lstm"]), config=config), ps.LSTM(4, HARD2))


NETWORKS = {
    "stack": ps.Network([ps.LSTM(4), ps.LSTM(3)], dense=[2]),
    "two ways": ps.Network([ps.layers.Bidirectional(ps.GRU(3, True))]),
    "convolution": ps.Network([ps.layers.Conv1D(3, 2), ps.RNN(4)]),
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n == "convolution" else n for n in NETWORKS]
)
@pytest.mark.parametrize("suffix", [".weights.h5", ".safetensors", ".npz"])
def test_what_is_written_is_read(tmp_path: Path, name: str, suffix: str) -> None:
    if suffix == ".weights.h5":
        pytest.importorskip("h5py")
    module = NETWORKS[name].build(Inputs(2), 1, jax.random.key(1))
    module = jax.tree.map(lambda leaf: leaf + 0.1, module)  # biases that are not zero
    again = weights.read(weights.write(tmp_path / f"m{suffix}", module), NETWORKS[name], Inputs(2), 1)
    for one, other in zip(jax.tree.leaves(module), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(one, other)


def test_npz_holds_any_network_and_no_objects(tmp_path: Path) -> None:
    network = ps.Network([ps.LSTM(3, peepholes=True)])
    module = network.build(Inputs(), 1, jax.random.key(0))
    with pytest.raises(ps.OptionError, match="variant of an LSTM that neither Keras nor torch has; use .npz"):
        weights.write(tmp_path / "m.safetensors", module)
    hard = ps.Network([ps.LSTM(3, HARD2)]).build(Inputs(), 1, jax.random.key(0))
    for name in ("m.safetensors", "m.weights.h5"):
        with pytest.raises(ps.OptionError, match="has 'hard_sigmoid_keras2' gates, which 'm.* is read without"):
            weights.write(tmp_path / name, hard)
    weights.write(tmp_path / "m.npz", module)
    assert weights.read(tmp_path / "m.npz", network).layers[0].cell.p.shape == (3, 3)
    with pytest.raises(ps.OptionError, match="does not fit the network: 'dense.0..W', 'layers.0..cell.U'"):
        weights.read(tmp_path / "m.npz", ps.Network([ps.LSTM(4, peepholes=True)]))
    np.savez(tmp_path / "bad.npz", a=np.array([object()]))
    with pytest.raises(ps.ModelFileError, match="is no archive of numeric arrays"):
        weights.read(tmp_path / "bad.npz", network)


def torch_state() -> dict[str, Any]:
    W, U, b = CELL["lstm"]
    return {
        "rnn.weight_ih_l0": W.T, "rnn.weight_hh_l0": U.T, "rnn.bias_ih_l0": b - 1, "rnn.bias_hh_l0": b * 0 + 1,
        "fc.weight": OUT[0].T, "fc.bias": OUT[1],
    }  # fmt: skip


def pickled(state: Any, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """What torch.save writes, without torch."""
    rebuild = types.ModuleType("torch._utils")
    torch = types.ModuleType("torch")

    def _rebuild_tensor_v2(*args: Any) -> None: ...

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    storage = type("FloatStorage", (), {"__module__": "torch", "__qualname__": "FloatStorage"})
    rebuild._rebuild_tensor_v2, torch.FloatStorage = _rebuild_tensor_v2, storage  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", rebuild)
    stored: list[Any] = []

    class Tensor:
        def __init__(self, array: Any) -> None:
            self.array = array

        def __reduce__(self) -> Any:
            stored.append(np.ascontiguousarray(self.array))
            strides = tuple(step // 4 for step in stored[-1].strides)
            place = types.SimpleNamespace(key=str(len(stored) - 1), size=self.array.size)
            return _rebuild_tensor_v2, (place, 0, self.array.shape, strides, False, OrderedDict())

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: Any) -> Any:
            return ("storage", storage, obj.key, "cpu", obj.size) if isinstance(obj, types.SimpleNamespace) else None

    buffer, out = io.BytesIO(), io.BytesIO()
    tensors = {name: Tensor(each) if isinstance(each, np.ndarray) else each for name, each in state.items()}
    Pickler(buffer, 2).dump(OrderedDict(tensors))
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("m/data.pkl", buffer.getvalue())
        for number, array in enumerate(stored):
            archive.writestr(f"m/data/{number}", array.tobytes())
    return out.getvalue()


def test_a_state_dict_of_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = torch_state()
    expected = lstm(X, *CELL["lstm"]) @ OUT[0] + OUT[1]
    (tmp_path / "m.pt").write_bytes(pickled(state, monkeypatch))
    (tmp_path / "m.safetensors").write_bytes(
        safetensors.save({name: np.ascontiguousarray(array) for name, array in state.items()})
    )
    for name in ("m.pt", "m.safetensors"):
        np.testing.assert_allclose(answers(tmp_path / name, ps.LSTM(4)), expected, atol=1e-6)
    assert answers(tmp_path / "m.safetensors", ps.LSTM(4), layers=["rnn", "fc"]).shape == (5, 1)
    with pytest.raises(ps.OptionError, match="layers= names 'fc', 'rnn', 'x'; 'm.safetensors' holds"):
        answers(tmp_path / "m.safetensors", ps.LSTM(4), layers=["fc", "rnn", "x"])


class Evil:
    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit('code of the file ran')",)


def test_no_code_of_a_pickle_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m.pt").write_bytes(pickled({"rnn.weight_ih_l0": Evil()}, monkeypatch))
    with pytest.raises(ps.ModelFileError, match=r"asks for (__builtin__|builtins).exec, which is not read"):
        answers(tmp_path / "m.pt", ps.LSTM(4))
    whole = pickled(torch_state(), monkeypatch)
    for cut in (100, len(whole) // 2, len(whole) - 30):
        (tmp_path / "m.pt").write_bytes(whole[:cut])
        with pytest.raises(ps.ModelFileError, match="truncated or damaged"):
            answers(tmp_path / "m.pt", ps.LSTM(4))


def test_hdf5_leads_to_no_other_file(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = legacy(tmp_path / "m.h5", keras_2("lstm", CELL["lstm"]))
    legacy(tmp_path / "other.h5", keras_2("lstm", CELL["lstm"]))
    with h5py.File(path, "a") as file:
        del file["dense_1"]
        file["dense_1"] = h5py.ExternalLink("other.h5", "/dense_1")
    with pytest.raises(ps.OptionError, match="holds 'lstm .lstm_1.'; the network needs"):
        answers(path, ps.LSTM(4))
    legacy(path, keras_2("lstm", CELL["lstm"]))
    (tmp_path / "raw").write_bytes(bytes(64))
    with h5py.File(path, "a") as file:
        group = file["lstm_1"]
        del group["lstm_1/bias:0"]
        group.create_dataset("lstm_1/bias:0", (16,), "<f4", external=[(str(tmp_path / "raw"), 0, 64)])
    with pytest.raises(ps.ModelFileError, match="leads to another file, which is not read"):
        answers(path, ps.LSTM(4))
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(ps.ModelFileError, match="is no file of Keras's weights, or damaged"):
        answers(path, ps.LSTM(4))


def test_what_does_not_fit_is_told(tmp_path: Path) -> None:
    module = NETWORKS["stack"].build(Inputs(2), 1, jax.random.key(1))
    path = weights.write(tmp_path / "m.safetensors", module)
    for network, message in (
        (ps.Network([ps.LSTM(4)], dense=[2]), "also holds 'lstm .1.', which the network does not have"),
        (ps.Network([ps.LSTM(4), ps.GRU(3, True)], dense=[2]), "the network needs 'lstm .layers.0..', 'gru"),
        (ps.Network([ps.LSTM(4), ps.LSTM(2)], dense=[2]), r"W of '1' .layers.1.. has the shape \(4, 12\)"),
        (
            ps.Network([ps.LSTM(4), ps.LSTM(3, use_bias=False)], dense=[2]),
            "'1' has biases; describe layers.1. with use",
        ),
        (ps.Network([ps.LSTM(4), ps.Leaky(3)], dense=[2]), "whose weights neither Keras nor torch writes"),
    ):
        with pytest.raises(ps.OptionError, match=message):
            weights.read(path, network, Inputs(2), 1)
    broken = jax.tree.map(lambda leaf: leaf * np.nan, module)
    with pytest.raises(ps.OptionError, match="holds NaN, infinite numbers"):
        weights.read(weights.write(path, broken), NETWORKS["stack"], Inputs(2), 1)
    with pytest.raises(ps.OptionError, match="says no format; allowed: .weights.h5"):
        weights.write(tmp_path / "m.pickle", module)
    (tmp_path / "m.txt").write_text("hello")
    with pytest.raises(ps.ModelFileError, match="is no file of weights that is known"):
        weights.read(tmp_path / "m.txt", NETWORKS["stack"])


def test_a_forecaster_with_published_weights(tmp_path: Path) -> None:
    """The scale is that of the frame that is given, as its author's was: of all rows."""
    cell = (CELL["lstm"][0][:1], *CELL["lstm"][1:])
    path = legacy(tmp_path / "m.h5", keras_2("lstm", cell))
    y = 50 + np.cumsum(np.cos(np.arange(60.0) ** 1.5))
    frame = pd.DataFrame({"ds": range(60), "y": y})
    model = ps.Forecaster(ps.Network([ps.LSTM(4, HARD2)]), window=7, scale="minmax").load_weights(path, frame)
    window = (y[-7:] - y.min()) / (y.max() - y.min())
    scaled = lstm(window[None, :, None], *cell, HARD[2]) @ OUT[0] + OUT[1]
    assert model.predict()["yhat"].iloc[0] == pytest.approx(scaled.item() * (y.max() - y.min()) + y.min(), abs=1e-4)
    assert model.predict(level=80).shape == (1, 4)
    model.save(tmp_path / "m.penstock")
    assert ps.load(tmp_path / "m.penstock").predict().equals(model.predict())
    with pytest.raises(ps.OptionError, match="members=3, but a file holds the weights of one network"):
        ps.Forecaster(ps.Network([ps.LSTM(4)]), members=3).load_weights(path, frame)
