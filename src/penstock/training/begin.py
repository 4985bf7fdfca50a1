"""What lanes begin with: drawn or given weights, or the states in which jobs were left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.training.epoch import TrainState

__all__ = ["Begin", "from_weights", "state_of_lanes", "with_fresh_lanes", "with_vectors"]


class Begin(NamedTuple):
    """What jobs begin with.

    Attributes
    ----------
    members, seed, vectors, weights
        As in :func:`train_folds`.
    states
        The state of each job where it was left, every leaf ``[jobs, ...]``; None: all begin afresh.
    first
        Number of the first member.
    """

    members: int
    seed: int
    vectors: NDArray[Any] | None = None
    weights: Any = None
    states: Any = None
    first: int = 0


def with_vectors(start: Callable[..., TrainState], vectors: NDArray[Any] | None) -> Callable[..., TrainState]:
    """Let every member begin with the same table of the embedding that the network begins with."""
    if vectors is None:
        return start

    def put(weights: Any) -> Any:
        return eqx.tree_at(
            lambda module: module.layers[0].table,
            weights,
            replace_fn=lambda table: jnp.broadcast_to(jnp.asarray(vectors, table.dtype), table.shape) + 0,
        )

    def with_table(seed: np.uint32, member: NDArray[np.uint32]) -> TrainState:
        state = start(seed, member)
        return state._replace(weights=put(state.weights), best_weights=put(state.best_weights))

    return with_table


def from_weights(start: Callable[..., TrainState], given: Any) -> Callable[..., TrainState]:
    """Let each member begin with its own of the weights that are given."""
    if given is None:
        return start

    def with_weights(seed: np.uint32, member: NDArray[np.uint32]) -> TrainState:
        state = start(seed, member)
        likes, structure = jax.tree.flatten(state.weights)
        pairs = list(zip(jax.tree.leaves(given), likes, strict=True))
        own, best = (
            jax.tree.unflatten(structure, [jnp.array(np.asarray(leaf)[member], like.dtype) for leaf, like in pairs])
            for _ in range(2)  # two copies: the epoch may write over each
        )
        return state._replace(weights=own, best_weights=best)

    return with_weights


def state_of_lanes(initial: TrainState, member: NDArray[Any]) -> TrainState:
    """Return the initial state of each lane, copied from that of its member, or of its job."""
    taken: TrainState = jax.tree.map(lambda leaf: np.asarray(leaf)[member], initial)
    return taken


def with_fresh_lanes(
    state: TrainState, initial: TrainState, member: NDArray[Any], fresh: NDArray[np.bool_]
) -> TrainState:
    """Return the state with the lanes that start afresh in their initial state."""
    if fresh.all():
        return state_of_lanes(initial, member)

    def put(old: jax.Array, new: NDArray[Any]) -> NDArray[Any]:
        replaced = np.array(old)
        replaced[fresh] = new[member[fresh]]
        return replaced

    replaced: TrainState = jax.tree.map(put, state, initial)
    return replaced
