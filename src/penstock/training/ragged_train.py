"""Training on samples of different lengths: an epoch is a few compiled calls, one or more for each bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.layers.noise import derive
from penstock.networks.encoder_decoder import EncoderDecoder
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.programs import keep_programs
from penstock.training.epoch import Learning, begin
from penstock.training.plan import Plan
from penstock.training.progress import EpochBar
from penstock.training.ragged import RaggedSamples, at_once, starts_in_buckets
from penstock.training.samples import Starts
from penstock.training.step import Step
from penstock.training.train import History, Trained, must_be_finite

__all__ = ["train_ragged"]

_RUNS = 8  # parts into which an epoch cuts each bucket's batches, so that short and long samples take turns


class Recipe(NamedTuple):
    """What the programs of one fit are compiled for, beside the length of their bucket.

    `reach` is the length of the longest target where a decoder is taught.
    """

    network: Network | EncoderDecoder
    plan: Plan
    inputs: Inputs
    outputs: int
    reach: int | None = None

    @property
    def step(self) -> Step:
        """One training step."""
        return Step(self.network, self.plan, self.inputs, self.outputs)


def train_ragged(
    network: Network | EncoderDecoder,
    plan: Plan,
    samples: RaggedSamples,
    learn: NDArray[np.int64],
    watch: NDArray[np.int64],
    bounds: tuple[int, ...],
    *,
    outputs: int,
    epochs: int,
    members: int = 1,
    seed: int = 0,
    progress: bool | None = None,
    vectors: NDArray[Any] | None = None,
    reach: int | None = None,
    teaching: Callable[[int], float] | None = None,
) -> Trained:
    """Train `members` networks from fresh weights on the same samples.

    Batches are drawn within a bucket, in an order that each member shuffles for itself; the buckets take turns, in an
    order drawn for each epoch. A member stops when its watched loss has not fallen for `plan.patience` epochs, or has
    fallen to `plan.enough`; its best weights are returned.

    Parameters
    ----------
    network, plan, samples
        What to train, how, and on what.
    learn, watch
        Numbers of the samples to learn from and to watch.
    bounds
        Lengths of the buckets.
    vectors
        Initial table of the embedding that the network begins with, ``[vocabulary, units]``; drawn if left out.
    reach
        Length of the longest target where a decoder is taught.
    teaching
        Gives, for each epoch from 1, the share of the steps that are fed the truth; None: all, always.

    Raises
    ------
    TrainingError
        When a loss is no longer finite; the message says at which epoch and what to try.
    """
    recipe = Recipe(network, plan, samples.source.widths, outputs, reach)
    lengths = np.asarray(samples.source.lengths)
    learning = begin(network, plan, recipe.inputs, outputs)(np.uint32(seed), np.arange(members, dtype=np.uint32))
    if vectors is not None:
        learning = _with_table(learning, vectors)
    buckets, watched_buckets = starts_in_buckets(learn, lengths, bounds), starts_in_buckets(watch, lengths, bounds)
    weigh = np.asarray(samples.weight)
    learned_weight, watched_weight = float(weigh[learn].sum()), float(weigh[watch].sum())
    learned_by_epoch, watched_by_epoch = [], []
    going = np.ones(members, dtype=bool)
    watching = len(watch) > 0
    with EpochBar(epochs, progress) as bar:
        for number in range(1, epochs + 1):
            keys = _epoch_keys(learning.key, learning.epochs)
            if teaching is not None:
                samples = samples._replace(share=jnp.asarray(teaching(number), samples.weight.dtype))
            orders = {length: _shuffle(keys.shuffle, length, starts, plan.batch) for length, starts in buckets.items()}
            weights, state, total = learning.weights, learning.optimizer, jnp.zeros(members, samples.weight.dtype)
            for length, first, last in _runs(buckets, plan.batch, np.random.default_rng([seed, number])):
                count = buckets[length].total
                weights, state, total = compiled_run(recipe, length)(
                    weights, state, total, keys.dropout, learning.epochs, orders[length], samples, count, first, last
                )
            watched_total = jnp.zeros(members, samples.weight.dtype)
            for length, starts in watched_buckets.items():
                watched_total = compiled_watch(recipe, length)(weights, watched_total, samples, starts)
            watched_loss = watched_total / watched_weight if watching else jnp.full(members, jnp.inf)
            best = _Best(learning.best_weights, learning.best_loss, learning.waited)
            learning = _judge((weights, state, learning.key, learning.epochs), watching, plan, best, watched_loss)
            learned, watched, waited = jax.device_get((total / learned_weight, watched_loss, learning.waited))
            must_be_finite(learned, watched if watching else learned, going, number, plan)
            learned_by_epoch.append(np.where(going, learned, np.nan))
            watched_by_epoch.append(np.where(going & watching, watched, np.nan))
            if plan.patience is not None:
                going &= waited < plan.patience
            if plan.enough is not None:
                going &= watched > plan.enough
            bar.advance(learned, watched, int(going.sum()))
            if not going.any():
                break
    kept = jax.tree.map(np.asarray, learning.best_weights)
    whole = np.all([np.isfinite(leaf).reshape(members, -1).all(axis=1) for leaf in jax.tree.leaves(kept)], axis=0)
    broken = np.where(whole, learned, np.nan)  # nothing watched: the very last step may have broken the weights unseen
    must_be_finite(broken, broken, ~whole, number, plan)
    return Trained(kept, History(np.array(learned_by_epoch, dtype=float), np.array(watched_by_epoch, dtype=float)))


@keep_programs(256)
def compiled_run(recipe: Recipe, length: int) -> Callable[..., tuple[Any, Any, jax.Array]]:
    """Compile the steps on batches `first` to `last` of a bucket, for all members.

    Returns
    -------
    A function of weights, state of the optimiser, the epoch's total loss so far, key of dropout, order of the bucket's
    samples, the samples, their count in the bucket, and the first and last batch. It gives the first three anew.
    """
    take, size = recipe.step, recipe.plan.batch

    def member(
        weights: Any,
        state: Any,
        total: jax.Array,
        key: jax.Array,
        epoch: jax.Array,
        order: jax.Array,
        samples: RaggedSamples,
        count: jax.Array,
        first: jax.Array,
        last: jax.Array,
    ) -> tuple[Any, Any, jax.Array]:
        key = derive(key, length)

        def step(number: jax.Array, carry: tuple[Any, Any, jax.Array]) -> tuple[Any, Any, jax.Array]:
            weights, state, total = carry
            rows = jax.lax.dynamic_slice_in_dim(order, number * size, size)
            counted = jnp.where(number * size + jnp.arange(size) < count, samples.weight[rows], 0)
            weights, state, value = take(
                weights, state, samples.batch(rows, length, recipe.reach, counted), derive(key, number), epoch
            )
            return weights, state, total + value * jnp.sum(counted)

        return jax.lax.fori_loop(first, last, step, (weights, state, total))

    axes = (0, 0, 0, 0, 0, 0, None, None, None, None)
    return jax.jit(jax.vmap(member, in_axes=axes), donate_argnums=(0, 1, 2))


@keep_programs(256)
def compiled_watch(recipe: Recipe, length: int) -> Callable[[Any, jax.Array, RaggedSamples, Starts], jax.Array]:
    """Compile the sum of the weighed losses of a bucket's samples, added to what it is given, for all members."""
    take, size = recipe.step, at_once(length)

    def member(weights: Any, total: jax.Array, samples: RaggedSamples, starts: Starts) -> jax.Array:
        rows = jnp.pad(starts.rows, (0, -len(starts.rows) % size), mode="edge")

        def step(number: jax.Array, total: jax.Array) -> jax.Array:
            now = jax.lax.dynamic_slice_in_dim(rows, number * size, size)
            counted = jnp.where(number * size + jnp.arange(size) < starts.total, samples.weight[now], 0)
            each = take.losses(weights, samples.batch(now, length, recipe.reach, counted))
            return total + jnp.sum(jnp.where(counted > 0, each * counted, 0))

        return jax.lax.fori_loop(0, (starts.total + size - 1) // size, step, total)

    return jax.jit(jax.vmap(member, in_axes=(0, 0, None, None)))


class _Best(NamedTuple):
    """The best weights so far, their watched loss, and the epochs since."""

    weights: Any
    loss: jax.Array
    waited: jax.Array


class _Keys(NamedTuple):
    """The keys of one epoch, each ``[members, 2]``."""

    shuffle: jax.Array
    dropout: jax.Array


@jax.jit
@jax.vmap
def _epoch_keys(key: jax.Array, epoch: jax.Array) -> _Keys:
    now = derive(key, epoch)
    return _Keys(derive(now, 0), derive(now, 1))


@partial(jax.jit, static_argnums=(1, 3))
def _shuffle(keys: jax.Array, length: int, starts: Starts, batch: int) -> jax.Array:
    """Shuffle the samples of a bucket for each member: ``[members, n]``, with a last batch that is whole."""
    return jax.vmap(lambda key: starts.shuffled(derive(key, length), batch))(keys)


@partial(jax.jit, static_argnums=(1, 2), donate_argnums=3)
def _judge(
    after: tuple[Any, Any, jax.Array, jax.Array], watching: bool, plan: Plan, best: _Best, watched: jax.Array
) -> Learning:
    """End an epoch: keep the weights of the members whose watched loss has fallen, or all where nothing is watched.

    A member that has stopped learns on for nothing, beside those that go on: its best weights are kept.
    """
    weights, state, key, epochs = after
    stopped = jnp.zeros_like(best.waited, bool)
    if plan.patience is not None:
        stopped |= best.waited >= plan.patience
    if plan.enough is not None:
        stopped |= best.loss <= plan.enough
    better = ~stopped & (watched < best.loss) if watching else ~stopped

    def choose(new: jax.Array, old: jax.Array) -> jax.Array:
        return jnp.where(better.reshape(better.shape + (1,) * (new.ndim - 1)), new, old)

    return Learning(
        weights,
        jax.tree.map(choose, weights, best.weights),
        state,
        key,
        epochs + 1,
        choose(watched, best.loss),
        jnp.where(better, 0, best.waited + 1),
    )


def _runs(buckets: dict[int, Starts], batch: int, rng: np.random.Generator) -> Iterator[tuple[int, np.int32, np.int32]]:
    """Give the runs of an epoch in a drawn order: a bucket's length, its first batch, and the one after its last."""
    runs = []
    for length, starts in buckets.items():
        batches = -(-int(starts.total) // batch)
        cuts = np.linspace(0, batches, min(_RUNS if len(buckets) > 1 else 1, batches) + 1).astype(np.int32)
        runs += [(length, first, last) for first, last in pairwise(cuts)]
    yield from (runs[place] for place in rng.permutation(len(runs)))


def _with_table(learning: Learning, vectors: NDArray[Any]) -> Learning:
    """Put the same initial table into every member."""

    def put(weights: Any) -> Any:
        return eqx.tree_at(
            lambda module: module.layers[0].table,
            weights,
            replace_fn=lambda table: jnp.broadcast_to(jnp.asarray(vectors, table.dtype), table.shape) + 0,
        )

    return learning._replace(weights=put(learning.weights), best_weights=put(learning.best_weights))
