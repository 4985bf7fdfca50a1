"""Activations by name."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

__all__ = ["ACTIVATIONS", "GATE_ACTIVATIONS"]

Activation = Callable[[jax.Array], jax.Array]


def _linear(x: jax.Array) -> jax.Array:
    return x


GATE_ACTIVATIONS: dict[str, Activation] = {"sigmoid": jax.nn.sigmoid, "hard_sigmoid": jax.nn.hard_sigmoid}
"""What a gate may use. The hard sigmoid is clip(x/6 + 1/2, 0, 1), as in Keras 3 and torch."""

ACTIVATIONS: dict[str, Activation] = {
    "linear": _linear,
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    **GATE_ACTIVATIONS,
}
"""What a dense layer may use."""
