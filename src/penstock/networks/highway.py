"""The autoregressive highway: a linear map of the newest steps, added to what a network puts out (LSTNet)."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp

__all__ = ["HighwayModule"]


class HighwayModule(eqx.Module):
    """A linear map of the newest steps of a sequence, one for all series, that training begins with at zero.

    Attributes
    ----------
    W
        Weights ``[steps · features, outputs]``: the features of the oldest of these steps first.

    Examples
    --------
    >>> HighwayModule(2, 1, 3)(jnp.ones((4, 5, 1))).shape
    (4, 3)

    References
    ----------
    Lai, Chang, Yang & Liu (2018), *Modeling long- and short-term temporal patterns with deep neural networks*,
    section 3.6; Zeng, Chen, Zhang & Xu (2023), *Are transformers effective for time series forecasting?*, whose NLinear
    is this map alone.
    """

    W: jax.Array
    steps: int = eqx.field(static=True)

    def __init__(self, steps: int, features: int, outputs: int) -> None:
        self.W = jnp.zeros((steps * features, outputs), jax.dtypes.canonicalize_dtype(float))
        self.steps = steps

    def __call__(self, x: jax.Array, lengths: jax.Array | None = None) -> jax.Array:
        """Map ``[batch, time, features]`` to ``[batch, outputs]``; steps before the first are zeros.

        Parameters
        ----------
        x
            The sequences.
        lengths
            True steps of each, ``[batch]``; all if left out.
        """
        batch, time, _ = x.shape
        if lengths is None:
            x = jnp.pad(x[:, -self.steps :], ((0, 0), (max(self.steps - time, 0), 0), (0, 0)))
            return x.reshape(batch, -1) @ self.W
        rows = jnp.arange(self.steps) + (lengths - self.steps)[:, None]
        found = jnp.take_along_axis(x, jnp.clip(rows, 0, time - 1)[:, :, None], axis=1)
        return jnp.where((rows >= 0)[:, :, None], found, 0).reshape(batch, -1) @ self.W
