"""Losses, one value a sample."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

__all__ = ["LOSSES", "VALUE_LOSSES"]

Loss = Callable[[jax.Array, jax.Array], jax.Array]


def _mse(y: jax.Array, yhat: jax.Array) -> jax.Array:
    return jnp.mean(jnp.square(y - yhat), axis=-1)


def _mae(y: jax.Array, yhat: jax.Array) -> jax.Array:
    return jnp.mean(jnp.abs(y - yhat), axis=-1)


def _huber(y: jax.Array, yhat: jax.Array) -> jax.Array:
    error = jnp.abs(y - yhat)
    return jnp.mean(jnp.where(error <= 1, 0.5 * jnp.square(error), error - 0.5), axis=-1)


def _bce(y: jax.Array, yhat: jax.Array) -> jax.Array:
    return jnp.mean(jnp.maximum(yhat, 0) - y * yhat + jnp.log1p(jnp.exp(-jnp.abs(yhat))), axis=-1)


VALUE_LOSSES: dict[str, Loss] = {"mse": _mse, "mae": _mae, "huber": _huber}
"""Losses of values: targets and outputs ``[batch, horizon]`` in, one loss a sample ``[batch]`` out, averaged over the
horizon.

``mse`` squared error; ``mae`` absolute error; ``huber`` squared within one scaled unit, absolute beyond
(Huber 1964, δ = 1).
"""

LOSSES: dict[str, Loss] = {**VALUE_LOSSES, "bce": _bce}
"""All losses: ``bce`` is the binary cross-entropy of labels 0 and 1, the outputs being logits."""
