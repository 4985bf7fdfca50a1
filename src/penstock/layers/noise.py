"""Random numbers for dropout, within a compiled step.

JAX's own generator, Threefry, costs some ten calls of the executor for each key and each mask: more than a whole step
of a small network. Here a mask is a few integer operations on each value's place, which melt into the product that uses
them. A seed of JAX's starts it; nothing else in the house draws this way.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

__all__ = ["derive", "draw"]

_GOLDEN = np.uint32(0x9E3779B9)  # 2^32 over the golden ratio: neighbours fall far apart


def derive(key: jax.Array, number: jax.Array | int) -> jax.Array:
    """Give another key for each number.

    Parameters
    ----------
    key
        A key of JAX's, or one that this function gave, uint32 ``[2]``.
    number
        A step, a layer: whatever is to draw for itself.

    Examples
    --------
    >>> key = jax.random.key(0)
    >>> bool((derive(key, 1) == derive(key, 2)).any())
    False
    """
    first, second = _words(key)
    first = _mix(first + (jnp.asarray(number, jnp.uint32) + 1) * _GOLDEN)
    return jnp.stack([first, _mix(second ^ first)])


def draw(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Draw bits, uint32 of this shape, each value equally likely.

    Examples
    --------
    >>> bits = draw(jax.random.key(0), (1000, 1000)) / 2.0**32
    >>> round(float(bits.mean()), 2), round(float(bits.std() * 12**0.5), 2)
    (0.5, 1.0)
    """
    first, second = _words(key)
    places = jax.lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)
    return _mix(_mix(places * _GOLDEN + first) ^ second)


def _words(key: jax.Array) -> tuple[jax.Array, jax.Array]:
    words = jax.random.key_data(key) if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else key
    return words[0], words[1]


def _mix(x: jax.Array) -> jax.Array:
    """Mix 32 bits: Wellons' ``lowbias32`` (2018), a bijection in which each bit of x moves each bit of the result."""
    x = (x ^ (x >> 16)) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * np.uint32(0x846CA68B)
    return x ^ (x >> 16)
