"""The training loop: epochs until every member of every fold has stopped, best weights kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.errors import OptionError, TrainingError
from penstock.interrupts import check_interrupt, interrupt_noted, interrupts_put_off
from penstock.training.callbacks import Callback, EpochEnd, FitBegin, notify
from penstock.training.carried import carried_steps, places_at_once
from penstock.training.config import TrainConfig, TrainSpec
from penstock.training.epoch import TrainState, compiled_epoch, initial_state
from penstock.training.folds import BlockShape, stack
from penstock.training.history import History, Trained
from penstock.training.kept import KeptTraining
from penstock.training.lanes import Lanes, lanes_at_once
from penstock.training.pieces import Pieces, StepRange
from penstock.training.samples import Samples

__all__ = ["train_folds"]

_SOON_OVER = 1e11  # operations of a member's fit below which a quick compilation saves more than a quick program
_TURNS = 8  # parts into which an epoch cuts each bucket's batches, so that short and long samples take turns


def train_folds(
    spec: TrainSpec,
    folds: Sequence[Samples],
    *,
    epochs: int,
    members: int = 1,
    seed: int = 0,
    vectors: NDArray[Any] | None = None,
    weights: Any = None,
    callbacks: Sequence[Callback] = (),
    shape: BlockShape | None = None,
) -> list[Trained]:
    """Train `members` networks on the samples of each fold, from fresh weights or those that are given.

    All train side by side in lanes of one compiled program; folds whose samples fall into several buckets, or whose
    state is carried, train one after the other, their members side by side. Each member has its own initial weights and
    shuffles, derived from `seed` and its number, the same in every fold; no global random
    state is touched. A member stops when its validation loss has not fallen for `patience` epochs, or has fallen to
    `target_loss`; its best weights are returned, and the next member that waits takes its lane. Within
    :func:`penstock.training.checkpoints` the state is kept, and a training that was begun goes on.

    Parameters
    ----------
    spec
        The network, and how to train it.
    folds
        The samples of each fold.
    epochs
        Epochs at most.
    members, seed
        Networks to train on each fold, and what their random numbers are drawn from.
    vectors
        Initial table of the embedding that the network begins with, ``[vocabulary, units]``; drawn if left out.
    weights
        Weights of all members to start from, every leaf ``[members, ...]``; drawn if left out. The optimiser starts
        afresh.
    callbacks
        Hooks; each may stop members at the end of an epoch.
    shape
        What the folds, windows of one length, are padded to at least, so that other calls with that shape train in the
        same compiled program; left out: the longest of `folds`.

    Returns
    -------
    The weights and losses of each fold.

    Raises
    ------
    TrainingError
        When a loss is no longer finite; the message says at which epoch and what to try.
    """
    if len(folds) > 1 and (spec.config.stateful or any(len(fold.train) > 1 for fold in folds)):
        options: dict[str, Any] = {"epochs": epochs, "members": members, "seed": seed, "vectors": vectors}
        options["weights"] = weights
        return [train_folds(spec, [fold], **options, callbacks=callbacks)[0] for fold in folds]
    lanes = Lanes(len(folds), members, lanes_at_once(), None if shape is None else shape.folds)
    kept = KeptTraining.of(
        spec, folds, epochs=epochs, members=members, seed=seed, vectors=vectors, initial_weights=weights, shape=shape
    )
    kept.restore(lanes, spec)
    with notify(callbacks, FitBegin(spec.config, len(folds), members, epochs, lanes.rounds, lanes.calls)) as result:
        if shape is not None or len(folds) > 1:
            shape = BlockShape.of_all(folds, shape)
        if lanes.running.any():
            with interrupts_put_off():
                _train(
                    spec, stack(folds, shape), shape, lanes, kept, members, epochs, seed, vectors, weights, callbacks
                )
                kept.finish(lanes)
        trained = [_trained(lanes, fold, members) for fold in range(len(folds))]
        result.append(trained)
    return trained


def _train(
    spec: TrainSpec,
    samples: Samples,
    shape: BlockShape | None,
    lanes: Lanes,
    kept: KeptTraining,
    members: int,
    epochs: int,
    seed: int,
    vectors: NDArray[Any] | None,
    given: Any,
    callbacks: Sequence[Callback],
) -> None:
    """Train what the lanes hold on the samples of all folds."""
    config = spec.config
    steps = {length: -(-np.asarray(found.total) // config.batch) for length, found in samples.train.items()}
    totals = [np.asarray(found.total) for found in samples.validation.values()]
    has_validation = np.sum(totals, axis=0) > 0 if totals else np.zeros(len(next(iter(steps.values()))), bool)
    if config.target_loss is not None and not has_validation.all():
        raise OptionError(
            f"target_loss={config.target_loss:g} is a validation loss, but there are no validation samples; give "
            "validation= more than 0, or target_loss=None."
        )
    places, in_all = 0, sum(int(each.max()) for each in steps.values())
    if config.stateful:
        ((_, found),) = samples.train.items()
        parts = found.numbers.shape[1]
        places = places_at_once(config.batch, parts)
        in_all = carried_steps(config.batch, parts, int(np.asarray(found.total).max()))
    if config.steps_per_epoch is not None:
        in_all = min(in_all, config.steps_per_epoch)
    start, turns = _from_weights(_with_vectors(initial_state(spec, places), vectors), given), _Turns(steps, seed)
    with ThreadPoolExecutor(1) as beside:  # XLA compiles without the GIL: the first weights while the epoch is traced
        arguments = np.uint32(seed), np.arange(members, dtype=np.uint32)
        drawn = initial_state(spec, places).trace(*arguments)
        first = beside.submit(start, *arguments)
        width = len(lanes.job)
        weights = sum(math.prod(leaf.shape[1:]) for leaf in jax.tree.leaves(drawn.out_info.weights))
        longest = steps if shape is None else {length: np.array(-(-shape.most // config.batch)) for length in steps}
        if config.steps_per_epoch is not None:
            longest = {length: np.minimum(each, config.steps_per_epoch) for length, each in longest.items()}
        work = 6 * weights * config.batch * sum(length * int(each.max()) for length, each in longest.items())
        even = shape is None or shape.even(config.batch)
        epoch = compiled_epoch(spec, even, quick=work * epochs < _SOON_OVER)
        state = jax.eval_shape(
            lambda drawn: jax.tree.map(lambda leaf: jnp.empty((width, *leaf.shape[1:]), leaf.dtype), drawn),
            drawn.out_info,
        )
        epoch.lower(state, lanes.fold, samples, StepRange.of(0, in_all, ends=True), turns.of(1)).compile()
        resumed, state = kept.state(state), first.result()
    waiting = jax.tree.map(np.array, state) if lanes.waiting else None  # what the jobs that wait begin with
    if resumed is not None:
        state = resumed
    elif waiting is not None or width != members:
        state = _taken(state, lanes.member)
    pieces, step = Pieces(in_all, work * width), kept.step

    def between(state: TrainState, step: int) -> bool:
        """Keep a long epoch in its middle; say whether Ctrl-C ends it."""
        if interrupt_noted() and any(callback.takes_interrupts for callback in callbacks):
            return True
        kept.keep(state, lanes, step, interrupted=interrupt_noted())
        check_interrupt()
        return False

    while lanes.running.any():
        check_interrupt()
        began, order = time.perf_counter(), turns.of(int(lanes.epochs.max()) + 1)

        def call(state: TrainState, piece: StepRange, order: Any = order) -> Any:
            return epoch(state, lanes.fold, samples, piece, order)

        state, training, validation, taken = pieces.run(call, state, step, between)
        waited, step, seconds = jax.device_get(state.waited), 0, time.perf_counter() - began
        validation = np.where(has_validation[lanes.fold], validation, np.nan)
        lanes.record(training, validation)
        _require_finite(
            training, np.where(has_validation[lanes.fold], validation, training), lanes.running, lanes, config
        )
        event = EpochEnd(
            lanes.fold, lanes.member, lanes.epochs, training, validation, lanes.running, seconds, taken / in_all
        )
        done = lanes.running & (lanes.epochs == epochs)
        if config.patience is not None:
            done |= lanes.running & (waited >= config.patience)
        if config.target_loss is not None:
            done |= lanes.running & (validation <= config.target_loss)
        for callback in callbacks:
            stopped = callback.on_epoch_end(event)
            done = done if stopped is None else done | (lanes.running & stopped)
        if done.any():
            # Without validation samples, the very last step may have broken the weights unseen.
            broken = np.where(lanes.collect(state.best_weights, done), training, np.nan)
            _require_finite(broken, broken, done, lanes, config)
            fresh = lanes.schedule(done, together=turns.several)
            if fresh is not None and waiting is not None:
                state = _replaced(state, waiting, lanes.member, fresh)
        if not turns.several:
            state = lanes.compact(state, work)
        kept.keep(state, lanes, interrupted=interrupt_noted())


class _Turns:
    """The order in which the buckets' batches take turns in an epoch."""

    def __init__(self, steps: dict[int, NDArray[Any]], seed: int) -> None:
        self.seed, self.several = seed, len(steps) > 1
        self._turns = []
        for bucket, count in enumerate(int(each.max()) for _, each in sorted(steps.items())):
            cuts = np.linspace(0, count, min(_TURNS, count) + 1).astype(np.int32)
            self._turns += [(bucket, first, last) for first, last in pairwise(cuts)]

    def of(self, epoch: int) -> NDArray[np.int32] | None:
        """Draw the order in an epoch: bucket, first batch and the one after the last, ``[turns, 3]``."""
        if not self.several:
            return None
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self._turns))
        return np.array([self._turns[place] for place in order], np.int32)


