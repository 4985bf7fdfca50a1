"""One epoch as one compiled call: shuffle, gather samples, forward, backward, update, validation loss.

Nothing returns to Python between the steps. A long epoch is run by several calls of the same program, each of which
takes some of its steps. Members and folds run side by side in lanes, over a leading axis; samples of unlike length in
buckets, whose batches take turns.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.layers.dropout_shares import given_shares
from penstock.layers.noise import fold_in, seeded
from penstock.programs import keep_programs
from penstock.training.buckets import samples_at_once
from penstock.training.carried import train_carried, validate_carried
from penstock.training.compile_options import quickly
from penstock.training.config import TrainConfig, TrainSpec
from penstock.training.pieces import Progress, StepRange, turns_within
from penstock.training.rates import Rates, with_rates
from penstock.training.samples import Samples, SampleSet
from penstock.training.step import TrainStep

__all__ = ["TrainState", "compiled_epoch", "initial_state"]

_VALIDATION_CHUNK = 1024  # samples whose validation loss is computed at once, at most


class TrainState(NamedTuple):
    """The state of training; every leaf starts with the axis of the lanes, ``[lanes, ...]``.

    Attributes
    ----------
    weights, best_weights
        Weights now, and those with the lowest validation loss so far.
    optimizer
        State of the optimiser.
    key
        What each lane's shuffles and dropout are drawn from, uint32 ``[lanes, 2]``.
    epochs
        Epochs trained.
    best_loss, waited
        Lowest validation loss, and the epochs since.
    progress
        What the epoch has come to, where it is run in pieces.
    """

    weights: Any
    best_weights: Any
    optimizer: Any
    key: jax.Array
    epochs: jax.Array
    best_loss: jax.Array
    waited: jax.Array
    progress: Progress


@keep_programs(64)
def initial_state(plan: TrainSpec, places: int = 0) -> Any:
    """Compile the draw of initial weights.

    Parameters
    ----------
    plan
        What is trained, and how, but for its rates (:func:`penstock.training.rates.separate`).
    places
        Places in the series that are trained on at once, where the state is carried
        (:func:`penstock.training.carried.places_at_once`).

    Returns
    -------
    A compiled function of a seed and of the numbers of members ``[lanes]``, both uint32, which gives a
    :class:`TrainState`. A member's weights and shuffles follow from the seed and its number alone.
    """
    step = TrainStep(*plan)

    def lane(seed: jax.Array, member: jax.Array) -> TrainState:
        key_weights, key_shuffle = jax.random.split(jax.random.fold_in(seeded(seed), member))
        weights, nothing = step.init_weights(key_weights), jnp.asarray(0, float)
        module: Any = step.network.with_weights(weights, step.inputs, step.outputs)
        carried = module.initial_state(places) if places else None
        return TrainState(
            weights,
            weights,
            step.begin(weights),
            jax.random.key_data(key_shuffle),
            jnp.asarray(0, int),
            jnp.asarray(jnp.inf, float),
            jnp.asarray(0, int),
            Progress(nothing, nothing, carried),
        )

    # It runs once: on a CPU, code that is quick to compile beats code that is quick.
    options = {"xla_backend_optimization_level": 0} if jax.default_backend() == "cpu" else {}
    return jax.jit(jax.vmap(lane, in_axes=(None, 0)), compiler_options=options | (quickly() or {}))


@keep_programs(64)
def compiled_epoch(plan: TrainSpec, even: bool = True, quick: bool = False) -> Any:
    """Compile one epoch, or a piece of it, for all lanes.

    Parameters
    ----------
    plan
        What is trained, and how, but for its rates (:func:`penstock.training.rates.separate`).
    even
        Whether an epoch takes the same number of steps in every fold. Where it does not, the lanes with fewer wait.
    quick
        Whether to compile in half the time a program that is a little slower, for a fit that is soon over.

    Returns
    -------
    A compiled function of the state, of the fold of each lane ``[lanes]``, of its :class:`Rates`, of the samples of all
    folds (:func:`penstock.training.folds.stack`), of the steps to take (:class:`penstock.training.pieces.StepRange`),
    and, where the samples fall into several buckets, of the order in which their batches take turns: bucket, first
    batch and the one after the last, ``[turns, 3]``. It gives the state afterwards and, for each lane, the mean
    training loss over the epoch's steps so far and the validation loss (infinite without validation samples, and before
    the epoch ends). The bits are those of one call, however the epoch is cut.
    """
    return jax.jit(_Lanes(plan, even).lanes, donate_argnums=0, compiler_options=quickly() if quick else None)


class _Lanes:
    """An epoch of all lanes, each with numbers of its own."""

    def __init__(self, plan: TrainSpec, even: bool) -> None:
        self.plan, self.even = plan, even

    def lanes(
        self,
        state: TrainState,
        folds: jax.Array,
        rates: Rates,
        samples: Samples,
        piece: StepRange,
        turns: jax.Array | NDArray[np.int32] | None = None,
    ) -> tuple[TrainState, jax.Array, jax.Array]:
        """Run the piece of the epoch of all lanes."""
        if turns is None and not self.plan.config.stateful:
            (found,) = samples.train.values()
            most = jnp.max(steps_of_epoch(self.plan.config, found.total[folds]))
            piece = piece._replace(last=jnp.minimum(piece.last, most))
        order = None if turns is None else turns_within(jnp.asarray(turns), piece)

        def lane(state: TrainState, fold: jax.Array, rates: Rates) -> tuple[TrainState, jax.Array, jax.Array]:
            epoch = _Epoch(TrainStep(*with_rates(self.plan, rates)), self.even)
            with given_shares(rates.dropout):
                return epoch.lane(state, fold, samples, piece, order)

        return jax.vmap(lane)(state, folds, rates)


def steps_of_epoch(config: TrainConfig, total: jax.Array) -> jax.Array:
    """Return how many steps an epoch takes on so many samples."""
    steps = (total + config.batch - 1) // config.batch
    return steps if config.steps_per_epoch is None else jnp.minimum(steps, config.steps_per_epoch)


def _share(piece: StepRange, taken: jax.Array, steps: jax.Array) -> jax.Array:
    """Return which share of the epoch has been trained, after so many of the steps on the samples at hand."""
    return jnp.where(piece.total > 0, (piece.before + taken) / jnp.maximum(piece.total, 1), taken / steps)


class _Epoch:
    """The parts of an epoch: the training and the validation of a lane, as pure functions."""

    def __init__(self, take: TrainStep, even: bool) -> None:
        self.take, self.even, self.config = take, even, take.config

    def lane(
        self, state: TrainState, fold: jax.Array, samples: Samples, piece: StepRange, turns: jax.Array | None
    ) -> tuple[TrainState, jax.Array, jax.Array]:
        """Run the piece of the epoch of one lane."""
        train, ends = _of_fold(samples.train, fold), piece.ends
        loss, weight = (jnp.where(piece.first == 0, 0, each) for each in state.progress[:2])
        state = state._replace(progress=state.progress._replace(loss=loss, weight=weight))
        if self.config.stateful:
            ((length, found),) = train.items()
            weights, optimizer, progress, training_loss = train_carried(self.take, state, found, samples, length, piece)
        else:
            weights, optimizer, progress, training_loss = self.train(state, train, samples, piece, turns)
        state = state._replace(weights=weights, optimizer=optimizer, progress=progress)
        if samples.validation:
            validation = _of_fold(samples.validation, fold)
            if self.config.stateful:
                ((length, found),) = validation.items()
                validation_loss = validate_carried(self.take, weights, found, samples, length, ends)
            else:
                validation_loss = self.validate(weights, validation, samples, ends)
            better = ends & ((validation_loss < state.best_loss) | (_count(validation) == 0))
            state = state._replace(
                best_loss=jnp.where(better, validation_loss, state.best_loss),
                waited=jnp.where(better, 0, state.waited + ends),
            )
        else:
            validation_loss, better = jnp.full_like(training_loss, jnp.inf), jnp.asarray(ends)
        best = jax.tree.map(lambda new, old: jnp.where(better, new, old), weights, state.best_weights)
        return state._replace(best_weights=best, epochs=state.epochs + ends), training_loss, validation_loss

    def train(
        self,
        state: TrainState,
        train: dict[int, SampleSet],
        samples: Samples,
        piece: StepRange,
        turns: jax.Array | None,
    ) -> tuple[Any, Any, Progress, jax.Array]:
        """Take the steps; return weights, state of the optimiser, and the mean training loss so far."""
        key = fold_in(state.key, state.epochs)
        shuffles, dropouts = fold_in(key, 0), fold_in(key, 1)
        if samples.source.first is None:  # one length
            keys = dict.fromkeys(train, (shuffles, dropouts))
        else:
            keys = {length: (fold_in(shuffles, length), fold_in(dropouts, length)) for length in train}
        orders = {length: found.shuffled(keys[length][0], self.config.batch) for length, found in train.items()}
        schedule = self.config.scheduled_sampling
        ratio = None if schedule is None else schedule.teacher_forcing_ratio(state.epochs.astype(samples.dtype))
        counts = (steps_of_epoch(self.config, found.total) for found in train.values())
        all_steps = sum(counts, jnp.zeros((), jnp.int32))

        def step(length: int, number: jax.Array, carry: tuple[Any, ...]) -> tuple[Any, ...]:
            weights, optimizer, total, weight, taken = carry
            first = number * self.config.batch
            numbers = jax.lax.dynamic_slice_in_dim(orders[length], first, self.config.batch)
            counted = _weight(samples, numbers, first + jnp.arange(self.config.batch) < train[length].total)
            batch = samples.batch(numbers, length, counted, ratio)
            own = fold_in(keys[length][1], number)
            epoch = state.epochs if self.config.schedule is None else state.epochs + _share(piece, taken, all_steps)
            weights, optimizer, value = self.take(weights, optimizer, batch, own, epoch)
            after = weights, optimizer, total + value * jnp.sum(counted), weight + jnp.sum(counted), taken + 1
            if self.even:
                return after
            going = first < train[length].total
            return jax.tree.map(lambda new, old: jnp.where(going, new, old), after, carry)

        progress = state.progress
        taken = jnp.asarray(piece.first, int)
        carry: tuple[Any, ...] = state.weights, state.optimizer, progress.loss, progress.weight, taken
        runs = [partial(self._run, partial(step, length)) for length in train]
        if turns is None:
            (length,) = train
            carry = jax.lax.fori_loop(piece.first, piece.last, partial(step, length), carry)
        else:
            carry = jax.lax.fori_loop(
                0, len(turns), lambda turn, carry: jax.lax.switch(turns[turn, 0], runs, turns[turn], carry), carry
            )
        weights, optimizer, total, weight, _ = carry
        counted = weight
        if self.config.steps_per_epoch is None:  # in one sum, which is exact, where the epoch is whole
            counted = jnp.where(piece.last >= all_steps, _total_weight(samples, train), weight)
        return weights, optimizer, progress._replace(loss=total, weight=weight), total / jnp.maximum(counted, 1e-30)

    @staticmethod
    def _run(step: Any, turn: jax.Array, carry: Any) -> Any:
        return jax.lax.fori_loop(turn[1], turn[2], step, carry)

    def validate(
        self, weights: Any, validation: dict[int, SampleSet], samples: Samples, ends: jax.Array | np.bool_
    ) -> jax.Array:
        """Return the mean validation loss, weighed; infinite without validation samples, and before the epoch ends."""
        total = jnp.zeros((), samples.dtype)
        for length, found in validation.items():
            chunk = min(samples_at_once(length, _VALIDATION_CHUNK), len(found.numbers))
            padded = jnp.pad(found.numbers, (0, -len(found.numbers) % chunk), mode="edge")

            def step(
                number: jax.Array,
                total: jax.Array,
                *,
                length: int = length,
                found: SampleSet = found,
                chunk: int = chunk,
                padded: jax.Array = padded,
            ) -> jax.Array:
                first = number * chunk
                numbers = jax.lax.dynamic_slice_in_dim(padded, first, chunk)
                counted = _weight(samples, numbers, first + jnp.arange(chunk) < found.total)
                each = self.take.losses(weights, samples.batch(numbers, length, counted))
                return total + jnp.sum(jnp.where(counted > 0, each * counted, 0))

            most = jnp.max(samples.validation[length].total)  # of all folds: one number of steps for all lanes
            total = jax.lax.fori_loop(0, jnp.where(ends, (most + chunk - 1) // chunk, 0), step, total)
        weight = _total_weight(samples, validation)
        return jnp.where(ends & (_count(validation) > 0), total / jnp.where(weight > 0, weight, 1), jnp.inf)


def _of_fold(sets: dict[int, SampleSet], fold: jax.Array) -> dict[int, SampleSet]:
    return {length: SampleSet(found.numbers[fold], found.total[fold]) for length, found in sets.items()}


def _count(sets: dict[int, SampleSet]) -> jax.Array:
    return sum((found.total for found in sets.values()), jnp.zeros((), jnp.int32))


def _weight(samples: Samples, numbers: jax.Array, counts: jax.Array) -> jax.Array:
    """Return what each sample weighs in the loss; nothing where it is padding."""
    if samples.weight is None:
        return counts.astype(samples.dtype)
    return jnp.where(counts, samples.weight[numbers], 0)


def _total_weight(samples: Samples, sets: dict[int, SampleSet]) -> jax.Array:
    if samples.weight is None:
        return _count(sets).astype(samples.dtype)
    weight = samples.weight
    each = (
        jnp.sum(jnp.where(jnp.arange(len(found.numbers)) < found.total, weight[found.numbers], 0))
        for found in sets.values()
    )
    return sum(each, jnp.zeros((), samples.dtype))
