"""One epoch as one compiled call: shuffle, gather windows, forward, backward, update, watch the validation tail.

Nothing returns to Python between the steps. Members and folds run side by side in lanes, over a leading axis.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from penstock.layers.noise import derive, seeded
from penstock.networks.encoder_decoder import EncoderDecoder
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.programs import keep_programs
from penstock.training.batch import Batch
from penstock.training.plan import Plan
from penstock.training.samples import Samples, Starts
from penstock.training.step import Step

__all__ = ["Learning", "Shape", "begin", "compiled_epoch"]

_WATCH_CHUNK = 1024  # windows of the validation tail that go through the network at once


class Learning(NamedTuple):
    """Where training stands; every leaf starts with the axis of the lanes, ``[lanes, ...]``.

    Attributes
    ----------
    weights, best_weights
        Weights now, and those with the lowest watched loss so far.
    optimizer
        State of the optimiser.
    key
        What each lane's shuffles and dropout are drawn from, uint32 ``[lanes, 2]``.
    epochs
        Epochs trained.
    best_loss, waited
        Lowest watched loss, and the epochs since.
    """

    weights: Any
    best_weights: Any
    optimizer: Any
    key: jax.Array
    epochs: jax.Array
    best_loss: jax.Array
    waited: jax.Array


class Shape(NamedTuple):
    """What the samples of an epoch look like; each shape is a program.

    Attributes
    ----------
    window, horizon
        Inputs and targets of each sample, in steps.
    even
        Whether an epoch takes the same number of steps in every fold. Where it does not, the lanes with fewer wait.
    watching
        Whether any fold has a validation tail.
    """

    window: int
    horizon: int
    even: bool = True
    watching: bool = True


@keep_programs(64)
def begin(network: Network | EncoderDecoder, plan: Plan, inputs: Inputs, outputs: int) -> Any:
    """Compile the draw of initial weights.

    Returns
    -------
    A compiled function of a seed and of the numbers of members ``[lanes]``, both uint32, which gives a
    :class:`Learning`. A member's weights and shuffles follow from the seed and its number alone.
    """
    step = Step(network, plan, inputs, outputs)

    def lane(seed: jax.Array, member: jax.Array) -> Learning:
        key_weights, key_shuffle = jax.random.split(jax.random.fold_in(seeded(seed), member))
        weights = step.draw(key_weights)
        return Learning(
            weights,
            weights,
            step.begin(weights),
            jax.random.key_data(key_shuffle),
            jnp.asarray(0),
            jnp.asarray(jnp.inf),
            jnp.asarray(0),
        )

    # It runs once: on a CPU, code that is quick to compile beats code that is quick.
    quick = {"xla_backend_optimization_level": 0} if jax.default_backend() == "cpu" else None
    return jax.jit(jax.vmap(lane, in_axes=(None, 0)), compiler_options=quick)


@keep_programs(64)
def compiled_epoch(network: Network, plan: Plan, inputs: Inputs, outputs: int, shape: Shape) -> Any:
    """Compile one epoch for all lanes.

    Returns
    -------
    A compiled function of where training stands, of the fold of each lane ``[lanes]``, and of the samples of all folds
    (:func:`penstock.training.folds.stack`). It gives where training stands afterwards and, for each lane, the mean loss
    over the epoch's steps and the watched loss (infinite where nothing is watched).
    """
    take = Step(network, plan, inputs, outputs)
    window, horizon = shape.window, shape.horizon

    def batch_of(samples: Samples, starts: jax.Array, counted: jax.Array | None = None) -> Batch:
        x, categories, extra = samples.source.read(starts, window)
        y = samples.targets_of(starts, window, horizon)
        return Batch(x, y, counted, categories=categories, extra=extra)

    def learn(learning: Learning, mine: Starts, steps: jax.Array, samples: Samples) -> tuple[Any, Any, jax.Array]:
        key = derive(learning.key, learning.epochs)
        order, key_dropout = mine.shuffled(derive(key, 0), plan.batch), derive(key, 1)

        def step(number: jax.Array, carry: tuple[Any, Any, jax.Array]) -> tuple[Any, Any, jax.Array]:
            weights, state, total = carry
            first = number * plan.batch
            starts = jax.lax.dynamic_slice_in_dim(order, first, plan.batch)
            counted = (first + jnp.arange(plan.batch) < mine.total).astype(samples.targets.dtype)
            batch = batch_of(samples, starts, counted)
            weights, state, value = take(weights, state, batch, derive(key_dropout, number), learning.epochs)
            after = weights, state, total + value * jnp.sum(counted)
            if shape.even:
                return after
            return jax.tree.map(lambda new, old: jnp.where(first < mine.total, new, old), after, carry)

        zero = jnp.zeros((), samples.targets.dtype)
        weights, state, total = jax.lax.fori_loop(0, steps, step, (learning.weights, learning.optimizer, zero))
        return weights, state, total / mine.total

    def watch(weights: Any, mine: Starts, samples: Samples) -> jax.Array:
        starts, count = mine
        chunk = min(_WATCH_CHUNK, len(starts))
        padded = jnp.pad(starts, (0, -len(starts) % chunk), mode="edge")

        def step(number: jax.Array, total: jax.Array) -> jax.Array:
            first = number * chunk
            counted = first + jnp.arange(chunk) < count
            each = take.losses(weights, batch_of(samples, jax.lax.dynamic_slice_in_dim(padded, first, chunk)))
            return total + jnp.sum(jnp.where(counted, each, 0))

        most = jnp.max(samples.watch.total)
        total = jax.lax.fori_loop(0, (most + chunk - 1) // chunk, step, jnp.zeros((), samples.targets.dtype))
        return jnp.where(count > 0, total / jnp.maximum(count, 1), jnp.inf)

    def lane(
        learning: Learning, fold: jax.Array, steps: jax.Array, samples: Samples
    ) -> tuple[Learning, jax.Array, jax.Array]:
        mine = Starts(samples.learn.rows[fold], samples.learn.total[fold])
        weights, state, learned = learn(learning, mine, steps, samples)
        after = learning._replace(weights=weights, best_weights=weights, optimizer=state, epochs=learning.epochs + 1)
        if not shape.watching:
            return after, learned, jnp.full_like(learned, jnp.inf)
        tail = Starts(samples.watch.rows[fold], samples.watch.total[fold])
        watched = watch(weights, tail, samples)
        better = (watched < learning.best_loss) | (tail.total == 0)
        after = after._replace(
            best_weights=jax.tree.map(lambda new, old: jnp.where(better, new, old), weights, learning.best_weights),
            best_loss=jnp.where(better, watched, learning.best_loss),
            waited=jnp.where(better, 0, learning.waited + 1),
        )
        return after, learned, watched

    def lanes(learning: Learning, folds: jax.Array, samples: Samples) -> tuple[Learning, jax.Array, jax.Array]:
        steps = jnp.max((samples.learn.total[folds] + plan.batch - 1) // plan.batch)
        return jax.vmap(lane, in_axes=(0, 0, None, None))(learning, folds, steps, samples)

    return jax.jit(lanes, donate_argnums=0)
