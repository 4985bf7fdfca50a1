"""The simple recurrent cell."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Unpack, cast

import equinox as eqx
import jax

from penstock import kernels
from penstock.cells.activations import ACTIVATIONS
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

__all__ = ["RNNCell"]


class RNNCell(HiddenCell):
    r"""One step of a simple recurrent network: :math:`h' = φ(x W + h U + b)`.

    Parameters
    ----------
    features
        Width of the input.
    units
        Hidden units.
    key
        JAX key that the weights are drawn from.
    activation
        Activation of the units: ``linear``, ``relu``, ``tanh``, ``sigmoid``, ``hard_sigmoid``, ``hard_sigmoid_keras2``.

    Attributes
    ----------
    W
        Input weights, ``[features, units]``, Glorot uniform.
    U
        Recurrent weights, ``[units, units]``, orthogonal.
    b
        Biases, ``[units]``, zero; None with ``use_bias=False``.
    activation
        φ by name. Tanh and ReLU have a compiled kernel.

    Examples
    --------
    >>> import jax
    >>> cell = RNNCell(features=3, units=12, key=jax.random.key(0))
    >>> output, h = cell(jax.numpy.ones((5, 3)), cell.initial_state(batch=5))
    >>> output.shape, bool((output == h).all())
    ((5, 12), True)

    References
    ----------
    Elman (1990); James et al., An Introduction to Statistical Learning, equation 10.16.
    """

    supports_input_dropout: ClassVar[bool] = True
    W: jax.Array
    U: jax.Array
    b: jax.Array | None
    activation: str = eqx.field(static=True)

    def __init__(
        self,
        features: int,
        units: int,
        key: jax.Array,
        activation: Annotated[str, option(help="activation of the units", choices=ACTIVATIONS)] = "tanh",
        *,
        use_bias: UseBias = True,
        kernel_initializer: KernelInitializer = "glorot_uniform",
        recurrent_initializer: RecurrentInitializer = "orthogonal",
        bias_initializer: BiasInitializer = "zeros",
    ) -> None:
        key_W, key_U = jax.random.split(key)
        dtype = jax.dtypes.canonicalize_dtype(float)
        self.W = INITIALIZERS[kernel_initializer](key_W, (features, units), dtype)
        self.U = INITIALIZERS[recurrent_initializer](key_U, (units, units), dtype)
        self.b = BIAS_INITIALIZERS[bias_initializer](jax.random.fold_in(key, 2), (units,), dtype) if use_bias else None
        self.activation = activation

    def run(
        self, x: jax.Array, h: jax.Array, **options: Unpack[DropoutUnrollOptions]
    ) -> tuple[jax.Array | None, jax.Array] | None:
        """Run a whole sequence by the compiled kernel, or its ``lax.scan`` twin; None for other activations."""
        if self.activation not in ("tanh", "relu"):
            return None
        activation = cast("Literal['tanh', 'relu']", self.activation)
        return kernels.rnn(x, h, self.W, self.U, or_zeros(self.b, self.U), activation=activation, **options)

    def __call__(self, x: jax.Array, state: jax.Array, mask: jax.Array | None = None) -> tuple[jax.Array, jax.Array]:
        """Take one step; the output is h."""
        h = ACTIVATIONS[self.activation](x @ self.W + masked(state, mask) @ self.U + or_zeros(self.b, self.U))
        return h, h
