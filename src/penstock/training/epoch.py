"""One epoch as one compiled call: shuffle, gather windows, forward, backward, update, watch the validation tail.

Nothing returns to Python between the steps; members run side by side over a leading axis.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from penstock.layers.noise import derive
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.training.plan import Plan
from penstock.training.samples import Samples, Starts
from penstock.training.step import Batch, Step

__all__ = ["Learning", "begin", "compiled_epoch"]

_WATCH_CHUNK = 1024  # windows of the validation tail that go through the network at once


class Learning(NamedTuple):
    """Where training stands; every leaf starts with the member axis ``[M, ...]``.

    Attributes
    ----------
    weights, best_weights
        Weights now, and those with the lowest watched loss so far.
    optimizer
        State of the optimiser.
    key
        Random key of each member, for its shuffles and dropout.
    best_loss, waited
        Lowest watched loss, and the epochs since.
    """

    weights: Any
    best_weights: Any
    optimizer: Any
    key: jax.Array
    best_loss: jax.Array
    waited: jax.Array


def member_keys(seed: int, members: int) -> jax.Array:
    """Derive a key for each member; member m has the same key however many members there are."""
    return jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(seed), jnp.arange(members))


@lru_cache(maxsize=64)
def begin(network: Network, plan: Plan, inputs: Inputs, outputs: int) -> Callable[[jax.Array], Learning]:
    """Compile the draw of initial weights: member keys ``[M]`` in, :class:`Learning` out."""
    step = Step(network, plan, inputs, outputs)

    def member(key: jax.Array) -> Learning:
        key_weights, key_shuffle = jax.random.split(key)
        weights = step.draw(key_weights)
        return Learning(
            weights,
            weights,
            step.begin(weights),
            key_shuffle,
            jnp.asarray(jnp.inf),
            jnp.asarray(0),
        )

    return jax.jit(jax.vmap(member))


@lru_cache(maxsize=64)
def compiled_epoch(
    network: Network, plan: Plan, inputs: Inputs, outputs: int, window: int, horizon: int
) -> Callable[[Learning, Samples], tuple[Learning, jax.Array, jax.Array]]:
    """Compile one epoch for all members.

    Returns
    -------
    A function of where training stands and of the samples. It gives where training stands afterwards and, for each
    member, the mean loss over the epoch's steps and the watched loss (infinite where nothing is watched). A member
    that has waited for `patience` epochs is left as it is.
    """
    take = Step(network, plan, inputs, outputs)

    def batch_of(samples: Samples, starts: jax.Array, counted: jax.Array | None = None) -> Batch:
        x, categories, extra = samples.source.read(starts, window)
        y = samples.targets_of(starts, window, horizon)
        return Batch(x, y, counted, categories=categories, extra=extra)

    def shuffled(key: jax.Array, starts: Starts) -> jax.Array:
        places = jnp.arange(len(starts.rows))
        draw = jnp.where(places < starts.total, jax.random.uniform(key, places.shape), jnp.inf)
        rows = starts.rows[jnp.argsort(draw)]
        return jnp.pad(rows, (0, -len(rows) % plan.batch), mode="edge")

    def learn(
        weights: Any, state: Any, keys: tuple[jax.Array, jax.Array], samples: Samples
    ) -> tuple[Any, Any, jax.Array]:
        key_shuffle, key_dropout = keys
        order = shuffled(key_shuffle, samples.learn)
        count = samples.learn.total

        def step(number: jax.Array, carry: tuple[Any, Any, jax.Array]) -> tuple[Any, Any, jax.Array]:
            weights, state, total = carry
            first = number * plan.batch
            starts = jax.lax.dynamic_slice_in_dim(order, first, plan.batch)
            counted = (first + jnp.arange(plan.batch) < count).astype(samples.targets.dtype)
            batch = batch_of(samples, starts, counted)
            weights, state, value = take(weights, state, batch, derive(key_dropout, number))
            return weights, state, total + value * jnp.sum(counted)

        steps = (count + plan.batch - 1) // plan.batch
        zero = jnp.zeros((), samples.targets.dtype)
        weights, state, total = jax.lax.fori_loop(0, steps, step, (weights, state, zero))
        return weights, state, total / count

    def watch(weights: Any, samples: Samples) -> jax.Array:
        starts, count = samples.watch
        chunk = min(_WATCH_CHUNK, len(starts))
        padded = jnp.pad(starts, (0, -len(starts) % chunk), mode="edge")

        def step(number: jax.Array, total: jax.Array) -> jax.Array:
            first = number * chunk
            counted = first + jnp.arange(chunk) < count
            each = take.losses(weights, batch_of(samples, jax.lax.dynamic_slice_in_dim(padded, first, chunk)))
            return total + jnp.sum(jnp.where(counted, each, 0))

        zero = jnp.zeros((), samples.targets.dtype)
        total = jax.lax.fori_loop(0, (count + chunk - 1) // chunk, step, zero)
        return jnp.where(count > 0, total / jnp.maximum(count, 1), jnp.inf)

    def member(learning: Learning, samples: Samples) -> tuple[Learning, jax.Array, jax.Array]:
        key, key_shuffle = jax.random.split(learning.key)
        key_dropout = jax.random.fold_in(learning.key, 2)  # beside the two of the split
        weights, state, learned = learn(learning.weights, learning.optimizer, (key_shuffle, key_dropout), samples)
        watched = watch(weights, samples)
        nothing_watched = samples.watch.total == 0
        better = (watched < learning.best_loss) | nothing_watched
        after = Learning(
            weights,
            jax.tree.map(lambda new, old: jnp.where(better, new, old), weights, learning.best_weights),
            state,
            key,
            jnp.where(better, watched, learning.best_loss),
            jnp.where(better, 0, learning.waited + 1),
        )
        going = learning.waited < plan.patience if plan.patience else jnp.asarray(True)
        kept = jax.tree.map(lambda new, old: jnp.where(going, new, old), after, learning)
        return kept, learned, watched

    return jax.jit(jax.vmap(member, in_axes=(0, None)), donate_argnums=0)
