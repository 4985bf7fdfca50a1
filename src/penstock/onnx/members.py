"""The networks of an ensemble, one module a member."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["modules_of", "state_names"]


def modules_of(network: Any, weights: Any, inputs: Any, outputs: int) -> list[Any]:
    """Return the module of each member.

    Parameters
    ----------
    network
        The network's description.
    weights
        Weights of all members, every leaf ``[members, ...]``.
    inputs, outputs
        What it was built for.

    Returns
    -------
    The modules.
    """
    return [
        network.with_weights(jax.tree.map(lambda leaf, n=member: jnp.asarray(leaf[n]), weights), inputs, outputs)
        for member in range(len(jax.tree.leaves(weights)[0]))
    ]


def state_names(cell: Any, count: int) -> tuple[str, ...]:
    """Return a name for each part of a cell's state: those that the cell gives, or numbers.

    Parameters
    ----------
    cell
        The cell.
    count
        Parts of its state.

    Returns
    -------
    The names.
    """
    names: tuple[str, ...] = cell.state_names
    return names if len(names) == count else tuple(map(str, range(count)))
