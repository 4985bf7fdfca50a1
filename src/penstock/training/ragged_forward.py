"""Outputs of trained members for samples of different lengths, many in one compiled pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.programs import keep_programs
from penstock.training.ragged import Ragged, at_once, in_buckets
from penstock.training.samples import padded_length

__all__ = ["blocks", "forward_ragged", "forward_steps"]


@keep_programs(256)
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


def blocks(
    lengths: NDArray[np.int64], bounds: tuple[int, ...], width: int = 1
) -> Iterator[tuple[int, NDArray[np.int64], jax.Array]]:
    """Part samples into blocks whose shape depends on a sample's own bucket alone.

    Gives for each bucket its length, its samples, and their numbers in blocks ``[blocks, size]``, the last one filled
    up. Samples that each take the room of `width` go fewer at once.
    """
    for length, samples in in_buckets(lengths, bounds).items():
        size = at_once(length * width)
        count = -(-len(samples) // size)
        count = padded_length(count) if count > 16 else count
        filled = np.resize(samples, count * size).astype(np.int32)
        yield length, samples, jnp.asarray(filled.reshape(count, size))


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
    for length, samples, numbers in blocks(lengths, bounds):
        found = _compiled(network, source.widths, outputs, length)(weights, source, numbers)
        result[:, samples] = np.asarray(found, np.float64).reshape(members, -1, outputs)[:, : len(samples)]
    return result


def forward_steps(
    network: Network, weights: Any, source: Ragged, lengths: NDArray[np.int64], bounds: tuple[int, ...], outputs: int
) -> NDArray[np.float64]:
    """Do what :func:`forward_ragged` does with a network that puts out at every step.

    Returns
    -------
    Outputs of all steps of all samples, one after the other, ``[members, steps, outputs]``.
    """
    members = len(jax.tree.leaves(weights)[0])
    first = np.concatenate([[0], np.cumsum(lengths)])
    result = np.empty((members, int(first[-1]), outputs))
    weights = jax.tree.map(jnp.asarray, weights)
    for length, samples, numbers in blocks(lengths, bounds):
        found = _compiled(network, source.widths, outputs, length)(weights, source, numbers)
        each = np.asarray(found, np.float64).reshape(members, -1, length, outputs)
        for place, sample in enumerate(samples):
            result[:, first[sample] : first[sample + 1]] = each[:, place, : lengths[sample]]
    return result
