"""Activations by name."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

__all__ = ["ACTIVATIONS", "GATE_ACTIVATIONS", "hard_sigmoid_keras2"]

Activation = Callable[[jax.Array], jax.Array]


def _linear(x: jax.Array) -> jax.Array:
    return x


def hard_sigmoid_keras2(x: jax.Array) -> jax.Array:
    """Return clip(x/5 + 1/2, 0, 1), which Keras 1 and 2 call ``hard_sigmoid``.

    Examples
    --------
    >>> hard_sigmoid_keras2(jnp.array([-3.0, 0.0, 2.5])).tolist()
    [0.0, 0.5, 1.0]
    """
    return jnp.clip(0.2 * x + 0.5, 0, 1)


GATE_ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": jax.nn.sigmoid,
    "hard_sigmoid": jax.nn.hard_sigmoid,
    "hard_sigmoid_keras2": hard_sigmoid_keras2,
}
"""What a gate may use: ``hard_sigmoid`` is clip(x/6 + 1/2, 0, 1), as in Keras 3 and torch, ``hard_sigmoid_keras2``
clip(x/5 + 1/2, 0, 1), which Keras 1 and 2 call ``hard_sigmoid``."""

ACTIVATIONS: dict[str, Activation] = {
    "linear": _linear,
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    **GATE_ACTIVATIONS,
}
"""What a dense layer may use."""
