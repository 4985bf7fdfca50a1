"""Outputs of trained members for many samples in a few compiled passes.

Samples go through a network in blocks whose shape depends on a sample's own bucket alone, so that its outputs do not
depend on its company, bit for bit. Windows go one block a call, with a copy of the rows that they read: one program
serves any number of windows of any rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.interrupts import check_interrupt, interrupts_put_off
from penstock.networks.inputs import Inputs
from penstock.networks.language import LanguageNetwork
from penstock.networks.network import Network
from penstock.networks.segrnn import SegRNN
from penstock.programs import beside, keep_programs
from penstock.training.buckets import samples_at_once
from penstock.training.compile_options import quickly
from penstock.training.rates import without_shares
from penstock.training.source import Source, padded_length

__all__ = ["Buckets", "blocks", "forward", "forward_ahead", "in_order", "run_blocks", "true_steps"]

_BLOCK = 64  # samples at once, at most

Buckets = Mapping[int, NDArray[np.int64]]
"""The numbers of the samples of each bucket, by its length (:func:`penstock.training.buckets.in_buckets`)."""


@keep_programs(256)
def _compiled(
    network: Network | SegRNN | LanguageNetwork, inputs: Inputs, outputs: int, length: int
) -> Callable[[Any, Source, jax.Array], jax.Array]:
    def member(weights: Any, source: Source, numbers: jax.Array) -> jax.Array:
        module = network.with_weights(weights, inputs, outputs)

        def run(block: jax.Array) -> jax.Array:
            x, lengths, categories, extra = source.read(block, length)
            return module(x, lengths=lengths, categories=categories, extra=extra)

        return jax.lax.map(run, numbers)

    return jax.jit(jax.vmap(member, in_axes=(0, None, None)), compiler_options=quickly())


def blocks(numbers: NDArray[np.int64], length: int, width: int = 1) -> jax.Array:
    """Part the samples of a bucket into blocks ``[blocks, size]``, the last ones filled up.

    Parameters
    ----------
    numbers, length
        The samples, and the length of their bucket.
    width
        Room that each sample takes beside the others', such as the width of a beam.
    """
    size = samples_at_once(length * width, _BLOCK)
    count = -(-len(numbers) // size)
    count = padded_length(count) if count > 16 else count  # few shapes: each is a program
    return jnp.asarray(np.resize(numbers, count * size).astype(np.int32).reshape(count, size))


def run_blocks(
    run: Callable[..., jax.Array],
    weights: Any,
    source: Source,
    numbers: NDArray[np.int64],
    length: int,
    width: int = 1,
    ahead: int = 0,
) -> NDArray[np.float64]:
    """Run a compiled function of weights, rows and blocks on samples of a bucket: ``[members, n, ...]``.

    Parameters
    ----------
    run, weights
        The function, and weights whose leaves are ``[members, ...]``.
    source, numbers, length
        The rows, the samples, and the length of their bucket.
    width
        Room that each sample takes beside the others', such as the width of a beam.
    ahead
        Rows behind a window that the function reads.
    """
    weights = jax.device_put(weights)
    with interrupts_put_off():
        found = list(_runs(run, weights, source, numbers, length, width, ahead))
        result = np.concatenate([np.asarray(each, np.float64) for each in found], axis=1)
    members, count, size, *rest = result.shape
    return result.reshape(members, count * size, *rest)[:, : len(numbers)]


def _runs(
    run: Callable[..., jax.Array],
    weights: Any,
    source: Source,
    numbers: NDArray[np.int64],
    length: int,
    width: int,
    ahead: int,
) -> Iterator[jax.Array]:
    """Begin the run of each block; they end in their own time."""
    if source.first is not None:
        yield run(weights, source, blocks(numbers, length, width))
    else:
        rows, cut = _block_of_windows(source, length, ahead, width)
        filled = np.resize(numbers, cut.size * -(-len(numbers) // cut.size)).reshape(-1, cut.size)
        for block in filled:
            check_interrupt()
            yield run(weights, source.cut(block, rows, length), cut)


def _block_of_windows(source: Source, length: int, ahead: int, width: int = 1) -> tuple[int, NDArray[np.int32]]:
    """Return the rows that are copied for each window of a block, and where each window begins in them."""
    rows, back, size = length + ahead, source.back(length), samples_at_once(length * width, _BLOCK)
    return rows, np.arange(size, dtype=np.int32)[None] * np.int32(back + rows) + np.int32(back)


def forward(
    network: Network | SegRNN | LanguageNetwork, weights: Any, source: Source, buckets: Buckets, outputs: int
) -> dict[int, NDArray[np.float64]]:
    """Run every member on the samples of each bucket.

    Parameters
    ----------
    network, weights
        The description, and weights whose leaves are ``[members, ...]``.
    source
        The rows, scaled.
    buckets
        The samples; of windows their first rows, by the one length that they have.
    outputs
        Outputs of the network.

    Returns
    -------
    For each bucket outputs ``[members, n, outputs]``, or ``[members, n, length, outputs]`` of a network that puts out
    at every step; as the network gives them, still scaled.
    """
    network = without_shares(network)
    ahead = 0 if source.extra is None else source.ahead
    return {
        length: run_blocks(
            _compiled(network, source.widths, outputs, length),
            weights,
            source,
            numbers,
            length,
            ahead=ahead,
        )
        for length, numbers in buckets.items()
    }


def forward_ahead(network: Network | SegRNN, weights: Any, source: Source, length: int, outputs: int) -> Future[Any]:
    """Let XLA compile what :func:`forward` runs on windows, before there is anything to run it on.

    Parameters
    ----------
    network, source, outputs
        As for :func:`forward`; of the rows their widths alone count.
    weights
        The shapes of the weights, ``[members, ...]``.
    length
        Length of a window.

    Returns
    -------
    What ends when the program is compiled.
    """
    run = _compiled(without_shares(network), source.widths, outputs, length)
    rows, cut = _block_of_windows(source, length, 0 if source.extra is None else source.ahead)
    first = source.cut(np.zeros(cut.size, np.int64), rows, length)
    return beside(run.lower(weights, first, cut).compile)  # type: ignore[attr-defined]


def in_order(found: Mapping[int, NDArray[Any]], buckets: Buckets) -> NDArray[Any]:
    """Put what was found of the samples of each bucket into the order of their numbers, which are 0, 1, 2, ...

    Parameters
    ----------
    found
        Of each bucket, ``[members, n, ...]``.
    buckets
        The numbers of its samples.

    Examples
    --------
    >>> buckets = {8: np.array([0, 2]), 16: np.array([1])}
    >>> in_order({8: np.array([[5.0, 7.0]]), 16: np.array([[6.0]])}, buckets).tolist()
    [[5.0, 6.0, 7.0]]
    """
    order = np.argsort(np.concatenate(list(buckets.values())))
    return np.concatenate([found[length] for length in buckets], axis=1)[:, order]


def true_steps(
    found: Mapping[int, NDArray[np.float64]], buckets: Buckets, lengths: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Lay the outputs at the true steps of all samples one after the other, ``[members, steps, outputs]``.

    Parameters
    ----------
    found
        Of each bucket, ``[members, n, length, outputs]``.
    buckets, lengths
        The numbers of its samples, and the true steps of each sample.
    """
    first = np.concatenate([[0], np.cumsum(lengths)])
    some = next(iter(found.values()))
    result = np.empty((len(some), int(first[-1]), some.shape[-1]))
    for length, numbers in buckets.items():
        for place, sample in enumerate(numbers):
            result[:, first[sample] : first[sample + 1]] = found[length][:, place, : lengths[sample]]
    return result
