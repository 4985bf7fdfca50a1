"""Forecasts of trained members, many windows in one compiled pass."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.training.samples import gather, padded_length

__all__ = ["forward"]

_CHUNK = 256  # windows at once; always this many, so that a window's bits do not depend on its company


@lru_cache(maxsize=64)
def _compiled(
    network: Network, inputs: Inputs, outputs: int, window: int
) -> Callable[[Any, jax.Array, jax.Array], jax.Array]:
    def member(weights: Any, values: jax.Array, starts: jax.Array) -> jax.Array:
        module = network.with_weights(weights, inputs, outputs)
        return jax.lax.map(lambda chunk: module(gather(values, chunk, window)), starts)

    return jax.jit(jax.vmap(member, in_axes=(0, None, None)))


def forward(
    network: Network,
    weights: Any,
    values: NDArray[np.float64],
    starts: NDArray[np.int64],
    window: int,
    outputs: int,
) -> NDArray[np.float64]:
    """Run every member on the windows that begin at `starts`.

    Parameters
    ----------
    network, weights
        The description, and weights whose leaves are ``[members, ...]``.
    values
        Flat inputs ``[rows, features]``, scaled.
    starts
        First rows of the windows, ``[n]``.

    Returns
    -------
    Outputs ``[members, n, outputs]``, still scaled.
    """
    dtype = jax.dtypes.canonicalize_dtype(float)
    count, rows, features = len(starts), *values.shape
    flat = np.pad(values, ((0, padded_length(rows) - rows), (0, 0)))
    filled = np.resize(starts, _CHUNK * -(-padded_length(count) // _CHUNK)).astype(np.int32)
    run = _compiled(network, Inputs(features), outputs, window)
    result = run(weights, jnp.asarray(flat, dtype), jnp.asarray(filled.reshape(-1, _CHUNK)))
    members, _, _, width = result.shape
    return np.asarray(result, dtype=np.float64).reshape(members, -1, width)[:, :count]
