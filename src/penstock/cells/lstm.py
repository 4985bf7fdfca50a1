"""The long short-term memory cell."""

from __future__ import annotations

from typing import ClassVar, cast

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock import kernels
from penstock.cells.activations import GATE_ACTIVATIONS
from penstock.cells.cell import Cell, masked
from penstock.cells.initializers import input_weights, recurrent_weights

__all__ = ["LSTMCell"]


class LSTMCell(Cell[tuple[jax.Array, jax.Array]]):
    r"""One step of an LSTM with a forget gate.

    .. math::
        i &= σ(x W_i + h U_i + b_i) &\quad f &= σ(x W_f + h U_f + b_f) \\
        g &= \tanh(x W_g + h U_g + b_g) &\quad o &= σ(x W_o + h U_o + b_o) \\
        c' &= f ⊙ c + i ⊙ g &\quad h' &= o ⊙ \tanh(c')

    Attributes
    ----------
    W
        Input weights of the gates i, f, g, o side by side, ``[features, 4 units]``, Glorot uniform.
    U
        Recurrent weights, ``[units, 4 units]``, orthogonal.
    b
        Biases, ``[4 units]``: one for the forget gate, zero elsewhere.
    recurrent_activation
        σ of the gates: ``"sigmoid"`` or ``"hard_sigmoid"``.

    Examples
    --------
    >>> import jax
    >>> cell = LSTMCell(features=1, units=20, key=jax.random.key(0))
    >>> output, (h, c) = cell(jax.numpy.ones((3, 1)), cell.initial_state(batch=3))
    >>> output.shape, c.shape
    ((3, 20), (3, 20))

    References
    ----------
    Hochreiter & Schmidhuber (1997); Gers, Schmidhuber & Cummins (2000), equations 3.1 to 3.6, for the forget gate;
    Jozefowicz, Zaremba & Sutskever (2015) for its bias of one.
    """

    masks: ClassVar[bool] = True
    letters: ClassVar[tuple[str, ...]] = ("h", "c")
    W: jax.Array
    U: jax.Array
    b: jax.Array
    recurrent_activation: str = eqx.field(static=True)

    def __init__(self, features: int, units: int, key: jax.Array, recurrent_activation: str = "sigmoid") -> None:
        key_W, key_U = jax.random.split(key)
        dtype = jax.dtypes.canonicalize_dtype(float)
        self.W = input_weights(key_W, (features, 4 * units), dtype)
        self.U = recurrent_weights(key_U, (units, 4 * units), dtype)
        self.b = jnp.zeros(4 * units, dtype).at[units : 2 * units].set(1)
        self.recurrent_activation = recurrent_activation

    def initial_state(self, batch: int) -> tuple[jax.Array, jax.Array]:
        """Give h and c before the first step: zeros, each ``[batch, units]``."""
        zeros = jnp.zeros((batch, self.U.shape[0]), self.U.dtype)
        return zeros, zeros

    def unroll(
        self,
        x: jax.Array,
        state: tuple[jax.Array, jax.Array],
        *,
        lengths: jax.Array | None = None,
        mask: jax.Array | None = None,
        reverse: bool = False,
        sequence: bool = True,
    ) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        """Run a whole sequence through the compiled kernel, or through its ``lax.scan`` twin where there is none."""
        activation = cast("kernels.Sigmoid", self.recurrent_activation)
        outputs, last = kernels.lstm(
            x, *state, self.W, self.U, self.b, lengths=lengths, mask=mask, reverse=reverse, sequence=sequence,
            recurrent_activation=activation,
        )  # fmt: skip
        return (last[0] if outputs is None else outputs), last

    def gates(
        self, x: jax.Array, state: tuple[jax.Array, jax.Array], mask: jax.Array | None = None
    ) -> dict[str, jax.Array]:
        """Give i, f, g and o, each ``[batch, units]``."""
        σ = GATE_ACTIVATIONS[self.recurrent_activation]
        i, f, g, o = jnp.split(x @ self.W + masked(state[0], mask) @ self.U + self.b, 4, axis=-1)
        return {"i": σ(i), "f": σ(f), "g": jnp.tanh(g), "o": σ(o)}

    def __call__(
        self, x: jax.Array, state: tuple[jax.Array, jax.Array], mask: jax.Array | None = None
    ) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        """Take one step; the output is h."""
        i, f, g, o = self.gates(x, state, mask).values()
        c = f * state[1] + i * g
        h = o * jnp.tanh(c)
        return h, (h, c)
