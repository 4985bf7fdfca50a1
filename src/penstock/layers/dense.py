"""The dense layer."""

from __future__ import annotations

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.cells.activations import ACTIVATIONS
from penstock.cells.initializers import input_weights
from penstock.layers.layer import Layer
from penstock.options import option

__all__ = ["Dense", "DenseModule"]


class DenseModule(eqx.Module):
    """y = φ(x W + b), with W ``[inputs, units]`` Glorot uniform and b ``[units]`` zero."""

    W: jax.Array
    b: jax.Array
    activation: str = eqx.field(static=True)

    def __init__(self, inputs: int, units: int, key: jax.Array, activation: str) -> None:
        dtype = jax.dtypes.canonicalize_dtype(float)
        self.W = input_weights(key, (inputs, units), dtype)
        self.b = jnp.zeros(units, dtype)
        self.activation = activation

    def __call__(self, x: jax.Array, *, key: jax.Array | None = None) -> jax.Array:
        """Map ``[..., inputs]`` to ``[..., units]``."""
        return ACTIVATIONS[self.activation](x @ self.W + self.b)


@dataclass(frozen=True, repr=False)
class Dense(Layer):
    """A dense layer, described.

    Examples
    --------
    >>> Dense(10, "relu")
    Dense(10)
    """

    units: int = option(help="outputs", at_least=1)
    activation: str = option("relu", "activation of the outputs", choices=ACTIVATIONS)

    @property
    def outputs(self) -> int:
        """Width of the output."""
        return self.units

    def build(self, inputs: int, key: jax.Array) -> DenseModule:
        """Draw the weights."""
        return DenseModule(inputs, self.units, key, self.activation)
