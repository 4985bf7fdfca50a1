"""The scalar LSTM, with exponential gates."""

from __future__ import annotations

from typing import Annotated, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.cells.cell import Cell, masked
from penstock.cells.initializers import input_weights, recurrent_weights
from penstock.options import option

__all__ = ["FORGETTING", "SLSTMCell"]

FORGETTING = ("sigmoid", "exp")
"""Activations of the forget gate."""

State = tuple[jax.Array, jax.Array, jax.Array, jax.Array]


class SLSTMCell(Cell[State]):
    r"""One step of an sLSTM: an exponential input gate may revise what is stored, a normaliser n keeps h in bounds.

    .. math::
        \tilde i, \tilde f, \tilde z, \tilde o &= x W + h R + b \\
        m' &= \max(\log f + m, \tilde i) \quad i = e^{\tilde i - m'} \quad f' = e^{\log f + m - m'} \\
        c' &= f' ⊙ c + i ⊙ \tanh \tilde z \quad n' = f' ⊙ n + i \quad h' = σ(\tilde o) ⊙ c'/n'

    where :math:`\log f` is :math:`\log σ(\tilde f)` or, with an exponential forget gate, :math:`\tilde f`.
    The stabiliser m changes no h; it keeps the exponentials from overflowing.

    Parameters
    ----------
    features
        Width of the input.
    units
        Hidden units.
    key
        JAX key that the weights are drawn from.
    forget
        Activation of the forget gate: ``sigmoid``, ``exp``.

    Attributes
    ----------
    W
        Input weights of i, f, z, o side by side, ``[features, 4 units]``, Glorot uniform.
    R
        Recurrent weights, ``[units, 4 units]``, orthogonal.
    b
        Biases, ``[4 units]``: one for the forget gate, zero elsewhere.
    forget
        What f is: ``"sigmoid"`` or ``"exp"`` of its input.

    Examples
    --------
    >>> cell = SLSTMCell(features=1, units=20, key=jax.random.key(0))
    >>> output, (h, c, n, m) = cell(jnp.ones((3, 1)), cell.initial_state(batch=3))
    >>> output.shape, bool((abs(h) < 1).all())
    ((3, 20), True)

    References
    ----------
    Beck et al. (2024), xLSTM: Extended Long Short-Term Memory, equations 8 to 17, with one head.
    """

    supports_recurrent_dropout: ClassVar[bool] = True
    state_names: ClassVar[tuple[str, ...]] = ("h", "c", "n", "m")
    W: jax.Array
    R: jax.Array
    b: jax.Array
    forget: str = eqx.field(static=True)

    def __init__(
        self,
        features: int,
        units: int,
        key: jax.Array,
        forget: Annotated[str, option(help="activation of the forget gate", choices=FORGETTING)] = "sigmoid",
    ) -> None:
        key_W, key_R = jax.random.split(key)
        dtype = jax.dtypes.canonicalize_dtype(float)
        self.W = input_weights(key_W, (features, 4 * units), dtype)
        self.R = recurrent_weights(key_R, (units, 4 * units), dtype)
        self.b = jnp.zeros(4 * units, dtype).at[units : 2 * units].set(1)
        self.forget = forget

    def initial_state(self, batch: int) -> State:
        """Give h, c, n and m before the first step, each ``[batch, units]``: zeros, but −∞ for m: so n is never 0."""
        zeros = jnp.zeros((batch, self.R.shape[0]), self.R.dtype)
        return zeros, zeros, zeros, jnp.full_like(zeros, -jnp.inf)

    def gates(self, x: jax.Array, state: State, mask: jax.Array | None = None) -> dict[str, jax.Array]:
        """Give the stabilised i and f, the candidate z, o, and the stabiliser m, each ``[batch, units]``."""
        h, _, _, m = state
        i, f, z, o = jnp.split(x @ self.W + masked(h, mask) @ self.R + self.b, 4, axis=-1)
        kept = m + (jax.nn.log_sigmoid(f) if self.forget == "sigmoid" else f)
        m = jnp.maximum(kept, i)
        return {"i": jnp.exp(i - m), "f": jnp.exp(kept - m), "z": jnp.tanh(z), "o": jax.nn.sigmoid(o), "m": m}

    def __call__(self, x: jax.Array, state: State, mask: jax.Array | None = None) -> tuple[jax.Array, State]:
        """Take one step; the output is h."""
        _, c, n, _ = state
        i, f, z, o, m = self.gates(x, state, mask).values()
        c = f * c + i * z
        n = f * n + i
        h = o * c / n
        return h, (h, c, n, m)
