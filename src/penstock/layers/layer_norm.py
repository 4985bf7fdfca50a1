"""Layer normalisation."""

from __future__ import annotations

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.layers.layer import Layer
from penstock.options import option

__all__ = ["LayerNorm", "LayerNormModule"]


class LayerNormModule(eqx.Module):
    """y = g ⊙ (x − μ)/√(σ² + ε) + b, with μ and σ² of the last axis; g is one and b zero at first."""

    g: jax.Array
    b: jax.Array
    epsilon: float = eqx.field(static=True)

    def __init__(self, width: int, epsilon: float = 1e-5) -> None:
        dtype = jax.dtypes.canonicalize_dtype(float)
        self.g = jnp.ones(width, dtype)
        self.b = jnp.zeros(width, dtype)
        self.epsilon = epsilon

    def __call__(self, x: jax.Array, *, key: jax.Array | None = None) -> jax.Array:
        """Map ``[..., features]`` to the same shape."""
        centred = x - jnp.mean(x, axis=-1, keepdims=True)
        variance = jnp.mean(jnp.square(centred), axis=-1, keepdims=True)
        return self.g * (centred * jax.lax.rsqrt(variance + self.epsilon)) + self.b


@dataclass(frozen=True, repr=False)
class LayerNorm(Layer):
    """Layer normalisation, described (Ba, Kiros & Hinton 2016, equation 4): each step for itself.

    Examples
    --------
    >>> module = LayerNorm().build(2, jax.random.key(0))
    >>> module(jnp.asarray([[1.0, 3.0]])).round(3).tolist()
    [[-1.0, 1.0]]
    """

    epsilon: float = option(1e-5, "ε, added to the variance", above=0)

    @property
    def outputs(self) -> None:
        """As wide as the input."""

    def build(self, inputs: int, key: jax.Array) -> LayerNormModule:
        """Make the module."""
        return LayerNormModule(inputs, self.epsilon)