def _with_vectors(start: Callable[..., TrainState], vectors: NDArray[Any] | None) -> Callable[..., TrainState]:
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


def _from_weights(start: Callable[..., TrainState], given: Any) -> Callable[..., TrainState]:
    """Let each member begin with its own of the weights that are given."""
    if given is None:
        return start

    def with_weights(seed: np.uint32, member: NDArray[np.uint32]) -> TrainState:
        state = start(seed, member)
        own, best = (
            jax.tree.map(lambda leaf, like: jnp.array(np.asarray(leaf)[member], like.dtype), given, state.weights)
            for _ in range(2)  # two copies: the epoch may write over each
        )
        return state._replace(weights=own, best_weights=best)

    return with_weights


def _taken(initial: TrainState, member: NDArray[np.uint32]) -> TrainState:
    """Return the initial state of each lane, copied from that of its member; folds share the state of a member."""
    taken: TrainState = jax.tree.map(lambda leaf: np.asarray(leaf)[member], initial)
    return taken


def _replaced(
    state: TrainState, initial: TrainState, member: NDArray[np.uint32], fresh: NDArray[np.bool_]
) -> TrainState:
    """Return the state with the lanes that start afresh in their initial state."""
    if fresh.all():
        return _taken(initial, member)

    def put(old: jax.Array, new: NDArray[Any]) -> NDArray[Any]:
        replaced = np.array(old)
        replaced[fresh] = new[member[fresh]]
        return replaced

    replaced: TrainState = jax.tree.map(put, state, initial)
    return replaced


