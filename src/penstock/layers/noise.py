"""Random numbers of training: dropout within a compiled step, shuffles, initial weights.

JAX's own generator, Threefry, costs some ten calls of the executor for each key and each mask: more than a whole step
of a small network; and each of its uses half a second of compilation. Here a value is a few integer operations on its
place, which melt into the product that uses them. :func:`seeded` gives a key that all of ``jax.random`` takes.
"""

from __future__ import annotations

import math
from functools import partial

import jax
import jax.extend.random
import jax.numpy as jnp
import numpy as np

__all__ = ["fold_in", "random_bits", "seeded"]

_GOLDEN = np.uint32(0x9E3779B9)  # 2^32 over the golden ratio: neighbours fall far apart


def fold_in(key: jax.Array, number: jax.Array | int) -> jax.Array:
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
    >>> bool((fold_in(key, 1) == fold_in(key, 2)).any())
    False
    """
    return _folded(_words(key), np.uint32(number) if isinstance(number, int) else number)


def random_bits(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Draw bits, uint32 of this shape, each value equally likely.

    Examples
    --------
    >>> bits = random_bits(jax.random.key(0), (1000, 1000)) / 2.0**32
    >>> round(float(bits.mean()), 2), round(float(bits.std() * 12**0.5), 2)
    (0.5, 1.0)
    """
    return _drawn(_words(key), shape)


def seeded(seed: jax.Array | int) -> jax.Array:
    """Give a key of JAX's that draws from the hash.

    Examples
    --------
    >>> key, other = jax.random.split(seeded(0))
    >>> round(float(jax.random.normal(key, (1000, 1000)).std()), 2)
    1.0
    """
    return jax.random.key(seed, impl=_HASH)


# Each is traced once for all its uses in a program: they are many, and tracing takes as long as compiling.
@jax.jit
def _folded(words: jax.Array, number: jax.Array) -> jax.Array:
    first = _mix(words[0] + (jnp.asarray(number, jnp.uint32) + 1) * _GOLDEN)
    return jnp.stack([first, _mix(words[1] ^ first)])


@partial(jax.jit, static_argnums=1)
def _drawn(words: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    places = jax.lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)
    return _mix(_mix(places * _GOLDEN + words[0]) ^ words[1])


def _words(key: jax.Array) -> jax.Array:
    typed = jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    return jax.random.key_data(key) if typed else key


def _mix(x: jax.Array) -> jax.Array:
    """Mix 32 bits: Wellons' ``lowbias32`` (2018), a bijection in which each bit of x moves each bit of the result."""
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = jax.lax.mul(_shifted(x, shift), jax.lax.full_like(x, factor))
    return _shifted(x, 16)


def _shifted(x: jax.Array, bits: int) -> jax.Array:
    return jax.lax.bitwise_xor(x, jax.lax.shift_right_logical(x, jax.lax.full_like(x, bits)))


def _seed(seed: jax.Array) -> jax.Array:
    words = jnp.asarray(seed).astype(jnp.uint32)
    return fold_in(jnp.stack([words, words]), 0)


def _split(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    numbers = jax.lax.iota(jnp.uint32, math.prod(shape))
    return jax.vmap(fold_in, in_axes=(None, 0))(key, numbers).reshape(*shape, 2)


def _bits(key: jax.Array, width: int, shape: tuple[int, ...]) -> jax.Array:
    if width == 64:
        high, low = (random_bits(fold_in(key, half), shape).astype(jnp.uint64) for half in (0, 1))
        return (high << 32) | low
    return jax.lax.convert_element_type(random_bits(key, shape), jnp.dtype(f"uint{width}"))


_HASH = jax.extend.random.define_prng_impl(
    key_shape=(2,), seed=_seed, split=_split, random_bits=_bits, fold_in=fold_in, name="penstock_hash", tag="hash"
)
