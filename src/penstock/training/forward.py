"""Forecasts of trained members, many windows in one compiled pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.programs import keep_programs
from penstock.training.samples import Source, padded_length

__all__ = ["forward", "in_chunks"]

_CHUNK = 64  # windows at once; always this many, so that a window's bits do not depend on its company


@keep_programs(64)
def _compiled(
    network: Network, inputs: Inputs, outputs: int, window: int
) -> Callable[[Any, Source, jax.Array], jax.Array]:
    def member(weights: Any, source: Source, starts: jax.Array) -> jax.Array:
        module = network.with_weights(weights, inputs, outputs)

        def run(chunk: jax.Array) -> jax.Array:
            x, categories, extra = source.read(chunk, window)
            return module(x, categories=categories, extra=extra)

        return jax.lax.map(run, starts)

    return jax.jit(jax.vmap(member, in_axes=(0, None, None)))


def forward(
    network: Network,
    weights: Any,
    source: Source,
    starts: NDArray[np.int64],
    window: int,
    outputs: int,
) -> NDArray[np.float64]:
    """Run every member on the windows that begin at `starts`.

    Parameters
    ----------
    network, weights
        The description, and weights whose leaves are ``[members, ...]``.
    source
        The rows, scaled.
    starts
        First rows of the windows, ``[n]``.

    Returns
    -------
    Outputs ``[members, n, outputs]``, still scaled.
    """
    return in_chunks(_compiled(network, source.widths, outputs, window), weights, source, starts)


def in_chunks(
    run: Callable[[Any, Source, jax.Array], jax.Array], weights: Any, source: Source, starts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Run a compiled function of weights, rows and starts ``[chunks, chunk]``; outputs ``[members, n, outputs]``."""
    count = len(starts)
    filled = np.resize(starts, _CHUNK * -(-padded_length(count) // _CHUNK)).astype(np.int32)
    result = run(weights, source, jnp.asarray(filled.reshape(-1, _CHUNK)))
    members, _, _, width = result.shape
    return np.asarray(result, dtype=np.float64).reshape(members, -1, width)[:, :count]
