"""A layer's weights as a file holds them, in Penstock's names, shapes and order of gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["GATES", "Array", "FileLayer", "recurrent"]

Array = NDArray[Any]

GATES = {4: "lstm", 3: "gru", 1: "rnn"}
"""The recurrent layers by how many times as wide as the state their recurrent weights are."""


@dataclass(frozen=True, eq=False)
class FileLayer:
    """The weights of one layer.

    Attributes
    ----------
    name
        Its name in the file.
    kind
        ``lstm``, ``gru``, ``rnn``, ``dense``, ``embedding``, ``conv1d``, ``layer_norm``, ``bidirectional``, or another
        name, which no layer here has.
    weights
        Its arrays by Penstock's names (``W``, ``U``, ``b``, ``bU``, ``table``, ``g``); those of the two directions
        begin with ``forwards.`` and ``backwards.``.
    options
        What the file says of its options, by Penstock's names; empty where it holds weights alone.
    """

    name: str
    kind: str
    weights: Mapping[str, Array]
    options: Mapping[str, Any] = field(default_factory=dict)


def recurrent(
    name: str, kernel: Array, recurrent_kernel: Array, bias: Array | None, options: Mapping[str, Any] | None = None
) -> FileLayer:
    """Read a recurrent layer from the arrays of Keras: gates i, f, c, o of an LSTM; z, r, h of a GRU.

    Parameters
    ----------
    name
        Its name.
    kernel, recurrent_kernel
        ``[features, gates · units]`` and ``[units, gates · units]``.
    bias
        ``[gates · units]``, or ``[2, 3 · units]`` of a GRU that resets after the product; None without.
    options
        What the file says of its options.

    Returns
    -------
    The layer.

    Raises
    ------
    ValueError
        Where the shapes are those of no such layer.
    """
    if kernel.ndim != 2 or recurrent_kernel.ndim != 2 or kernel.shape[1] != recurrent_kernel.shape[1]:
        raise ValueError(f"the shapes {kernel.shape} and {recurrent_kernel.shape} of {name!r} are no recurrent layer's")
    units, width = recurrent_kernel.shape
    kind = GATES.get(width // units if units and width % units == 0 else 0)
    if kind is None:
        raise ValueError(f"the recurrent weights {recurrent_kernel.shape} of {name!r} are no recurrent layer's")
    if kind != "gru":
        found = {"W": kernel, "U": recurrent_kernel, **({} if bias is None else {"b": bias})}
        return FileLayer(name, kind, found, options or {})

    def ordered(gates: Array) -> Array:
        z, r, h = np.split(gates, 3, axis=-1)
        return np.concatenate([r, z, h], axis=-1)

    found = {"W": ordered(kernel), "U": ordered(recurrent_kernel)}
    if bias is not None and bias.ndim == 2:
        found |= {"b": ordered(bias[0]), "bU": ordered(bias[1])}
    elif bias is not None:
        found["b"] = ordered(bias)
    return FileLayer(name, kind, found, options or {})
