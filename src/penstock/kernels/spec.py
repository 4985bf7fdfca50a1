"""What a recurrence is asked to do, and the checks of what it is given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import jax
import jax.numpy as jnp

CellName = Literal["lstm", "gru_before", "gru_after", "rnn_tanh", "rnn_relu", "leaky"]

GATES: dict[CellName, int] = {
    "lstm": 4,
    "gru_before": 3,
    "gru_after": 3,
    "rnn_tanh": 1,
    "rnn_relu": 1,
    "leaky": 1,
}


@dataclass(frozen=True)
class Spec:
    """The static part of a call."""

    cell: CellName
    reverse: bool = False
    sequence: bool = True
    recurrent_activation: str = "sigmoid"

    @property
    def gates(self) -> int:
        """Columns of `W` and `U`, in units."""
        return GATES[self.cell]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Operands:
    """The arrays of a call. The kernels see them in this order."""

    x: jax.Array
    h: jax.Array
    c: jax.Array | None
    W: jax.Array
    U: jax.Array
    b: jax.Array
    bU: jax.Array | None = None  # noqa: N815 (as the papers write it)
    a: jax.Array | None = None
    mask: jax.Array | None = None
    x_mask: jax.Array | None = None
    lengths: jax.Array | None = None


def check(spec: Spec, given: Operands) -> Operands:
    """Refuse what no path could compute, in words; bring `lengths` to int32.

    Raises
    ------
    ValueError
        If a shape does not fit.
    TypeError
        If dtypes differ, or are not float32, float64 (or, without kernels, another float).
    """
    x, h = given.x, given.h
    if x.ndim != 3:
        raise ValueError(f"x must have the axes [batch, time, inputs], got shape {x.shape}; for more, use jax.vmap")
    if h.ndim != 2:
        raise ValueError(f"h must have the axes [batch, units], got shape {h.shape}")
    (batch, _, inputs), units = x.shape, h.shape[1]
    if units == 0:
        raise ValueError(f"h must have at least one unit, got shape {h.shape}")
    wide = spec.gates * units
    expected = {
        "h": (batch, units), "c": (batch, units), "W": (inputs, wide), "U": (units, wide), "b": (wide,),
        "bU": (wide,), "a": (units,), "mask": (batch, units), "x_mask": (batch, inputs), "lengths": (batch,),
    }  # fmt: skip
    for name, shape in expected.items():
        array = getattr(given, name)
        if array is None:
            continue
        if array.shape != shape:
            raise ValueError(f"{name} must have shape {shape} for x {x.shape} and h {h.shape}, got {array.shape}")
        if name != "lengths" and array.dtype != x.dtype:
            raise TypeError(f"{name} must have the dtype of x, {x.dtype}, got {array.dtype}; use .astype")
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise TypeError(f"x must hold floats, got {x.dtype}; use .astype")
    if given.lengths is None:
        return given
    if not jnp.issubdtype(given.lengths.dtype, jnp.integer):
        raise TypeError(f"lengths must hold integers, got {given.lengths.dtype}; use .astype")
    lengths = jnp.clip(given.lengths, 0, x.shape[1]).astype(jnp.int32)
    return replace(given, lengths=lengths)
