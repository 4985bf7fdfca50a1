"""Weights of torch: state dicts, from safetensors and, without running the code of a pickle, from ``.pt``."""

from __future__ import annotations

import io
import math
import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from penstock.errors import ModelFileError
from penstock.weights.layer import Array, FileLayer

__all__ = ["layers_of_state", "read_state_dict", "state_of_layers"]

_PICKLE = 1 << 24  # bytes of the pickle that names the tensors
_TYPES = {
    "FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4",
    "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1", "BoolStorage": "?",
}  # fmt: skip
_RECURRENT = re.compile(r"(?:(.*)\.)?(weight|bias)_(ih|hh)_l(\d+)(_reverse)?")


class _Storage(NamedTuple):
    """A type of storage, as the pickle names it."""

    dtype: str


class _Dict(dict[Any, Any]):
    """What stands for an ordered dictionary; attributes that the pickle sets are dropped."""

    def __setstate__(self, state: Any) -> None:
        """Drop what the pickle sets beside the entries."""


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *more: Any) -> Array:
    """Make a tensor of a storage; strides must stay within it."""
    if not isinstance(storage, np.ndarray) or len(size) != len(stride) or len(size) > 8:
        raise pickle.UnpicklingError("a tensor is described wrongly")
    whole = [offset, *size, *stride]
    if not all(type(each) is int and each >= 0 for each in whole):
        raise pickle.UnpicklingError("a tensor is described wrongly")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) if math.prod(size) else offset
    if last >= len(storage) or math.prod(size) > len(storage):
        raise pickle.UnpicklingError("a tensor reaches beyond its storage")
    steps = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, steps, writeable=False).copy()


def _parameter(tensor: Any, *more: Any) -> Any:
    return tensor


