"""Initial weights by name, as Keras draws them, so that published models start from the same distributions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import jax
import jax.numpy as jnp
from jax.nn import initializers

from penstock.options import option

__all__ = [
    "BIAS_INITIALIZERS",
    "INITIALIZERS",
    "BiasInitializer",
    "KernelInitializer",
    "RecurrentInitializer",
    "UseBias",
    "input_weights",
    "or_zeros",
    "recurrent_weights",
]

Initializer = Callable[[jax.Array, tuple[int, ...], jnp.dtype], jax.Array]

input_weights = initializers.glorot_uniform()
"""Glorot & Bengio (2010), uniform: U(−√(6/(in+out)), √(6/(in+out))) over the whole matrix, all gates together."""

recurrent_weights = initializers.orthogonal()
"""Saxe et al. (2014): a matrix with orthonormal rows, ``[H, 4H]`` for the four gates together."""


def _uniform(key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype) -> jax.Array:
    return jax.random.uniform(key, shape, dtype, -0.05, 0.05)


def _identity(key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype) -> jax.Array:
    return jnp.tile(jnp.eye(shape[0], dtype=dtype), (1, -(-shape[1] // shape[0])))[:, : shape[1]]


BIAS_INITIALIZERS: dict[str, Initializer] = {
    "zeros": initializers.zeros,
    "ones": initializers.ones,
    "random_uniform": _uniform,
    "random_normal": initializers.normal(0.05),
}
"""What biases may start from; the random ones are U(−.05, .05) and N(0, .05²), as in Keras."""

INITIALIZERS: dict[str, Initializer] = {
    "glorot_uniform": input_weights,
    "glorot_normal": initializers.glorot_normal(),
    "he_uniform": initializers.he_uniform(),
    "he_normal": initializers.he_normal(),
    "lecun_uniform": initializers.lecun_uniform(),
    "lecun_normal": initializers.lecun_normal(),
    "orthogonal": recurrent_weights,
    "identity": _identity,
    **BIAS_INITIALIZERS,
}
"""What weights may start from, over the whole matrix, all gates together; ``identity`` is one for each gate."""

UseBias = Annotated[bool, option(help="add biases")]
KernelInitializer = Annotated[str, option(help="initializer of the input weights", choices=INITIALIZERS)]
RecurrentInitializer = Annotated[str, option(help="initializer of the recurrent weights", choices=INITIALIZERS)]
BiasInitializer = Annotated[str, option(help="initializer of the biases", choices=BIAS_INITIALIZERS)]


def or_zeros(b: jax.Array | None, U: jax.Array) -> jax.Array:
    """Return biases, or zeros as wide as the recurrent weights where a cell has none."""
    return jnp.zeros(U.shape[-1], U.dtype) if b is None else b
