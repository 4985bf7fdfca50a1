"""The gated recurrent unit."""

from __future__ import annotations

from typing import Annotated, ClassVar, Unpack, cast

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock import kernels
from penstock.cells.activations import GATE_ACTIVATIONS
from penstock.cells.cell import DropoutUnrollOptions, HiddenCell, masked
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

__all__ = ["GRUCell"]


class GRUCell(HiddenCell):
    r"""One step of a gated recurrent unit, with the reset before or after the recurrent product.

    .. math::
        r &= σ(x W_r + h U_r + b_r) &\quad z &= σ(x W_z + h U_z + b_z) \\
        n &= \tanh(x W_n + (r ⊙ h) U_n + b_n) &\quad h' &= z ⊙ h + (1 - z) ⊙ n

    Reset after the product, each gate has a second bias b', inside the recurrent term, and
    :math:`n = \tanh(x W_n + b_n + r ⊙ (h U_n + b'_n))`.

    Parameters
    ----------
    features
        Width of the input.
    units
        Hidden units.
    key
        JAX key that the weights are drawn from.
    reset_after
        Whether to reset after the recurrent product, with a second bias, as cuDNN and torch do.
    recurrent_activation
        Activation of the gates: ``sigmoid``, ``hard_sigmoid``, ``hard_sigmoid_keras2``.

    Attributes
    ----------
    W
        Input weights of the gates r, z, n side by side, ``[features, 3 units]``, Glorot uniform.
    U
        Recurrent weights, ``[units, 3 units]``, orthogonal.
    b
        Biases, ``[3 units]``, zero; None with ``use_bias=False``.
    bU
        The second biases b', ``[3 units]``, zero; None where the reset comes before the product, or with
        ``use_bias=False``.
    recurrent_activation
        σ of the gates: ``"sigmoid"``, ``"hard_sigmoid"`` or ``"hard_sigmoid_keras2"``.

    Examples
    --------
    >>> import jax
    >>> cell = GRUCell(features=1, units=20, key=jax.random.key(0))
    >>> output, h = cell(jax.numpy.ones((3, 1)), cell.initial_state(batch=3))
    >>> output.shape, bool((output == h).all())
    ((3, 20), True)

    References
    ----------
    Cho et al. (2014), equations 5 to 8, version 1 of the preprint for the reset after the product, which cuDNN, torch
    and Keras since its version 2.3 use.
    """

    supports_input_dropout: ClassVar[bool] = True
    W: jax.Array
    U: jax.Array
    b: jax.Array | None
    bU: jax.Array | None  # noqa: N815 (the b of U)
    reset_after: bool = eqx.field(static=True)
    recurrent_activation: str = eqx.field(static=True)

    def __init__(
        self,
        features: int,
        units: int,
        key: jax.Array,
        reset_after: Annotated[
            bool, option(help="reset after the recurrent product, with a second bias, as cuDNN and torch do")
        ] = False,
        recurrent_activation: Annotated[
            str, option(help="activation of the gates", choices=GATE_ACTIVATIONS)
        ] = "sigmoid",
        *,
        use_bias: UseBias = True,
        kernel_initializer: KernelInitializer = "glorot_uniform",
        recurrent_initializer: RecurrentInitializer = "orthogonal",
        bias_initializer: BiasInitializer = "zeros",
    ) -> None:
        key_W, key_U = jax.random.split(key)
        dtype = jax.dtypes.canonicalize_dtype(float)
        key_b, key_bU = jax.random.fold_in(key, 2), jax.random.fold_in(key, 3)
        biases = BIAS_INITIALIZERS[bias_initializer]
        self.W = INITIALIZERS[kernel_initializer](key_W, (features, 3 * units), dtype)
        self.U = INITIALIZERS[recurrent_initializer](key_U, (units, 3 * units), dtype)
        self.b = biases(key_b, (3 * units,), dtype) if use_bias else None
        self.bU = biases(key_bU, (3 * units,), dtype) if use_bias and reset_after else None
        self.reset_after = reset_after
        self.recurrent_activation = recurrent_activation

    def run(
        self, x: jax.Array, h: jax.Array, **options: Unpack[DropoutUnrollOptions]
    ) -> tuple[jax.Array | None, jax.Array]:
        """Run a whole sequence by the compiled kernel, or its ``lax.scan`` twin."""
        σ = cast("kernels.Sigmoid", self.recurrent_activation)
        bU = or_zeros(self.bU, self.U) if self.reset_after else None
        return kernels.gru(x, h, self.W, self.U, or_zeros(self.b, self.U), bU, recurrent_activation=σ, **options)

    def gates(self, x: jax.Array, state: jax.Array, mask: jax.Array | None = None) -> dict[str, jax.Array]:
        """Give r, z and the candidate n, each ``[batch, units]``."""
        hm, units = masked(state, mask), state.shape[-1]
        σ = GATE_ACTIVATIONS[self.recurrent_activation]
        xr, xz, xn = jnp.split(x @ self.W + or_zeros(self.b, self.U), 3, axis=-1)
        if not self.reset_after:
            hr, hz = jnp.split(hm @ self.U[:, : 2 * units], 2, axis=-1)
            r = σ(xr + hr)
            n = jnp.tanh(xn + (r * hm) @ self.U[:, 2 * units :])
        else:
            hr, hz, hn = jnp.split(hm @ self.U + or_zeros(self.bU, self.U), 3, axis=-1)
            r = σ(xr + hr)
            n = jnp.tanh(xn + r * hn)
        return {"r": r, "z": σ(xz + hz), "n": n}

    def __call__(self, x: jax.Array, state: jax.Array, mask: jax.Array | None = None) -> tuple[jax.Array, jax.Array]:
        """Take one step; the output is h."""
        _, z, n = self.gates(x, state, mask).values()
        h = z * state + (1 - z) * n
        return h, h
