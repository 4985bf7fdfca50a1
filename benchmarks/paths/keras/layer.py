"""A layer in Keras on JAX, compiled as its trainer compiles it."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from frame.row import Arrays
from jobs.layer import Layer
from paths.keras.convert import copy_weights, recurrent, to_ours

__all__ = ["Task"]


class Task:
    """``stateless_call`` under ``jax.jit`` and ``jax.grad``, as ``fit`` does; padding goes in as a mask."""

    units = 1

    def __init__(self, job: Layer, arrays: Arrays) -> None:
        self._cell = job.cell
        layer = recurrent(job.cell, job.units, return_sequences=True)
        layer.build(arrays["x"].shape)
        copy_weights(job.cell, layer, arrays)
        self._weights = [variable.value for variable in layer.trainable_variables]
        self._x, R = jnp.asarray(arrays["x"]), jnp.asarray(arrays["R"])
        self._counted = arrays["R"] != 0
        fixed = [variable.value for variable in layer.non_trainable_variables]
        mask = None
        if job.padded:
            mask = jnp.arange(job.window)[None] < jnp.asarray(arrays["lengths"])[:, None]

        def loss(weights: list[jax.Array], x: jax.Array) -> tuple[jax.Array, jax.Array]:
            h, _ = layer.stateless_call(weights, fixed, x, mask=mask)
            return jnp.sum(h * R), h

        self._gradients = jax.jit(jax.grad(loss, argnums=(0, 1), has_aux=True))

    def outputs(self) -> Arrays:
        """Give the sequence, where it counts, and the gradients."""
        (weights, dx), h = self._gradients(self._weights, self._x)
        return {"h": np.asarray(h) * self._counted, "dx": np.asarray(dx), **to_ours(self._cell, weights)}

    def ways(self) -> dict[str, object]:
        """Give the compiled call."""
        return {"compiled call": lambda: jax.block_until_ready(self._gradients(self._weights, self._x))}
