"""Training on samples beyond memory: shard after shard through the compiled epoch, the next one read beside."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.errors import OptionError
from penstock.interrupts import check_interrupt, interrupt_noted, interrupts_put_off
from penstock.training.ahead import SOON_OVER
from penstock.training.callbacks import Callback, EpochEnd, FitBegin, notify
from penstock.training.config import TrainSpec
from penstock.training.epoch import TrainState, compiled_epoch, initial_state
from penstock.training.history import Trained
from penstock.training.kept import KeptTraining
from penstock.training.lanes import Lanes
from penstock.training.pieces import Pieces, StepRange
from penstock.training.rates import separate, stack_rates
from penstock.training.shard_samples import ShardSamples
from penstock.training.stored import weight_shapes
from penstock.training.train import rates_of_lanes, require_finite, trained_fold, whole_lanes

__all__ = ["train_shards"]


def train_shards(
    spec: TrainSpec,
    samples: ShardSamples,
    *,
    epochs: int,
    members: int = 1,
    seed: int = 0,
    callbacks: Sequence[Callback] = (),
) -> Trained:
    """Train `members` networks side by side on the samples of all shards, from fresh weights.

    An epoch takes the shards one after the other, in an order that is drawn from `seed` for each epoch, and the samples
    of each in an order of their own; then the validation samples of all. With one shard the bits are those of
    :func:`penstock.training.train.train_folds`. With ``steps_per_epoch`` each shard gives steps by its share, and one
    that gives none is not read. Weights with the lowest validation loss are kept; within
    :func:`penstock.training.checkpoints` the state is kept at ends of epochs.

    Parameters
    ----------
    spec
        The network, and how to train it.
    samples
        The samples of each shard.
    epochs
        Epochs at most.
    members, seed
        Networks to train, and what their random numbers are drawn from.
    callbacks
        Hooks; each may stop members at the end of an epoch.

    Returns
    -------
    The weights and losses.

    Raises
    ------
    TrainingError
        When a loss is no longer finite.
    """
    lanes = Lanes(1, members, members)
    kept = KeptTraining.of(spec, [], epochs=epochs, members=members, seed=seed, shards=samples.digest)
    kept.restore(lanes, weight_shapes(spec.network, spec.inputs, spec.outputs))
    with notify(callbacks, FitBegin(spec.config, 1, members, epochs, lanes.rounds, lanes.calls)) as result:
        if lanes.running.any():
            _Run(spec, samples, lanes, kept, epochs, seed, callbacks).run()
        trained = trained_fold(lanes, spec, 0, members)
        result.append([trained])
    return trained


class _Run:
    """One training: what all of its epochs share."""

    def __init__(
        self,
        spec: TrainSpec,
        samples: ShardSamples,
        lanes: Lanes,
        kept: KeptTraining,
        epochs: int,
        seed: int,
        callbacks: Sequence[Callback],
    ) -> None:
        self.spec, self.samples, self.lanes, self.kept = spec, samples, lanes, kept
        self.epochs, self.seed, self.callbacks = epochs, seed, callbacks
        self.plan, rates = separate(spec)
        self.fold = lanes.fold
        self.rates = rates_of_lanes(stack_rates([rates]), self.fold)
        self.steps = samples.steps(spec.config.batch)
        limit = spec.config.steps_per_epoch
        self.in_all = int(self.steps.sum()) if limit is None else min(int(self.steps.sum()), limit)
        self.validated = sum(samples.validation) > 0
        if spec.config.target_loss is not None and not self.validated:
            raise OptionError(
                f"target_loss={spec.config.target_loss:g} is a validation loss, but there are no validation samples; "
                "give validation= more than 0, or target_loss=None."
            )
        self.interrupted = False

    @interrupts_put_off()
    def run(self) -> None:
        """Train until every member has stopped."""
        lanes, config = self.lanes, self.spec.config
        state = self._begin()
        self.keys = np.array(state.key)
        while lanes.running.any():
            check_interrupt()
            began = time.perf_counter()
            state, training, taken = self._train(state)
            validation = self._validate(state)
            state = self._counted(state, validation)
            validation = validation if self.validated else np.full(len(validation), np.nan, validation.dtype)
            lanes.record(training, validation)
            broken = lanes.running & ~np.isfinite(training + np.where(self.validated, validation, 0))
            require_finite(broken, training, np.where(self.validated, validation, training), lanes, [self.spec])
            seconds = time.perf_counter() - began
            event = EpochEnd(
                lanes.fold, lanes.member, lanes.epochs, training, validation, lanes.running, seconds,
                taken / self.in_all,
            )  # fmt: skip
            done = lanes.running & (lanes.epochs == self.epochs)
            done |= lanes.running & (np.asarray(state.waited) >= (config.patience or np.inf))
            if config.target_loss is not None:
                done |= lanes.running & (validation <= config.target_loss)
            for callback in self.callbacks:
                stopped = callback.on_epoch_end(event)
                done = done if stopped is None else done | (lanes.running & stopped)
            if done.any():
                lanes.collect(state.best_weights, done)
                unknown = np.full(len(done), np.nan)
                require_finite(done & ~whole_lanes(state.best_weights), unknown, unknown, lanes, [self.spec])
                lanes.schedule(done)
            self.kept.keep(state, lanes, interrupted=interrupt_noted())
        self.kept.finish(lanes)

    def _begin(self) -> TrainState:
        """Draw the first weights, and compile the epoch."""
        config = self.spec.config
        members = np.arange(len(self.lanes.job), dtype=np.uint32)
        state: TrainState = initial_state(self.plan)(np.uint32(self.seed), members)
        weights = sum(math.prod(leaf.shape[1:]) for leaf in jax.tree.leaves(state.weights))
        _, first = next(self.samples.read([0]))
        (window,) = first.train
        self.work = 6 * weights * config.batch * window
        self.epoch = compiled_epoch(self.plan, quick=self.work * self.in_all * self.epochs < SOON_OVER)
        resumed = self.kept.state(state)
        return state if resumed is None else TrainState(*resumed)

    def _train(self, state: TrainState) -> tuple[TrainState, NDArray[Any], int]:
        """Take the steps of an epoch; return the state, the mean training loss, and how many steps were taken."""
        number = int(self.lanes.epochs.max())
        order = np.random.default_rng([self.seed, number]).permutation(len(self.samples))
        ends = np.cumsum(self.steps[order]) * self.in_all // max(int(self.steps.sum()), 1)
        quotas = np.diff(ends, prepend=0)
        read = order[quotas > 0]
        losses = np.zeros((len(self.samples), len(self.lanes.job)))
        counts = np.zeros(len(self.samples))
        taken = 0
        for (place, samples), quota in zip(self.samples.read(read.tolist()), quotas[quotas > 0].tolist(), strict=True):
            pieces = Pieces(quota, self.work * quota * len(self.lanes.job))
            own = state._replace(key=jnp.asarray(self._keys(place)))

            def call(state: TrainState, piece: StepRange, samples: Any = samples, before: int = taken) -> Any:
                part = piece._replace(ends=np.bool_(False), before=np.int32(before), total=np.int32(self.in_all))
                return self.epoch(state, self.fold, self.rates, samples, part, None)

            state, training, _, steps = pieces.run(call, own, 0, self._between)
            losses[place], taken = training, taken + steps
            counts[place] = min(steps * self.spec.config.batch, self.samples.train[place])
            if self.interrupted:
                break
        share = counts / max(counts.sum(), 1)
        total = (losses * share[:, None]).sum(axis=0).astype(np.asarray(state.best_loss).dtype)
        return state._replace(key=jnp.asarray(self.keys)), total, taken

    def _between(self, state: TrainState, step: int) -> bool:
        """Say whether Ctrl-C ends the epoch here."""
        self.interrupted = interrupt_noted() and any(callback.takes_interrupts for callback in self.callbacks)
        if not self.interrupted:
            check_interrupt()
        return self.interrupted

    def _keys(self, place: int) -> NDArray[np.uint32]:
        """Return what the shuffles and dropout of each lane are drawn from on a shard, ``[lanes, 2]``."""
        if place == 0:
            return self.keys
        each = [np.random.SeedSequence([*map(int, key), place]).generate_state(2) for key in self.keys]
        return np.array(each, dtype=np.uint32)

    def _validate(self, state: TrainState) -> NDArray[Any]:
        """Return the mean loss of each lane on the validation samples of all shards; infinite where there are none."""
        held, nothing = jax.device_get(state), StepRange.of(0, 0, ends=True)
        counts = np.array(self.samples.validation, dtype=np.float64)
        losses = np.zeros((len(self.samples), len(self.lanes.job)))
        for place, samples in self.samples.read(np.flatnonzero(counts).tolist()):
            check_interrupt()
            _, _, losses[place] = self.epoch(held, self.fold, self.rates, samples, nothing, None)
        dtype = held.best_loss.dtype
        if not self.validated:
            return np.full(losses.shape[1], np.inf, dtype)
        mean: NDArray[Any] = (losses * (counts / counts.sum())[:, None]).sum(axis=0).astype(dtype)
        return mean

    def _counted(self, state: TrainState, validation: NDArray[Any]) -> TrainState:
        """Count the epoch, and keep the weights that are the best so far."""
        held: TrainState = jax.device_get(state)
        better = (validation < held.best_loss) | (not self.validated)
        best = jax.tree.map(
            lambda new, old: np.where(better.reshape(-1, *[1] * (new.ndim - 1)), new, old),
            held.weights,
            held.best_weights,
        )
        waited = np.where(better, 0, held.waited + self.validated).astype(held.waited.dtype)
        return held._replace(
            best_weights=best,
            epochs=held.epochs + np.ones_like(held.epochs),
            best_loss=jnp.asarray(np.where(better & self.validated, validation, held.best_loss), held.best_loss.dtype),
            waited=jnp.asarray(waited),
        )
