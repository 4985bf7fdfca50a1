"""Files of weights: recognised by their content, read into a network's module, and written from it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
from safetensors import numpy as safetensors

from penstock.argument_types import checked_path, checked_types
from penstock.errors import ModelFileError, OptionError, named
from penstock.files import write_whole
from penstock.networks.inputs import Inputs
from penstock.networks.module import NetworkModule
from penstock.networks.network import Network
from penstock.stored_arrays import read_arrays
from penstock.weights.keras import read_keras, write_keras
from penstock.weights.layer import Array, FileLayer
from penstock.weights.module import filled, layers_of
from penstock.weights.torch import layers_of_state, read_state_dict, state_of_layers

__all__ = ["read", "write"]


@checked_types("network", "inputs", "layers", at_least={"outputs": 1})
def read(
    path: str | Path,
    network: Network,
    inputs: Inputs = Inputs(),
    outputs: int = 1,
    *,
    layers: Sequence[str] | None = None,
) -> NetworkModule:
    """Read the weights of a network that Keras, torch or NumPy wrote.

    Parameters
    ----------
    path
        ``.weights.h5``, ``.keras`` (Keras 3), ``.h5`` (Keras 1 and 2), ``.safetensors`` or ``.pt`` (a state dict of
        torch), or ``.npz`` (what :func:`write` wrote). HDF5 needs ``pip install 'penstock[keras]'``.
    network
        The description of the network; the last dense layer, which puts out, is added to it as always.
    inputs, outputs
        What the network reads, and how many values it puts out.
    layers
        Names of the file's layers in the order in which they run, where the file does not hold it: of a state dict in
        safetensors, and of ``.weights.h5``, only the order within each kind of layer is known.

    Returns
    -------
    The network's module with these weights: call it on ``[batch, time, features]``.

    Raises
    ------
    ModelFileError
        Where the file is damaged, or holds other things than weights.
    OptionError
        Where the weights do not fit the network, or the file says that they belong to another function.

    Examples
    --------
    >>> import tempfile, jax.numpy as jnp
    >>> from penstock.layers.declared import LSTM
    >>> network = Network([LSTM(4)])
    >>> module = network.build(Inputs(), 1, jax.random.key(0))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = read(write(f"{folder}/weights.safetensors", module), network)
    >>> x = jnp.ones((2, 5, 1))
    >>> bool((again(x) == module(x)).all())
    True
    """
    path = checked_path(path)
    if not path.is_file():
        raise ModelFileError(f"there is no file {str(path)!r}; give the path of a file of weights.")
    module = eqx.filter_eval_shape(lambda: network.build(inputs, outputs, jax.random.key(0)))  # shapes, not drawn
    with path.open("rb") as file:
        start = file.read(8)
    names = _names(path) if start[:2] == b"PK" else []
    if any(name.endswith(".npy") for name in names):
        return _of_leaves(module, _read_npz(path), path)
    if start == b"\x89HDF\r\n\x1a\n" or "model.weights.h5" in names:
        found, ordered = read_keras(path)
    elif any(name.endswith("/data.pkl") for name in names):
        found, ordered = layers_of_state(read_state_dict(path)), True
    elif path.suffix in (".safetensors", ""):
        try:
            state = read_arrays(path.read_bytes())
        except ValueError as error:
            raise ModelFileError(f"{path.name!r} is no safetensors file, or damaged: {error}.") from error
        found, ordered = layers_of_state(state), False
    else:
        raise ModelFileError(
            f"{path.name!r} is no file of weights that is known; allowed: HDF5 or .keras of Keras, a state dict of "
            "torch in .safetensors or .pt (of torch 1.6 or newer), .npz."
        )
    if layers is not None:
        found, ordered = _in_order(found, layers, path), True
    return filled(module, found, ordered=ordered, path=path.name)


@checked_types("module", "layers")
def write(path: str | Path, module: NetworkModule, *, layers: Sequence[str] | None = None) -> Path:
    """Write the weights of a network for Keras, torch or NumPy.

    Parameters
    ----------
    path
        ``.weights.h5``: what ``model.load_weights`` of Keras 3 reads; ``.safetensors``: a state dict of torch;
        ``.npz``: every array by the name of its place.
    module
        A network with weights, such as ``penstock.networks.fitted.fitted_network(model)`` gives.
    layers
        Names of the modules of torch, in order; ``"0"``, ``"1"`` and so on if left out, as in ``nn.Sequential``.

    Returns
    -------
    The path.

    Raises
    ------
    OptionError
        Where the format has no such layer; the message says which, and of what form.
    """
    path = checked_path(path)
    if path.suffix == ".npz":
        buffer = io.BytesIO()
        np.savez(buffer, **{name: np.asarray(leaf) for name, leaf in _leaves(module)})  # type: ignore[arg-type]
        return write_whole(path, buffer.getvalue())
    _require_function(path, layers_of(module))
    if path.name.endswith(".weights.h5"):
        return write_whole(path, write_keras(path, [_for_keras(each) for each in layers_of(module)]))
    if path.suffix != ".safetensors":
        raise OptionError(f"{path.name!r} says no format; allowed: .weights.h5 (Keras 3), .safetensors (torch), .npz.")
    found = layers_of(module)
    names = [str(number) for number in range(len(found))] if layers is None else list(layers)
    if len(names) != len(found):
        raise OptionError(f"layers= names {len(names)} modules; the network has {len(found)} with weights.")
    before = [each.name for each in found if each.kind == "gru" and "b" in each.weights and "bU" not in each.weights]
    if before:
        raise OptionError(f"{named(before)}: torch's GRU resets after the product; describe it with reset_after=True.")
    state = state_of_layers([replace(each, name=name) for each, name in zip(found, names, strict=True)])
    return write_whole(path, safetensors.save(state))


def _require_function(path: Path, layers: list[FileLayer]) -> None:
    """Raise an error for a gate activation that the target library lacks: it would compute another function."""
    allowed = ("sigmoid", "hard_sigmoid") if path.name.endswith(".weights.h5") else ("sigmoid",)
    for each in layers:
        gate = each.options.get("recurrent_activation", "sigmoid")
        if gate not in allowed:
            raise OptionError(
                f"{each.name} has {gate!r} gates, which {path.name!r} is read without; allowed: {', '.join(allowed)}, "
                "or any in .npz."
            )


def _names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except zipfile.BadZipFile as error:
        raise ModelFileError(f"{path.name!r} is truncated or damaged: {error}.") from error


def _read_npz(path: Path) -> dict[str, Array]:
    """Read an archive of NumPy; arrays of objects, which are pickles, are refused."""
    size = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(each.file_size for each in archive.infolist())
        if total > max(1 << 26, 20 * size):
            raise ModelFileError(f"{path.name!r} would inflate from {size:,} to {total:,} bytes.")
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except ModelFileError:
        raise
    except Exception as error:  # whatever a damaged archive leads NumPy to
        raise ModelFileError(f"{path.name!r} is no archive of numeric arrays, or damaged: {error}.") from error


def _leaves(module: NetworkModule) -> list[tuple[str, Any]]:
    leaves = jax.tree_util.tree_leaves_with_path(module)
    return [(jax.tree_util.keystr(path).lstrip("."), leaf) for path, leaf in leaves]


def _of_leaves(module: NetworkModule, arrays: dict[str, Array], path: Path) -> NetworkModule:
    wanted = {name: leaf.shape for name, leaf in _leaves(module)}
    given = {name: array.shape for name, array in arrays.items()}
    if wanted != given:
        odd = sorted(name for name in {*wanted, *given} if wanted.get(name) != given.get(name))
        raise OptionError(
            f"{path.name!r} does not fit the network: {named(odd)} is missing, is more, or has another shape; describe "
            "the network as that of the file."
        )
    bad = [name for name, array in arrays.items() if array.dtype.kind != "f" or not np.isfinite(array).all()]
    if bad:
        raise OptionError(f"{path.name!r}: {named(bad)} holds NaN, infinite numbers, or no floats.")
    leaves = [jax.numpy.asarray(arrays[name], leaf.dtype) for name, leaf in _leaves(module)]
    read: NetworkModule = jax.tree.unflatten(jax.tree.structure(module), leaves)
    return read


def _in_order(found: list[FileLayer], names: Sequence[str], path: Path) -> list[FileLayer]:
    by_name = {each.name: each for each in found}
    if sorted(names) != sorted(by_name):
        raise OptionError(f"layers= names {named(names)}; {path.name!r} holds {named(by_name)}.")
    return [by_name[name] for name in names]


def _for_keras(layer: FileLayer) -> FileLayer:
    """Give a layer's weights the numbers that Keras gives them, and a GRU's gates its order: z, r, h."""
    weights: dict[str, Array] = {}
    for way in ("forwards.", "backwards.") if layer.kind == "bidirectional" else ("",):
        own = {key.removeprefix(way): each for key, each in layer.weights.items() if key.startswith(way)}
        if "U" in own and own["U"].shape[1] == 3 * len(own["U"]):
            own = {key: _gates(each) for key, each in own.items()}
        if "bU" in own:
            own["b"] = np.stack([own["b"], own.pop("bU")])
        order = [key for key in ("W", "U", "table", "g", "b") if key in own]
        weights |= {f"{way}{number}": own[key] for number, key in enumerate(order)}
    return replace(layer, weights=weights)


def _gates(array: Array) -> Array:
    r, z, n = np.split(array, 3, axis=-1)
    return np.concatenate([z, r, n], axis=-1)