class _Tensors(pickle.Unpickler):
    """A reader of pickles that knows tensors, numbers, text and dictionaries, and calls nothing else."""

    known = {  # noqa: RUF012
        ("collections", "OrderedDict"): _Dict,
        ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        ("torch._utils", "_rebuild_parameter"): _parameter,
        **{("torch", name): _Storage(dtype) for name, dtype in _TYPES.items()},
    }

    def __init__(self, content: bytes, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(content))
        self.archive, self.root = archive, root
        self.storages: dict[str, Array] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Give what stands for a name, one of :attr:`known`."""
        if (module, name) not in self.known:
            raise ModelFileError(
                f"the pickle asks for {module}.{name}, which is not read: a .pt file may hold tensors alone. Save "
                "model.state_dict(), or better: safetensors.torch.save_file(model.state_dict(), 'model.safetensors')."
            )
        return self.known[module, name]

    def persistent_load(self, pid: Any) -> Array:
        """Read a storage from the archive."""
        kind, storage, key, _, count = pid
        if kind != "storage" or not isinstance(storage, _Storage) or not re.fullmatch(r"\d{1,9}", key):
            raise pickle.UnpicklingError("a storage is described wrongly")
        if key not in self.storages:
            content = self.archive.read(f"{self.root}/data/{key}")
            self.storages[key] = np.frombuffer(content, np.dtype(storage.dtype))
        if len(self.storages[key]) < count:
            raise pickle.UnpicklingError("a storage is shorter than the pickle says")
        return self.storages[key]


def read_state_dict(path: Path) -> dict[str, Array]:
    """Read a ``.pt`` file that holds a state dict.

    Parameters
    ----------
    path
        What ``torch.save(model.state_dict(), path)`` wrote, in torch 1.6 or newer.

    Returns
    -------
    The tensors by name, in the order of the modules.

    Raises
    ------
    ModelFileError
        Where it holds anything but tensors.
    """
    size = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            (pickled,) = [each for each in archive.namelist() if each.endswith("/data.pkl")]
            held = [each.file_size for each in archive.infolist()]
            if archive.getinfo(pickled).file_size > _PICKLE or sum(held) > 2 * size + (1 << 20):
                raise ModelFileError(f"{path.name!r} would inflate to {sum(held):,} bytes; torch does not compress.")
            found = _Tensors(archive.read(pickled), archive, pickled.removesuffix("/data.pkl")).load()
    except ModelFileError:
        raise
    except Exception as error:  # whatever a crafted pickle leads to
        raise ModelFileError(f"{path.name!r} is no state dict of torch, or damaged: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(each, np.ndarray) for each in found.values()):
        raise ModelFileError(
            f"{path.name!r} holds a {type(found).__name__} with other things than tensors; save model.state_dict()."
        )
    return {str(name): array for name, array in found.items()}


def layers_of_state(state: Mapping[str, Array]) -> list[FileLayer]:
    """Read the layers of a state dict: gates i, f, g, o of ``nn.LSTM``; r, z, n of ``nn.GRU``; both biases are added.

    Parameters
    ----------
    state
        Tensors by name, as ``state_dict()`` names them.

    Returns
    -------
    The layers, in the order in which they first stand in the state dict.

    Examples
    --------
    >>> state = {"fc.weight": np.ones((1, 4)), "fc.bias": np.zeros(1)}
    >>> [(layer.name, layer.kind, layer.weights["W"].shape) for layer in layers_of_state(state)]
    [('fc', 'dense', (4, 1))]
    """
    groups: dict[tuple[str, int], dict[str, Array]] = {}
    for name, array in state.items():
        found = _RECURRENT.fullmatch(name)
        if found:
            key = f"{found[2]}_{found[3]}{found[5] or ''}"
            groups.setdefault((found[1] or "", int(found[4])), {})[key] = array
        else:
            prefix, _, key = name.rpartition(".")
            groups.setdefault((prefix, -1), {})[key] = array
    return [
        _layer(prefix if place < 1 else f"{prefix}.{place}".strip("."), own) for (prefix, place), own in groups.items()
    ]


def _layer(name: str, own: Mapping[str, Array]) -> FileLayer:
    if "weight_hh" in own:
        if "weight_hh_reverse" not in own:
            return _recurrent(name, own, "")
        parts = {"forwards": _recurrent(name, own, ""), "backwards": _recurrent(name, own, "_reverse")}
        weights = {f"{way}.{key}": each for way, part in parts.items() for key, each in part.weights.items()}
        return FileLayer(name, "bidirectional", weights)
    weight, bias = own.get("weight"), {"b": own["bias"]} if "bias" in own else {}
    if weight is not None and {*own} <= {"weight", "bias"}:
        if weight.ndim == 3:
            return FileLayer(name, "conv1d", {"W": weight.transpose(2, 1, 0), **bias})
        if weight.ndim == 1 and bias:
            return FileLayer(name, "layer_norm", {"g": weight, **bias})
        if weight.ndim == 2 and (bias or "embed" not in name.lower()):
            return FileLayer(name, "dense" if bias else "dense or embedding", {"W": weight.T, **bias})
        if weight.ndim == 2:
            return FileLayer(name, "embedding", {"table": weight})
    return FileLayer(name, "a module of torch", dict(own))


def _recurrent(name: str, own: Mapping[str, Array], way: str) -> FileLayer:
    W, U = own[f"weight_ih{way}"].T, own[f"weight_hh{way}"].T
    if U.ndim != 2 or not U.shape[0] or U.shape[1] // U.shape[0] not in (1, 3, 4) or U.shape[1] % U.shape[0]:
        raise ModelFileError(f"{name!r} has recurrent weights of the shape {U.shape[::-1]}, which no layer here has.")
    kind = {4: "lstm", 3: "gru", 1: "rnn"}[U.shape[1] // U.shape[0]]
    biases = [own[f"bias_{part}{way}"] for part in ("ih", "hh") if f"bias_{part}{way}" in own]
    if kind == "gru":
        return FileLayer(
            name, kind, {"W": W, "U": U, **dict(zip(("b", "bU"), biases, strict=False))}, {"reset_after": True}
        )
    return FileLayer(name, kind, {"W": W, "U": U, **({"b": np.sum(biases, axis=0)} if biases else {})})


def state_of_layers(layers: list[FileLayer]) -> dict[str, Array]:
    """Name weights as ``state_dict()`` does; all of the bias stands in ``bias_ih``.

    Parameters
    ----------
    layers
        The layers, each under the name of its module in torch.

    Returns
    -------
    Tensors by name.

    Raises
    ------
    ModelFileError
        Where torch has no such layer.
    """
    state: dict[str, Array] = {}
    for layer in layers:
        for key, array in layer.weights.items():
            way, _, own = key.rpartition(".")
            end = "_l0_reverse" if way == "backwards" else "_l0"
            if layer.kind in ("lstm", "gru", "rnn", "bidirectional"):
                part = {"W": "weight_ih", "U": "weight_hh", "b": "bias_ih", "bU": "bias_hh"}[own]
                state[f"{layer.name}.{part}{end}"] = array.T
                if own == "b" and not any(each.endswith("bU") for each in layer.weights):
                    state[f"{layer.name}.bias_hh{end}"] = np.zeros_like(array)
            elif layer.kind == "conv1d":
                state[f"{layer.name}.{'weight' if own == 'W' else 'bias'}"] = (
                    array.transpose(2, 1, 0) if own == "W" else array
                )
            else:
                name = {"W": "weight", "table": "weight", "g": "weight", "b": "bias"}[own]
                state[f"{layer.name}.{name}"] = array.T if own == "W" else array
    return {name: np.ascontiguousarray(array) for name, array in state.items()}
