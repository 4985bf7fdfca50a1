"""Samples on the device: the flat values once, and where each window starts."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

__all__ = ["Samples", "Starts", "gather", "padded_length"]


class Starts(NamedTuple):
    """Window starts, padded to a length that other folds share, with the true count beside.

    Padding lets folds of nearly equal length use one compiled program.
    """

    rows: jax.Array
    total: jax.Array

    @classmethod
    def of(cls, starts: NDArray[np.int64]) -> Starts:
        """Pad with the first start (or row 0); the padding is never counted."""
        filler = starts[0] if len(starts) else 0
        padded = np.full(padded_length(len(starts)), filler, dtype=np.int32)
        padded[: len(starts)] = starts
        return cls(jnp.asarray(padded), jnp.asarray(len(starts), dtype=jnp.int32))


class Samples(NamedTuple):
    """What training reads: inputs ``[rows, features]``, targets ``[rows]``, the windows to learn from and to watch."""

    inputs: jax.Array
    targets: jax.Array
    learn: Starts
    watch: Starts

    @classmethod
    def of(
        cls,
        inputs: NDArray[np.float64],
        targets: NDArray[np.float64],
        learn: NDArray[np.int64],
        watch: NDArray[np.int64],
    ) -> Samples:
        """Put arrays on the device, in JAX's default precision."""
        dtype = jax.dtypes.canonicalize_dtype(float)
        extra = padded_length(len(targets)) - len(targets)
        return cls(
            jnp.asarray(np.pad(inputs, ((0, extra), (0, 0))), dtype),
            jnp.asarray(np.pad(targets, (0, extra)), dtype),
            Starts.of(learn),
            Starts.of(watch),
        )


def gather(values: jax.Array, starts: jax.Array, length: int) -> jax.Array:
    """Copy `length` rows from each start: ``[n, length, ...]``."""
    return values[starts[:, None] + jnp.arange(length)]


def padded_length(count: int) -> int:
    """Round up to a length with four significant bits: at most an eighth more, and at least 16.

    Examples
    --------
    >>> [padded_length(n) for n in (1, 20, 1750, 1771)]
    [16, 20, 1792, 1792]
    """
    step = max(1 << max(math.ceil(math.log2(max(count, 1))) - 4, 0), 1)
    return max(math.ceil(count / step) * step, 16)
