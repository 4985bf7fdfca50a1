"""The training loop: epochs until every member of every fold has stopped, best weights kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from penstock.errors import OptionError, TrainingError
from penstock.interrupts import check_interrupt, interrupt_noted, interrupts_put_off
from penstock.networks.weights import as_declared
from penstock.training.ahead import Programs
from penstock.training.begin import Begin, from_weights, state_of_lanes, with_fresh_lanes, with_vectors
from penstock.training.callbacks import Callback, EpochEnd, FitBegin, StepsEnd, notify
from penstock.training.carried import carried_places, carried_steps
from penstock.training.config import TrainSpec
from penstock.training.epoch import TrainState, initial_state
from penstock.training.folds import BlockShape, stack
from penstock.training.history import History, Trained
from penstock.training.kept import KeptTraining
from penstock.training.lanes import Lanes, lanes_at_once
from penstock.training.pieces import Pieces, StepRange
from penstock.training.rates import Rates, separate, stack_rates
from penstock.training.samples import Samples
from penstock.training.stored import weight_shapes
from penstock.training.turns import Turns

__all__ = ["rates_of_lanes", "require_finite", "run_lanes", "train_folds", "trained_fold", "whole_lanes"]


def train_folds(
    spec: TrainSpec,
    folds: Sequence[Samples],
    *,
    epochs: int,
    members: int = 1,
    first: int = 0,
    seed: int = 0,
    vectors: NDArray[Any] | None = None,
    weights: Any = None,
    callbacks: Sequence[Callback] = (),
    shape: BlockShape | None = None,
    ahead: Programs | None = None,
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
    members, first, seed
        Networks to train on each fold, the number of the first of them (others are trained elsewhere), and what their
        random numbers are drawn from.
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
    ahead
        Programs that are being compiled already, from :meth:`penstock.training.ahead.Programs.of_first`; they are
        waited for, and used where they are those that `folds` need.

    Returns
    -------
    The weights and losses of each fold.

    Raises
    ------
    TrainingError
        When a loss is no longer finite; the message says at which epoch and what to try.
    """
    if len(folds) > 1 and (spec.config.stateful or any(len(fold.train) > 1 for fold in folds)):
        options: dict[str, Any] = {"epochs": epochs, "members": members, "first": first, "seed": seed}
        options["vectors"] = vectors
        options["weights"] = weights
        return [train_folds(spec, [fold], **options, callbacks=callbacks)[0] for fold in folds]
    lanes = Lanes(len(folds), members, lanes_at_once(), None if shape is None else shape.folds, first=first)
    part: dict[str, Any] = {"first": first} if first else {}
    kept = KeptTraining.of(
        spec, folds, epochs=epochs, members=members, seed=seed, vectors=vectors, initial_weights=weights, shape=shape,
        **part,
    )  # fmt: skip
    kept.restore(lanes, weight_shapes(spec.network, spec.inputs, spec.outputs))
    with notify(callbacks, FitBegin(spec.config, len(folds), members, epochs, lanes.rounds, lanes.calls)) as result:
        if shape is not None or len(folds) > 1:
            shape = BlockShape.of_all(folds, shape)
        if lanes.running.any():
            begin = Begin(members, seed, vectors, weights, first=first)
            run_lanes(
                [spec] * len(folds), stack(folds, shape), shape, lanes, kept, begin, epochs, callbacks, ahead=ahead
            )
        trained = [trained_fold(lanes, spec, fold, members) for fold in range(len(folds))]
        result.append(trained)
    return trained


