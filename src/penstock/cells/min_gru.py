"""The minimal gated recurrent unit."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from penstock.cells.initializers import input_weights
from penstock.cells.parallel import ParallelCell

__all__ = ["MinGRUCell"]


class MinGRUCell(ParallelCell):
    r"""One step of a minimal GRU, whose gate and candidate do not see the state, so that all steps run in parallel.

    .. math::
        z = σ(x W_z + b_z) \quad n = x W_n + b_n \quad h' = (1 - z) ⊙ h + z ⊙ n

    Parameters
    ----------
    features
        Width of the input.
    units
        Hidden units.
    key
        JAX key that the weights are drawn from.

    Attributes
    ----------
    W
        Input weights of the gate z and the candidate n side by side, ``[features, 2 units]``, Glorot uniform.
    b
        Biases, ``[2 units]``, zero.

    Examples
    --------
    >>> cell = MinGRUCell(features=1, units=20, key=jax.random.key(0))
    >>> output, h = cell(jnp.ones((3, 1)), cell.initial_state(batch=3))
    >>> output.shape, bool((output == h).all())
    ((3, 20), True)

    References
    ----------
    Feng et al. (2024), Were RNNs All We Needed?, section 3.1; the z here is theirs, and the 1 − z of
    :class:`GRUCell <penstock.cells.gru.GRUCell>`.
    """

    W: jax.Array
    b: jax.Array

    def __init__(self, features: int, units: int, key: jax.Array) -> None:
        dtype = jax.dtypes.canonicalize_dtype(float)
        self.W = input_weights(key, (features, 2 * units), dtype)
        self.b = jnp.zeros(2 * units, dtype)

    def initial_state(self, batch: int) -> jax.Array:
        """Give h before the first step: zeros ``[batch, units]``."""
        return jnp.zeros((batch, self.b.size // 2), self.b.dtype)

    def gates(self, x: jax.Array, state: jax.Array) -> dict[str, jax.Array]:
        """Give z and the candidate n, each ``[batch, units]``."""
        z, n = jnp.split(x @ self.W + self.b, 2, axis=-1)
        return {"z": jax.nn.sigmoid(z), "n": n}

    def terms(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Give 1 − z and z ⊙ n."""
        z, n = self.gates(x, x).values()
        return 1 - z, z * n