def _trained(lanes: Lanes, fold: int, members: int) -> Trained:
    jobs = range(fold * members, (fold + 1) * members)
    longest = max(len(lanes.losses[job]) for job in jobs)
    losses = np.full((2, longest, members), np.nan)
    for member, job in enumerate(jobs):
        losses[:, : len(lanes.losses[job]), member] = np.array(lanes.losses[job]).T
    return Trained(jax.tree.map(lambda leaf: leaf[jobs.start : jobs.stop], lanes.weights), History(*losses))


def _require_finite(
    training: NDArray[Any], validation: NDArray[Any], going: NDArray[np.bool_], lanes: Lanes, config: TrainConfig
) -> None:
    """Raise the error of a loss ``[lanes]`` that is no longer finite, where a member is still going."""
    broken = going & ~(np.isfinite(training) & np.isfinite(validation))
    if not broken.any():
        return
    first = int(broken.argmax())
    rate = getattr(config.optimizer, "learning_rate", None)
    advice = [
        f"a smaller learning rate (now {rate:g})" if rate else "",
        "clip=1.0" if config.clip is None else f"a smaller clip (now {config.clip:g})",
        "scale='standard' or 'minmax' if the values are large",
    ]
    raise TrainingError(
        f"the loss{lanes.names[first]} was no longer finite in epoch {lanes.epochs[first]} ({training[first]:g} on the "
        f"samples, {validation[first]:g} on the validation tail); try {', or '.join(filter(None, advice))}."
    )
