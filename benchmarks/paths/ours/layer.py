"""A layer in Penstock: the kernels, or `lax.scan`, as PENSTOCK_KERNELS says."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from frame.row import Arrays
from jobs.layer import Layer
from penstock import kernels  # what is measured; it has no other face

__all__ = ["Task"]


class Task:
    """One compiled call gives the sequence and all gradients."""

    units = 1

    def __init__(self, job: Layer, arrays: Arrays) -> None:
        given = {name: jnp.asarray(value) for name, value in arrays.items()}
        self._R, self._lengths = given.pop("R"), given.pop("lengths", None)
        self._raw = given
        zero = jnp.zeros((job.batch, job.units), jnp.float32)

        def loss(given: dict[str, jax.Array]) -> tuple[jax.Array, jax.Array]:
            x, W, U, b = (given[name] for name in ("x", "W", "U", "b"))
            if job.cell == "lstm":
                h, _ = kernels.lstm(x, zero, zero, W, U, b, lengths=self._lengths)
            elif job.cell == "rnn":
                h, _ = kernels.rnn(x, zero, W, U, b, lengths=self._lengths)
            else:
                h, _ = kernels.gru(x, zero, W, U, b, given.get("bU"), lengths=self._lengths)
            return jnp.sum(h * self._R), h

        self._gradients = jax.jit(jax.grad(loss, has_aux=True))

    def outputs(self) -> Arrays:
        """Give the sequence, where it counts, and the gradients."""
        gradients, h = self._gradients(self._raw)
        outputs = {f"d{name}": np.asarray(value) for name, value in gradients.items()}
        return outputs | {"h": np.asarray(h) * (np.asarray(self._R) != 0)}

    def ways(self) -> dict[str, object]:
        """Give the compiled call."""
        return {"compiled call": lambda: jax.block_until_ready(self._gradients(self._raw))}
