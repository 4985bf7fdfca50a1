"""Outputs of trained members at every row of series that are walked from a state, in compiled parts.

Series are walked some at a time and part by part, always as many in a program of one shape, so that the outputs of a
series do not depend on its company, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.interrupts import check_interrupt, interrupts_put_off
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.programs import keep_programs
from penstock.training.compile_options import quickly
from penstock.training.source import Source

__all__ = ["first_states", "walk_rows"]

_SERIES, _STEPS = 16, 64  # series at once, and rows of a part


@keep_programs(256)
def _compiled(network: Network, inputs: Inputs, outputs: int) -> Callable[..., Any]:
    def member(weights: Any, state: Any, x: Any, lengths: Any, categories: Any, extra: Any) -> Any:
        module = network.with_weights(weights, inputs, outputs)
        return module.walk(module.look_up(x, categories), state, lengths=lengths, extra=extra)

    return jax.jit(jax.vmap(member, in_axes=(0, 0, None, None, None, None)), compiler_options=quickly())


def first_states(network: Network, weights: Any, inputs: Inputs, outputs: int, series: int) -> Any:
    """Return the state before the first row of so many series, every leaf ``[members, series, ...]``."""

    def member(weights: Any) -> Any:
        return network.with_weights(weights, inputs, outputs).initial_state(series)

    return jax.tree.map(np.array, jax.vmap(member)(weights))


def walk_rows(
    network: Network,
    weights: Any,
    source: Source,
    first: NDArray[np.int64],
    lengths: NDArray[np.int64],
    states: Any,
    outputs: int,
) -> tuple[NDArray[np.float64], Any]:
    """Walk rows of some series.

    Parameters
    ----------
    network, weights
        The description, and weights whose leaves are ``[members, ...]``.
    source
        The rows, scaled.
    first, lengths
        First row of each series that is walked, and how many; ``[series]``.
    states
        State before it, every leaf ``[members, series, ...]``.
    outputs
        Outputs of the network.

    Returns
    -------
    Outputs at the rows of all series, one series after the other, ``[members, rows, outputs]``; and the states after
    the last row of each.
    """
    run, weights = _compiled(network, source.widths, outputs), jax.device_put(weights)
    values, series = np.asarray(source.values), None if source.series is None else np.asarray(source.series)
    categories = None if source.categories is None else np.asarray(source.categories)
    beside = None if source.extra is None else np.asarray(source.extra)
    ends = np.cumsum(lengths)
    members = len(jax.tree.leaves(weights)[0])
    out = np.zeros((members, int(ends[-1]) if len(ends) else 0, outputs))
    after = jax.tree.map(np.array, states)
    with interrupts_put_off():
        for begin in range(0, len(first), _SERIES):
            count = min(_SERIES, len(first) - begin)
            block = begin + np.arange(_SERIES) % count  # filled up with the first of them
            carried = jax.tree.map(lambda leaf, block=block: jnp.asarray(leaf[:, block]), states)
            own = None if categories is None or series is None else jnp.asarray(categories[series[first[block]]])
            for place in range(0, max(int(lengths[block].max()), 0), _STEPS):
                check_interrupt()
                rows = first[block][:, None] + place + np.arange(_STEPS)
                left = np.clip(lengths[block] - place, 0, _STEPS)
                x = values[np.minimum(rows, len(values) - 1)]
                extra = None
                if beside is not None:
                    ahead = np.minimum(rows[..., None] + 1 + np.arange(source.ahead), len(beside) - 1)
                    extra = jnp.asarray(beside[ahead].astype(values.dtype).reshape(*rows.shape, -1))
                found, carried = run(weights, carried, jnp.asarray(x), jnp.asarray(left, jnp.int32), own, extra)
                found = np.asarray(found, np.float64)
                for lane in range(count):
                    here = int(ends[begin + lane] - lengths[begin + lane]) + place
                    out[:, here : here + left[lane]] = found[:, lane, : left[lane]]
            _put(after, carried, begin, count)
    return out, after


def _put(after: Any, carried: Any, begin: int, count: int) -> None:
    """Write the states of a block of series."""
    for leaf, new in zip(jax.tree.leaves(after), jax.tree.leaves(carried), strict=True):
        leaf[:, begin : begin + count] = np.asarray(new)[:, :count]
