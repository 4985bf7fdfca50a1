"""The minimal long short-term memory."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from penstock.cells.initializers import input_weights
from penstock.cells.parallel import ParallelCell

__all__ = ["MinLSTMCell"]


class MinLSTMCell(ParallelCell):
    r"""One step of a minimal LSTM, whose gates do not see the state, so that all steps run in parallel.

    .. math::
        f = σ(x W_f + b_f) \quad i = σ(x W_i + b_i) \quad g = x W_g + b_g \quad
        h' = \frac{f ⊙ h + i ⊙ g}{f + i}

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
        Input weights of the gates f and i and the candidate g side by side, ``[features, 3 units]``, Glorot uniform.
    b
        Biases, ``[3 units]``: one for the forget gate, zero elsewhere.

    Examples
    --------
    >>> cell = MinLSTMCell(features=1, units=20, key=jax.random.key(0))
    >>> output, h = cell(jnp.ones((3, 1)), cell.initial_state(batch=3))
    >>> output.shape, bool((output == h).all())
    ((3, 20), True)

    References
    ----------
    Feng et al. (2024), Were RNNs All We Needed?, section 3.2, with gates that add up to one.
    """

    W: jax.Array
    b: jax.Array

    def __init__(self, features: int, units: int, key: jax.Array) -> None:
        dtype = jax.dtypes.canonicalize_dtype(float)
        self.W = input_weights(key, (features, 3 * units), dtype)
        self.b = jnp.zeros(3 * units, dtype).at[:units].set(1)

    def initial_state(self, batch: int) -> jax.Array:
        """Give h before the first step: zeros ``[batch, units]``."""
        return jnp.zeros((batch, self.b.size // 3), self.b.dtype)

    def gates(self, x: jax.Array, state: jax.Array) -> dict[str, jax.Array]:
        """Give f and i, which add up to one, and the candidate g, each ``[batch, units]``."""
        f, i, g = jnp.split(x @ self.W + self.b, 3, axis=-1)
        f, i = jax.nn.sigmoid(f), jax.nn.sigmoid(i)
        return {"f": f / (f + i), "i": i / (f + i), "g": g}

    def terms(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Give f and i ⊙ g."""
        f, i, g = self.gates(x, x).values()
        return f, i * g