@interrupts_put_off()
def run_lanes(
    specs: Sequence[TrainSpec],
    samples: Samples,
    shape: BlockShape | None,
    lanes: Lanes,
    kept: KeptTraining,
    begin: Begin,
    epochs: int,
    callbacks: Sequence[Callback] = (),
    *,
    until: int | None = None,
    settings: bool = False,
    ahead: Programs | None = None,
) -> None:
    """Train what the lanes hold until every job has ended, and collect what they give.

    Parameters
    ----------
    specs
        How the folds that the lanes count are trained, all of one plan (:func:`penstock.training.rates.separate`).
    samples
        The stacked samples of all folds; with `settings` the folds of every setting, which the lanes count setting by
        setting.
    shape, lanes, kept, begin, epochs, callbacks
        As in :func:`train_folds`.
    until
        Epochs after which jobs are left where they are, to go on later; None: at their end.
    settings
        Whether the jobs are settings to compare: one that diverges ends alone, and whole states are collected.
    ahead
        As in :func:`train_folds`.
    """
    config, parts = specs[0].config, [separate(spec) for spec in specs]
    plan, rates = parts[0][0], stack_rates([own for _, own in parts])
    folds = len(next(iter(samples.train.values())).total) if settings else len(specs)
    patience = np.array([spec.config.patience or np.inf for spec in specs])
    wanted = [spec.config.target_loss for spec in specs]
    targets = np.array([-np.inf if each is None else each for each in wanted])
    steps = {length: -(-np.asarray(found.total) // config.batch) for length, found in samples.train.items()}
    totals = [np.asarray(found.total) for found in samples.validation.values()]
    validated = np.sum(totals, axis=0) > 0 if totals else np.zeros(len(next(iter(steps.values()))), bool)
    if np.isfinite(targets).any() and not validated.all():
        raise OptionError(
            f"target_loss={targets.max():g} is a validation loss, but there are no validation samples; give "
            "validation= more than 0, or target_loss=None."
        )
    places, in_all = carried_places(config, samples), sum(int(each.max()) for each in steps.values())
    if places:
        ((_, found),) = samples.train.items()
        in_all = carried_steps(config.batch, found.numbers.shape[1], int(np.asarray(found.total).max()))
    if config.steps_per_epoch is not None:
        in_all = min(in_all, config.steps_per_epoch)
    start = from_weights(with_vectors(initial_state(plan, places), begin.vectors), begin.weights)
    turns, width = Turns(steps, begin.seed), len(lanes.job)
    programs = Programs.begin(
        plan, rates_of_lanes(rates, lanes.fold), samples, shape, lanes.fold % folds, turns.of(1),
        epochs=epochs, members=begin.members, seed=begin.seed, ahead=ahead,
    )  # fmt: skip
    epoch, work = programs.epoch, programs.work
    programs.first.result()
    members = np.arange(begin.first, begin.first + begin.members, dtype=np.uint32)
    state = start(np.uint32(begin.seed), members)  # while XLA compiles the epoch
    programs.compiled.result()
    resumed = kept.state(programs.state)
    # What the jobs begin with that wait: the state of their member, or their own where they were left.
    several = begin.states is not None
    waiting = begin.states if several else jax.tree.map(np.array, state) if lanes.waiting else None
    if resumed is not None:
        state = resumed
    elif several or waiting is not None or width != begin.members:
        state = state_of_lanes(begin.states if several else state, lanes.job if several else lanes.member)
    own_rates, pieces, step = rates_of_lanes(rates, lanes.fold), Pieces(in_all, work * width), kept.step

    def between(state: TrainState, step: int) -> bool:
        """Keep a long epoch in its middle; say whether Ctrl-C ends it."""
        if interrupt_noted() and any(callback.takes_interrupts for callback in callbacks):
            return True
        kept.keep(state, lanes, step, interrupted=interrupt_noted())
        check_interrupt()
        if callbacks:
            loss, weight = (np.asarray(each, np.float64) for each in state.progress[:2])
            seconds, before = time.perf_counter() - began, int(lanes.epochs.max())
            event = StepsEnd(
                before, step / in_all, seconds, (step - first_step) / in_all, loss / np.maximum(weight, 1e-30)
            )
            for callback in callbacks:
                callback.on_steps_end(event)
        return False

    while lanes.running.any():
        check_interrupt()
        began, fold, first_step = time.perf_counter(), lanes.fold % folds, step
        fixed = own_rates, samples, turns.of(int(lanes.epochs.max()) + 1)

        def call(state: TrainState, piece: StepRange, fold: Any = fold, fixed: Any = fixed) -> Any:
            own, samples, order = fixed
            return epoch(state, fold, own, samples, piece, order)

        state, training, validation, taken = pieces.run(call, state, step, between)
        waited, step, seconds = jax.device_get(state.waited), 0, time.perf_counter() - began
        validation = np.where(validated[fold], validation, np.nan)
        lanes.record(training, validation)
        broken = lanes.running & ~np.isfinite(training + np.where(validated[fold], validation, 0))
        if not settings:
            require_finite(broken, training, np.where(validated[fold], validation, training), lanes, specs)
        event = EpochEnd(
            lanes.fold, lanes.member, lanes.epochs, training, validation, lanes.running, seconds, taken / in_all
        )
        done = broken | (lanes.running & (lanes.epochs == (until or epochs)))
        done |= lanes.running & ((waited >= patience[lanes.fold]) | (validation <= targets[lanes.fold]))
        for callback in callbacks:
            stopped = callback.on_epoch_end(event)
            done = done if stopped is None else done | (lanes.running & stopped)
        if done.any():
            lanes.collect(state if settings else state.best_weights, done)
            # Without validation samples, the very last step may have broken the weights unseen.
            broken |= done & ~whole_lanes(state.best_weights)
            if not settings:
                require_finite(broken, np.full(len(done), np.nan), np.full(len(done), np.nan), lanes, specs)
            lanes.diverged[lanes.job[broken]] = True
            fresh = lanes.schedule(done, together=turns.several)
            if fresh is not None and waiting is not None:
                state = with_fresh_lanes(state, waiting, lanes.job if several else lanes.member, fresh)
        if not turns.several:
            state = lanes.compact(state, work)
        own_rates = rates_of_lanes(rates, lanes.fold) if done.any() or len(fold) != len(lanes.fold) else own_rates
        kept.keep(state, lanes, interrupted=interrupt_noted())
    kept.finish(lanes)


def rates_of_lanes(rates: Rates, fold: NDArray[np.int32]) -> Rates:
    """Return the numbers of each lane."""
    own: Rates = jax.tree.map(lambda each: each[fold], rates)
    return own


def whole_lanes(weights: Any) -> NDArray[np.bool_]:
    """Say of each lane whether its weights are finite."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(weights)]
    whole: NDArray[np.bool_] = np.all([np.isfinite(leaf).reshape(len(leaf), -1).all(axis=1) for leaf in leaves], axis=0)
    return whole


def trained_fold(lanes: Lanes, spec: TrainSpec, fold: int, members: int) -> Trained:
    """Return what the lanes have collected of the members of a fold."""
    jobs = slice(fold * members, (fold + 1) * members)
    weights = jax.tree.map(lambda leaf: leaf[jobs], lanes.kept)
    return Trained(as_declared(spec.network, weights, spec.inputs, spec.outputs), History.of(lanes.losses[jobs]))


def require_finite(
    broken: NDArray[np.bool_],
    training: NDArray[Any],
    validation: NDArray[Any],
    lanes: Lanes,
    specs: Sequence[TrainSpec],
) -> None:
    """Raise the error of a lane whose loss is no longer finite."""
    if not broken.any():
        return
    first = int(broken.argmax())
    config = specs[lanes.fold[first]].config
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
