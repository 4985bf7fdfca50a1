"""Weights of a file put into a network's module, and taken out of it: each layer against its description."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from penstock.cells.gru import GRUCell
from penstock.cells.lstm import LSTMCell
from penstock.cells.rnn import RNNCell
from penstock.errors import OptionError, named
from penstock.layers.bidirectional import BidirectionalModule
from penstock.layers.conv1d import Conv1DModule
from penstock.layers.dense import DenseModule
from penstock.layers.embedding import EmbeddingModule
from penstock.layers.layer_norm import LayerNormModule
from penstock.layers.recurrent import RecurrentModule
from penstock.networks.module import NetworkModule
from penstock.weights.layer import Array, FileLayer

__all__ = ["filled", "layers_of"]

_KINDS: dict[type, str] = {
    LSTMCell: "lstm", GRUCell: "gru", RNNCell: "rnn", DenseModule: "dense", EmbeddingModule: "embedding",
    Conv1DModule: "conv1d", LayerNormModule: "layer_norm",
}  # fmt: skip
_WEIGHTS = ("W", "U", "b", "bU", "p", "table", "g")


class _Slot(NamedTuple):
    """A part of a module that has weights.

    Attributes
    ----------
    name
        Where it stands: ``layers[0]``.
    kind
        As in :class:`FileLayer`.
    parts
        The module that holds the weights, by the prefix of their names: one, or one for each direction.
    """

    name: str
    kind: str
    parts: dict[str, Any]


def _slots(module: NetworkModule) -> list[_Slot]:
    chain = [(f"layers[{n}]", each) for n, each in enumerate(module.layers)]
    chain += [(f"dense[{n}]", each) for n, each in enumerate(module.dense)]
    if any(isinstance(each, EmbeddingModule) for each in module.embeddings):
        raise OptionError("a network that embeds static categories has no counterpart in these files; use .npz.")
    found = []
    for name, each in chain:
        if isinstance(each, BidirectionalModule):
            ways = {"forwards.": each.forwards.cell, "backwards.": each.backwards.cell}
            found.append(_Slot(name, "bidirectional", ways))
            kinds = {_KINDS.get(type(cell)) for cell in ways.values()}
        elif isinstance(each, RecurrentModule):
            found.append(_Slot(name, _KINDS.get(type(each.cell), type(each.cell).__name__), {"": each.cell}))
            kinds = {_KINDS.get(type(each.cell))}
        elif jax.tree.leaves(each):
            found.append(_Slot(name, _KINDS.get(type(each), type(each).__name__), {"": each}))
            kinds = {_KINDS.get(type(each))}
        else:
            continue
        if None in kinds:
            raise OptionError(
                f"{name} is a {found[-1].kind}, whose weights neither Keras nor torch writes; use .npz for it."
            )
        for part in found[-1].parts.values():
            if getattr(part, "p", None) is not None or getattr(part, "forget", "gate") != "gate":
                raise OptionError(f"{name} is a variant of an LSTM that neither Keras nor torch has; use .npz for it.")
    return found


def layers_of(module: NetworkModule) -> list[FileLayer]:
    """Take the weights out of a module, layer by layer."""
    return [
        FileLayer(
            slot.name,
            slot.kind,
            {
                f"{way}{key}": np.asarray(value)
                for way, part in slot.parts.items()
                for key in _WEIGHTS
                if (value := getattr(part, key, None)) is not None
            },
            {
                key: getattr(part, key)
                for part in slot.parts.values()
                for key in ("recurrent_activation", "activation")
                if hasattr(part, key)
            },
        )
        for slot in _slots(module)
    ]


def filled(module: NetworkModule, layers: Sequence[FileLayer], *, ordered: bool, path: str) -> NetworkModule:
    """Put the weights of a file in place of a module's.

    Parameters
    ----------
    module
        The network's module.
    layers
        The layers of the file.
    ordered
        Whether they stand in the order in which they run; otherwise those of each kind do.
    path
        The file's name, for messages.

    Returns
    -------
    The module with the weights of the file.

    Raises
    ------
    OptionError
        Where a layer has no counterpart, another shape, or other options than the file says.
    """
    slots = _slots(module)
    pairs = []
    rest = list(layers)
    for slot in slots:
        same = [each for each in rest if slot.kind in each.kind.split(" or ")]
        if not same or (ordered and same[0] is not rest[0]):
            raise OptionError(
                f"{path!r} holds {_told(layers)}; the network needs {named([f'{s.kind} ({s.name})' for s in slots])}. "
                "Describe the network as the file's was, or name the file's layers in order: layers=[...]."
            )
        rest.remove(same[0])
        pairs.append((slot, same[0]))
    if rest:
        raise OptionError(f"{path!r} also holds {_told(rest)}, which the network does not have; describe them, too.")
    where: list[Callable[[Any], Any]] = []
    values: list[jax.Array] = []
    for slot, layer in pairs:
        if layer.kind == "dense or embedding" and slot.kind == "embedding":
            layer = replace(layer, weights={"table": layer.weights["W"].T})
        for way, part in slot.parts.items():
            own = {k.removeprefix(way): v for k, v in layer.weights.items() if k.startswith(way)}
            _check_options(slot, part, layer, own, path)
            for key in _WEIGHTS:
                if (there := getattr(part, key, None)) is not None:
                    values.append(_fitting(own.get(key), there, f"{path!r}: {key} of {layer.name!r} ({slot.name})"))
                    where.append(_getter(slot.name, way, key))
    return eqx.tree_at(lambda tree: [get(tree) for get in where], module, values)


def _told(layers: Sequence[FileLayer]) -> str:
    return named([f"{each.kind} ({each.name})" for each in layers]) or "no layers"


def _getter(slot: str, way: str, key: str) -> Callable[[Any], Any]:
    chain, place = slot.rstrip("]").split("[")

    def get(tree: Any) -> Any:
        part = getattr(tree, chain)[int(place)]
        part = getattr(part, way.rstrip(".")) if way else part
        return getattr(part.cell if isinstance(part, RecurrentModule) else part, key)

    return get


def _fitting(given: Array | None, there: jax.Array, what: str) -> jax.Array:
    if given is None:
        given = np.zeros(there.shape)  # a layer without biases
    if given.shape != there.shape:
        raise OptionError(
            f"{what} has the shape {given.shape}, the network's {there.shape}; describe it as the file's."
        )
    if given.dtype.kind != "f" or not np.isfinite(given).all():
        raise OptionError(f"{what} holds NaN, infinite numbers, or no floats.")
    return jnp.asarray(given, there.dtype)


def _check_options(slot: _Slot, part: Any, layer: FileLayer, own: dict[str, Array], path: str) -> None:
    """Refuse weights that another function was trained with, as far as the file says."""
    if isinstance(part, GRUCell) and "b" in own and part.reset_after != ("bU" in own):
        now = "reset_after=True" if "bU" in own else "reset_after=False"
        raise OptionError(f"{path!r}: {layer.name!r} is a GRU of the other form; describe {slot.name} with {now}.")
    for key in ("b", "bU"):
        if key in own and getattr(part, key, None) is None and own[key].any():
            raise OptionError(f"{path!r}: {layer.name!r} has biases; describe {slot.name} with use_bias=True.")
    said = dict(layer.options)
    if isinstance(part, (LSTMCell, GRUCell)) and said.pop("activation", "tanh") != "tanh":
        raise OptionError(f"{path!r}: {layer.name!r} has another activation than tanh, which no {slot.kind} here has.")
    for key, value in said.items():
        if hasattr(part, key) and getattr(part, key) != value:
            raise OptionError(
                f"{path!r} says {key}={value!r} of {layer.name!r}, the network {getattr(part, key)!r}; describe "
                f"{slot.name} with {key}={value!r}."
            )
