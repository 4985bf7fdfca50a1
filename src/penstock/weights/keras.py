"""Weights of Keras: the layouts of its versions 3, 2 and 1 in HDF5."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from penstock.errors import ModelFileError, OptionError
from penstock.strict_json import strict_json
from penstock.weights.layer import Array, FileLayer, recurrent

__all__ = ["h5py", "read_keras", "write_keras"]

_MOST = 1 << 26, 20  # bytes of weights that a file may hold, and times its own size if that is more
_CLASSES = {
    "LSTM": "lstm", "GRU": "gru", "SimpleRNN": "simple_rnn", "Dense": "dense", "Embedding": "embedding",
    "Conv1D": "conv1d", "LayerNormalization": "layer_normalization", "Bidirectional": "bidirectional",
}  # fmt: skip


def h5py() -> Any:
    """Import the library of the extra, or say how to have it."""
    try:
        import h5py as library
    except ImportError as error:
        raise OptionError("HDF5 files are read by h5py: pip install 'penstock[keras]'.") from error
    return library


def read_keras(path: Path) -> tuple[list[FileLayer], bool]:
    """Read the layers of a file of Keras, and tell whether it holds their order.

    Parameters
    ----------
    path
        ``.weights.h5`` or ``.keras`` of Keras 3; ``.h5`` of ``save_weights`` or ``save`` in Keras 1 and 2.

    Returns
    -------
    The layers that have weights, and whether they stand in the order in which they run.

    Raises
    ------
    ModelFileError
        Where the file is damaged, or leads to other files.
    """
    content, config, version = path.read_bytes(), None, ""
    try:
        if content[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for name in ("config.json", "metadata.json", "model.weights.h5"):
                    _check_size(archive.getinfo(name).file_size, len(content))
                config = strict_json(archive.read("config.json"))
                version = str(strict_json(archive.read("metadata.json")).get("keras_version", ""))
                content = archive.read("model.weights.h5")
        with h5py().File(io.BytesIO(content), "r") as file:
            budget = _Budget(len(content))
            root = file["model_weights"] if _plain(file, "model_weights") else file
            if "layer_names" in root.attrs:
                config = (
                    strict_json(_text(file.attrs["model_config"]).encode()) if "model_config" in file.attrs else None
                )
                version = _text(root.attrs.get("keras_version", file.attrs.get("keras_version", "1")))
                layers = list(_legacy(root, budget))
                return _with_options(layers, config, version), True
            found = {layer.name: layer for layer in _version_3(file, budget)}
    except (ModelFileError, OptionError):
        raise
    except Exception as error:  # whatever a damaged file leads the library to
        raise ModelFileError(f"{path.name!r} is no file of Keras's weights, or damaged: {error}") from error
    if config is None:
        return sorted(found.values(), key=lambda layer: _natural(layer.name)), False
    names = _names_in_order(config)
    named = [FileLayer(own, each.kind, each.weights, each.options) for own, name in names if (each := found.get(name))]
    if len(named) < len(found):
        raise ModelFileError(f"{path.name!r} holds weights that its own configuration does not name.")
    return _with_options(named, config, version), True


class _Budget:
    """How many bytes of weights may still be read."""

    def __init__(self, size: int) -> None:
        self.left = max(_MOST[0], _MOST[1] * size)

    def read(self, owner: Any, name: str) -> Array:
        """Read one dataset that stands in the file itself."""
        found = owner[name] if _plain(owner, name) else None
        if found is None or not hasattr(found, "dtype") or found.external or found.is_virtual:
            raise ModelFileError(f"{name!r} leads to another file, which is not read; allowed: weights in the file.")
        self.left -= found.size * found.dtype.itemsize
        if self.left < 0 or found.dtype.kind != "f":
            raise ModelFileError(
                f"{name!r} of the shape {found.shape} and type {found.dtype} is too large or no float."
            )
        return np.asarray(found[()])


def _check_size(size: int, held: int) -> None:
    if size > max(_MOST[0], _MOST[1] * held):
        raise ModelFileError(f"a part would inflate to {size:,} bytes, more than a file of {held:,} bytes may hold.")


def _plain(owner: Any, name: str) -> bool:
    """Say whether every step of a path stands in the file itself, by no link that leads elsewhere."""
    for step in name.split("/"):
        link = owner.get(step, getlink=True) if step in owner else None
        if type(link).__name__ != "HardLink":
            return False
        owner = owner[step]
    return True


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _natural(name: str) -> tuple[str, int]:
    found = re.fullmatch(r"(.*?)_(\d+)", name)
    return (found[1], int(found[2])) if found else (name, 0)


def _version_3(file: Any, budget: _Budget) -> Iterator[FileLayer]:
    """Read the layout ``layers/<class>_<number>/[cell/]vars/<number>``."""
    place = next((each for each in ("layers", "_layer_checkpoint_dependencies") if _plain(file, each)), None)
    if place is None:
        raise ValueError("it has neither layer_names nor layers")

    def arrays(name: str) -> list[Array]:
        name = f"{place}/{name}/vars"
        count = len(file[name].keys()) if _plain(file, name) else 0
        return [budget.read(file, f"{name}/{number}") for number in range(count)]

    for name in file[place]:
        if _plain(file, f"{place}/{name}/forward_layer"):
            parts = {
                ours: _cell(name, arrays(f"{name}/{theirs}_layer/cell"))
                for ours, theirs in (("forwards", "forward"), ("backwards", "backward"))
            }
            yield _both(name, parts)
        elif cell := arrays(f"{name}/cell"):
            yield _cell(name, cell)
        elif own := arrays(name):
            yield _other(name, _natural(name)[0], own)


def _cell(name: str, arrays: list[Array]) -> FileLayer:
    if len(arrays) not in (2, 3):
        raise ValueError(f"the recurrent layer {name!r} has {len(arrays)} arrays")
    return recurrent(name, arrays[0], arrays[1], arrays[2] if len(arrays) == 3 else None)


def _both(name: str, parts: Mapping[str, FileLayer]) -> FileLayer:
    if len({part.kind for part in parts.values()}) != 1:
        raise ValueError(f"the directions of {name!r} differ")
    weights = {f"{way}.{key}": each for way, part in parts.items() for key, each in part.weights.items()}
    return FileLayer(name, "bidirectional", weights)


def _other(name: str, kind: str, arrays: list[Array]) -> FileLayer:
    """Read what is no recurrent layer, by its class and the axes of its weights."""
    axes, bias = arrays[0].ndim, {"b": arrays[1]} if len(arrays) == 2 else {}
    if kind.startswith("dense") and axes == 2 and len(arrays) <= 2:
        return FileLayer(name, "dense", {"W": arrays[0], **bias})
    if kind.startswith("conv1d") and axes == 3 and len(arrays) <= 2:
        return FileLayer(name, "conv1d", {"W": arrays[0], **bias})
    if kind.startswith("embedding") and axes == 2 and len(arrays) == 1:
        return FileLayer(name, "embedding", {"table": arrays[0]})
    if kind.startswith("layer_norm") and axes == 1 and len(arrays) == 2:
        return FileLayer(name, "layer_norm", {"g": arrays[0], "b": arrays[1]})
    return FileLayer(name, kind, dict(enumerate(arrays)))  # type: ignore[arg-type]  # no layer of ours


def _legacy(root: Any, budget: _Budget) -> Iterator[FileLayer]:
    """Read the layout of Keras 1 and 2: the names of layers, and of the weights of each, as attributes."""
    for name in map(_text, root.attrs["layer_names"]):
        group = root[name] if _plain(root, name) else None
        weights = [] if group is None else [_text(each) for each in group.attrs["weight_names"]]
        arrays = {each: budget.read(group, each) for each in weights}
        if not arrays:
            continue
        if any(re.search(r"_[WUb]_[a-z]$", each) for each in weights):
            yield _keras_1(name, arrays)
            continue
        ends = [each.split("/")[-1].split(":")[0] for each in weights]
        if ends.count("kernel") == 2:
            ways = {
                ours: {end: arrays[each] for end, each in zip(ends, weights, strict=True) if f"{theirs}_" in each}
                for ours, theirs in (("forwards", "forward"), ("backwards", "backward"))
            }
            yield _both(name, {way: _named_cell(name, own) for way, own in ways.items()})
        elif "recurrent_kernel" in ends:
            yield _named_cell(name, dict(zip(ends, arrays.values(), strict=True)))
        else:
            yield _named_other(name, ends, list(arrays.values()))


def _named_cell(name: str, arrays: Mapping[str, Array]) -> FileLayer:
    return recurrent(name, arrays["kernel"], arrays["recurrent_kernel"], arrays.get("bias"))


def _named_other(name: str, ends: list[str], arrays: list[Array]) -> FileLayer:
    first = arrays[0]
    keras_1 = [re.sub(r".*_(?=[WUb]$)", "", end) for end in ends]
    if keras_1 == ["W", "U", "b"]:
        return recurrent(name, arrays[0], arrays[1], arrays[2])
    if keras_1[0] == "W":
        ends = ["kernel", "bias"][: len(arrays)] if keras_1[1:] == ["b"] else ["embeddings"]
        arrays = [first[:, 0] if first.ndim == 4 else first, *arrays[1:]]  # a convolution over time as one over a plane
    kind = {"kernel": {2: "dense", 3: "conv1d"}.get(arrays[0].ndim, "kernel"), "embeddings": "embedding"}.get(ends[0])
    if ends == ["gamma", "beta"]:
        kind = "layer_normalization"
    return _other(name, kind or _natural(name)[0], arrays)


def _keras_1(name: str, arrays: Mapping[str, Array]) -> FileLayer:
    """Put the gates of Keras 1 side by side, which are arrays of their own: i, c, f, o; z, r, h."""
    parts = {each[-3:]: array for each, array in arrays.items()}
    gates = "ifco" if "W_i" in parts else "zrh"
    if {*parts} != {f"{kind}_{gate}" for kind in "WUb" for gate in gates}:
        raise ValueError(f"the layer {name!r} has the weights {', '.join(arrays)}")
    W, U, b = (np.concatenate([parts[f"{kind}_{gate}"] for gate in gates], axis=-1) for kind in "WUb")
    return recurrent(name, W, U, b)


# ---- what a file says of options -------------------------------------------------------------------------------------


def _layers_of(config: Any) -> list[dict[str, Any]]:
    inner = config.get("config", {})
    return inner if isinstance(inner, list) else inner.get("layers", [])  # a list in Keras 1 and early 2


def _names_in_order(config: Any) -> list[tuple[str, str]]:
    """Give the layers in order: the name of each, and the one that the weights of Keras 3 stand under."""
    seen: dict[str, int] = {}
    names = []
    for each in _layers_of(config):
        kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", each["class_name"]).lower()
        kind = _CLASSES.get(each["class_name"], kind)
        number = seen[kind] = seen.get(kind, -1) + 1
        names.append((each["config"]["name"], f"{kind}_{number}" if number else kind))
    return names


def _with_options(layers: list[FileLayer], config: Any, version: str) -> list[FileLayer]:
    """Put beside the weights what the configuration says, in Penstock's names."""
    if config is None:
        return layers
    about = {each["config"]["name"]: each for each in _layers_of(config)}
    return [
        FileLayer(each.name, each.kind, each.weights, _options(about[each.name]["config"], version))
        if each.name in about
        else each
        for each in layers
    ]


