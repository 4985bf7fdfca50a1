"""The deep transition: several layers from one state to the next."""

from __future__ import annotations

from typing import Annotated, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.cells.activations import ACTIVATIONS
from penstock.cells.cell import Cell, masked
from penstock.cells.initializers import input_weights, recurrent_weights
from penstock.options import option

__all__ = ["DeepTransitionCell"]


class DeepTransitionCell(Cell[jax.Array]):
    r"""One step of a recurrent network whose transition is itself deep.

    .. math:: h^1 = φ(x W + h U^1 + b^1) \quad h^l = φ(h^{l-1} U^l + b^l) \quad h' = h^L

    Parameters
    ----------
    features
        Width of the input.
    units
        Hidden units.
    key
        JAX key that the weights are drawn from.
    depth
        Layers from one state to the next.
    activation
        Activation of the units: ``linear``, ``relu``, ``tanh``, ``sigmoid``, ``hard_sigmoid``, ``hard_sigmoid_keras2``.

    Attributes
    ----------
    W
        Input weights, ``[features, units]``, Glorot uniform.
    U
        Weights between states, ``[depth, units, units]``, each orthogonal.
    b
        Biases, ``[depth, units]``, zero.
    activation
        φ by name.

    Examples
    --------
    >>> cell = DeepTransitionCell(features=1, units=8, key=jax.random.key(0), depth=3)
    >>> output, h = cell(jnp.ones((3, 1)), cell.initial_state(batch=3))
    >>> output.shape, bool((output == h).all())
    ((3, 8), True)

    References
    ----------
    Pascanu, Gulcehre, Cho & Bengio (2014), How to Construct Deep Recurrent Neural Networks, section 3.3.1.
    """

    supports_recurrent_dropout: ClassVar[bool] = True
    W: jax.Array
    U: jax.Array
    b: jax.Array
    activation: str = eqx.field(static=True)

    def __init__(
        self,
        features: int,
        units: int,
        key: jax.Array,
        depth: Annotated[int, option(help="layers from one state to the next", at_least=1, at_most=100)] = 2,
        activation: Annotated[str, option(help="activation of the units", choices=ACTIVATIONS)] = "tanh",
    ) -> None:
        key_W, key_U = jax.random.split(key)
        dtype = jax.dtypes.canonicalize_dtype(float)
        self.W = input_weights(key_W, (features, units), dtype)
        self.U = jnp.stack([recurrent_weights(each, (units, units), dtype) for each in jax.random.split(key_U, depth)])
        self.b = jnp.zeros((depth, units), dtype)
        self.activation = activation

    def initial_state(self, batch: int) -> jax.Array:
        """Give h before the first step: zeros ``[batch, units]``."""
        return jnp.zeros((batch, self.b.shape[1]), self.b.dtype)

    def __call__(self, x: jax.Array, state: jax.Array, mask: jax.Array | None = None) -> tuple[jax.Array, jax.Array]:
        """Take one step; the output is h."""
        φ = ACTIVATIONS[self.activation]
        h = φ(x @ self.W + masked(state, mask) @ self.U[0] + self.b[0])
        for U, b in zip(self.U[1:], self.b[1:], strict=True):
            h = φ(h @ U + b)
        return h, h
