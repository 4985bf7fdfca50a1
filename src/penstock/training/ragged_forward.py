"""Outputs of trained members for samples of different lengths, many in one compiled pass."""

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
from penstock.training.ragged import Ragged, at_once, in_buckets
from penstock.training.samples import padded_length

__all__ = ["forward_ragged"]


@lru_cache(maxsize=256)
def _compiled(
    network: Network, inputs: Inputs, outputs: int, length: int
) -> Callable[[Any, Ragged, jax.Array], jax.Array]:
    def member(weights: Any, source: Ragged, samples: jax.Array) -> jax.Array:
        module = network.with_weights(weights, inputs, outputs)

        def run(chunk: jax.Array) -> jax.Array:
            x, lengths, categories, extra = source.read(chunk, length)
            return module(x, lengths=lengths, categories=categories, extra=extra)

        return jax.lax.map(run, samples)

    return jax.jit(jax.vmap(member, in_axes=(0, None, None)))


def forward_ragged(
    network: Network, weights: Any, source: Ragged, lengths: NDArray[np.int64], bounds: tuple[int, ...], outputs: int
) -> NDArray[np.float64]:
    """Run every member on every sample.

    Samples go in blocks whose shape depends on a sample's own bucket alone, so that its outputs do not depend on its
    company, bit for bit.

    Parameters
    ----------
    network, weights
        The description, and weights whose leaves are ``[members, ...]``.
    source, lengths
        The samples, and their true steps ``[samples]``.
    bounds
        Lengths of the buckets.

    Returns
    -------
    Outputs ``[members, samples, outputs]``, as the network gives them.
    """
    members = len(jax.tree.leaves(weights)[0])
    result = np.empty((members, len(lengths), outputs))
    weights = jax.tree.map(jnp.asarray, weights)
    for length, samples in in_buckets(lengths, bounds).items():
        size = at_once(length)
        blocks = padded_length(-(-len(samples) // size)) if len(samples) > 16 * size else -(-len(samples) // size)
        filled = np.resize(samples, blocks * size).astype(np.int32).reshape(blocks, size)
        run = _compiled(network, source.widths, outputs, length)
        found = np.asarray(run(weights, source, jnp.asarray(filled)), np.float64)
        result[:, samples] = found.reshape(members, -1, outputs)[:, : len(samples)]
    return result