def _options(config: Mapping[str, Any], version: str) -> dict[str, Any]:
    inner = config.get("layer", {}).get("config", config)
    hard = "hard_sigmoid" if version[:1] == "3" else "hard_sigmoid_keras2"
    names = {"hard_sigmoid": hard}
    found: dict[str, Any] = {}
    for theirs, ours in (
        ("recurrent_activation", "recurrent_activation"),
        ("inner_activation", "recurrent_activation"),
        ("activation", "activation"),
    ):
        if isinstance(inner.get(theirs), str):
            found[ours] = names.get(inner[theirs], inner[theirs])
    if "reset_after" in inner:
        found["reset_after"] = bool(inner["reset_after"])
    return found


def write_keras(path: Path, layers: list[FileLayer]) -> bytes:
    """Write the layout of Keras 3, which ``model.load_weights`` reads.

    Parameters
    ----------
    path
        The path, for messages.
    layers
        The layers in order, in Keras's own names and order of gates.

    Returns
    -------
    The file's content.
    """
    buffer = io.BytesIO()
    seen: dict[str, int] = {}
    kinds = {"rnn": "simple_rnn", "layer_norm": "layer_normalization"}
    with h5py().File(buffer, "w") as file:
        file.create_group("vars")
        for layer in layers:
            kind = kinds.get(layer.kind, layer.kind)
            number = seen[kind] = seen.get(kind, -1) + 1
            place = f"layers/{kind}_{number}" if number else f"layers/{kind}"
            for key, array in layer.weights.items():
                way, _, own = key.rpartition(".")
                inner = {"forwards": "forward_layer/cell/", "backwards": "backward_layer/cell/"}.get(way, "")
                inner = inner or ("cell/" if layer.kind in ("lstm", "gru", "rnn") else "")
                file[f"{place}/{inner}vars/{own}"] = array
    return buffer.getvalue()
