"""The long short-term memory cell and its variants."""

from __future__ import annotations

from typing import Annotated, ClassVar, Unpack, cast

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock import kernels
from penstock.cells.activations import GATE_ACTIVATIONS
from penstock.cells.cell import Cell, DropoutUnrollOptions, masked
from penstock.cells.initializers import (
    BIAS_INITIALIZERS,
    INITIALIZERS,
    BiasInitializer,
    KernelInitializer,
    RecurrentInitializer,
    UseBias,
    or_zeros,
)
from penstock.options import option

__all__ = ["FORGETTING", "LSTMCell"]

FORGETTING = ("gate", "coupled", "none")
"""What an LSTM's f is: a gate of its own, 1 − i, or one."""


class LSTMCell(Cell[tuple[jax.Array, jax.Array]]):
    r"""One step of an LSTM.

    .. math::
        i &= σ(x W_i + h U_i + b_i) &\quad f &= σ(x W_f + h U_f + b_f) \\
        g &= \tanh(x W_g + h U_g + b_g) &\quad o &= σ(x W_o + h U_o + b_o) \\
        c' &= f ⊙ c + i ⊙ g &\quad h' &= o ⊙ \tanh(c')

    Its variants: f may be coupled to the input gate, f = 1 − i, or absent, f = 1; peepholes let the gates see the cell
    state, i and f by adding p_i ⊙ c and p_f ⊙ c, o by adding p_o ⊙ c'.

    Parameters
    ----------
    features
        Width of the input.
    units
        Hidden units.
    key
        JAX key that the weights are drawn from.
    recurrent_activation
        Activation of the gates: ``sigmoid``, ``hard_sigmoid``, ``hard_sigmoid_keras2``.
    forget
        What f is: a gate, 1 less the input gate, or one: ``gate``, ``coupled``, ``none``.
    peepholes
        Whether the gates see the cell state.
    unit_forget_bias
        Whether the biases of the forget gate start from one.

    Attributes
    ----------
    W
        Input weights of the gates i, f, g, o side by side, ``[features, 4 units]``, Glorot uniform; where f has no
        weights of its own, those of i, g, o, ``[features, 3 units]``.
    U
        Recurrent weights, as wide, ``[units, 4 units]``, orthogonal.
    b
        Biases, ``[4 units]``: one for the forget gate, zero elsewhere; None with ``use_bias=False``.
    p
        Peepholes of i, f (where it has weights) and o, ``[3, units]``, zero; None without them.
    recurrent_activation
        σ of the gates: ``"sigmoid"``, ``"hard_sigmoid"`` or ``"hard_sigmoid_keras2"``.
    forget
        What f is: a ``"gate"``, ``"coupled"``, or ``"none"``.

    Notes
    -----
    Without peepholes and with a forget gate, it has a compiled kernel.

    Examples
    --------
    >>> import jax
    >>> cell = LSTMCell(features=1, units=20, key=jax.random.key(0))
    >>> output, (h, c) = cell(jax.numpy.ones((3, 1)), cell.initial_state(batch=3))
    >>> output.shape, c.shape
    ((3, 20), (3, 20))

    References
    ----------
    Hochreiter & Schmidhuber (1997), without a forget gate; Gers, Schmidhuber & Cummins (2000), equations 3.1 to 3.6,
    for it; Gers, Schraudolph & Schmidhuber (2002) for peepholes; Greff et al. (2017) for the coupled gate;
    Jozefowicz, Zaremba & Sutskever (2015) for the forget gate's bias of one.
    """

    supports_recurrent_dropout: ClassVar[bool] = True
    supports_input_dropout: ClassVar[bool] = True
    state_names: ClassVar[tuple[str, ...]] = ("h", "c")
    W: jax.Array
    U: jax.Array
    b: jax.Array | None
    p: jax.Array | None
    recurrent_activation: str = eqx.field(static=True)
    forget: str = eqx.field(static=True)

    def __init__(
        self,
        features: int,
        units: int,
        key: jax.Array,
        recurrent_activation: Annotated[
            str, option(help="activation of the gates", choices=GATE_ACTIVATIONS)
        ] = "sigmoid",
        forget: Annotated[
            str, option(help="what f is: a gate, 1 less the input gate, or one", choices=FORGETTING)
        ] = "gate",
        peepholes: Annotated[bool, option(help="let the gates see the cell state")] = False,
        *,
        use_bias: UseBias = True,
        kernel_initializer: KernelInitializer = "glorot_uniform",
        recurrent_initializer: RecurrentInitializer = "orthogonal",
        bias_initializer: BiasInitializer = "zeros",
        unit_forget_bias: Annotated[bool, option(help="start the forget gate's biases from one")] = True,
    ) -> None:
        key_W, key_U = jax.random.split(key)
        dtype = jax.dtypes.canonicalize_dtype(float)
        blocks = 4 if forget == "gate" else 3
        self.W = INITIALIZERS[kernel_initializer](key_W, (features, blocks * units), dtype)
        self.U = INITIALIZERS[recurrent_initializer](key_U, (units, blocks * units), dtype)
        self.b = None
        if use_bias:
            self.b = BIAS_INITIALIZERS[bias_initializer](jax.random.fold_in(key, 2), (blocks * units,), dtype)
            if forget == "gate" and unit_forget_bias:
                self.b = self.b.at[units : 2 * units].set(1)
        self.p = jnp.zeros((blocks - 1, units), dtype) if peepholes else None
        self.recurrent_activation = recurrent_activation
        self.forget = forget

    def initial_state(self, batch: int) -> tuple[jax.Array, jax.Array]:
        """Give h and c before the first step: zeros, each ``[batch, units]``."""
        zeros = jnp.zeros((batch, self.U.shape[0]), self.U.dtype)
        return zeros, zeros

    def unroll(
        self, x: jax.Array, state: tuple[jax.Array, jax.Array], **options: Unpack[DropoutUnrollOptions]
    ) -> tuple[jax.Array, tuple[jax.Array, jax.Array]] | None:
        """Run a whole sequence by the compiled kernel, or its ``lax.scan`` twin; None for the variants."""
        if self.forget != "gate" or self.p is not None:
            return None
        σ = cast("kernels.Sigmoid", self.recurrent_activation)
        outputs, last = kernels.lstm(
            x, *state, self.W, self.U, or_zeros(self.b, self.U), recurrent_activation=σ, **options
        )
        return (last[0] if outputs is None else outputs), last

    def gates(
        self, x: jax.Array, state: tuple[jax.Array, jax.Array], mask: jax.Array | None = None
    ) -> dict[str, jax.Array]:
        """Give i, f, g and o, each ``[batch, units]``."""
        (h, c), σ = state, GATE_ACTIVATIONS[self.recurrent_activation]
        z = x @ self.W + masked(h, mask) @ self.U + or_zeros(self.b, self.U)
        i, *forget, g, o = jnp.split(z, self.U.shape[1] // c.shape[-1], axis=-1)
        if self.p is not None:
            i, forget = i + self.p[0] * c, [f + self.p[1] * c for f in forget]
        i, g = σ(i), jnp.tanh(g)
        f = σ(forget[0]) if forget else (1 - i if self.forget == "coupled" else jnp.ones_like(i))
        if self.p is not None:
            o = o + self.p[-1] * (f * c + i * g)
        return {"i": i, "f": f, "g": g, "o": σ(o)}

    def __call__(
        self, x: jax.Array, state: tuple[jax.Array, jax.Array], mask: jax.Array | None = None
    ) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        """Take one step; the output is h."""
        i, f, g, o = self.gates(x, state, mask).values()
        c = f * state[1] + i * g
        h = o * jnp.tanh(c)
        return h, (h, c)
