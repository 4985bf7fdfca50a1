"""Training with carried state: series walked part by part, the state of each part carried to the next.

The gradient goes back to the beginning of a part (truncated backpropagation through time), the state to the beginning
of its series; every step of a part has its targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.kernels import order
from penstock.layers.noise import fold_in, random_bits
from penstock.training.batch import Batch
from penstock.training.carried_step import part_gradients, part_losses, state_after
from penstock.training.config import TrainConfig
from penstock.training.pieces import Progress, StepRange
from penstock.training.samples import Samples, SampleSet
from penstock.training.source import Source, gather, pad_rows
from penstock.training.step import TrainStep

__all__ = [
    "CarriedRows",
    "carried_places",
    "carried_samples",
    "carried_steps",
    "places_at_once",
    "train_carried",
    "validate_carried",
]

_FEWEST = 8  # parts that are walked one after the other in an epoch, where there are so many
_AT_ONCE = 256  # series whose validation loss is computed at once

TRAIN, VALIDATION = 1, 2


@partial(jax.tree_util.register_dataclass, data_fields=["values", "use", "first", "end"], meta_fields=["horizon"])
@dataclass(frozen=True, eq=False)
class CarriedRows:
    """Targets of series that are walked: each row has those of the `horizon` rows that follow it.

    Attributes
    ----------
    values
        Values to learn, ``[rows]``.
    use
        What the forecast made at each row is for, ``[rows]``: nothing (0), training (1) or validation (2).
    first, end
        First row of each row's series that is read, and the row behind its last, ``[rows]``.
    horizon
        Rows that follow.
    """

    values: jax.Array
    use: jax.Array
    first: jax.Array
    end: jax.Array
    horizon: int


def carried_samples(
    source: Source,
    targets: NDArray[np.float64],
    series: NDArray[np.int64],
    train: NDArray[np.int64],
    validation: NDArray[np.int64],
    *,
    steps: int,
    horizon: int,
) -> Samples:
    """Return samples whose state is carried.

    Parameters
    ----------
    source
        What is read of each row.
    targets
        Value to learn of each row, ``[rows]``.
    series
        First row that is read, and the row behind the last, of each series, ``[series, 2]``.
    train, validation
        Rows at which forecasts are made for training and for validation.
    steps
        Rows of a part.
    horizon
        Rows ahead that are forecast.

    Returns
    -------
    Samples: parts to train on, by their first row; for validation whole series, by their first row.

    Examples
    --------
    >>> y = np.arange(20.0)
    >>> found = carried_samples(Source.of(y[:, None]), y, np.array([[0, 20]]), np.arange(12), np.arange(14, 19),
    ...                         steps=5, horizon=1)
    >>> found.train[5].numbers[:4].tolist(), int(found.train[5].total), int(found.validation[5].total)
    ([0, 5, 10, 0], 3, 1)
    """
    rows = len(targets)
    use, first, end = np.zeros(rows, np.int8), np.zeros(rows, np.int32), np.zeros(rows, np.int32)
    use[train], use[validation] = TRAIN, VALIDATION
    parts, walked = [], []
    for begin, behind in series:
        first[begin:behind], end[begin:behind] = begin, behind
        own = np.flatnonzero(use[begin:behind] == TRAIN)
        if len(own):
            parts.append(np.arange(begin, begin + own[-1] + 1, steps))
        if (use[begin:behind] == VALIDATION).any():
            walked.append(begin)
    dtype = jax.dtypes.canonicalize_dtype(float)
    carried = CarriedRows(
        pad_rows(targets, dtype), pad_rows(use, np.int8), pad_rows(first, np.int32), pad_rows(end, np.int32), horizon
    )
    sets = np.concatenate(parts) if parts else np.zeros(0, np.int64), np.array(walked, np.int64)
    return Samples(source, carried, {steps: SampleSet.of(sets[0])}, {steps: SampleSet.of(sets[1])})  # type: ignore[arg-type]


def places_at_once(batch: int, parts: int) -> int:
    """Return how many places in the series are trained on at once, of so many parts (with what fills them up).

    Examples
    --------
    >>> places_at_once(20, 1000), places_at_once(20, 64)
    (20, 8)
    """
    return max(min(batch, parts // _FEWEST), 1)


def carried_places(config: TrainConfig, samples: Samples) -> int:
    """Return how many places in the stacked samples are trained on at once; 0 where no state is carried."""
    if not config.stateful:
        return 0
    ((_, found),) = samples.train.items()
    return places_at_once(config.batch, found.numbers.shape[1])


def carried_steps(batch: int, parts: int, total: Any) -> Any:
    """Return how many steps an epoch takes on `total` parts, padded to `parts`, one a place.

    Examples
    --------
    >>> carried_steps(20, 1000, 990)
    50
    """
    places = places_at_once(batch, parts)
    return -(-total // places)


def train_carried(
    take: TrainStep, state: Any, found: SampleSet, samples: Samples, length: int, piece: StepRange
) -> tuple[Any, Any, Progress, jax.Array]:
    """Train an epoch, or a piece of it.

    Series are walked in an order that is drawn, cut into as many places as are trained on at once.
    The state begins anew at the first row of a series. A place that begins within a series takes the state of the part
    before it, walked from its beginning state with the weights at hand.

    Parameters
    ----------
    take
        The training step.
    state
        State of training of one lane (:class:`penstock.training.epoch.TrainState`).
    found, samples, length
        The parts, what they are read from, and the rows of each.
    piece
        The steps of the epoch to take (:class:`penstock.training.pieces.StepRange`).

    Returns
    -------
    Weights, state of the optimiser, what the epoch has come to, and the mean training loss so far.
    """
    rows: CarriedRows = samples.targets  # type: ignore[assignment]
    key = fold_in(state.key, state.epochs)
    bits, config = random_bits(fold_in(key, 0), rows.first.shape), take.config
    true, own = jnp.arange(len(found.numbers)) < found.total, bits[rows.first[found.numbers]] >> 1
    drawn = jnp.where(true, own, jnp.uint32(2**32 - 1))  # what fills the array up stands last
    numbers = found.numbers[order(drawn)]
    total = jnp.maximum(found.total, 1)
    places = places_at_once(config.batch, len(numbers))
    each = carried_steps(config.batch, len(numbers), total)
    steps = each if config.steps_per_epoch is None else jnp.minimum(each, config.steps_per_epoch)
    rotated = (random_bits(fold_in(key, 2), (1,))[0] % total.astype(jnp.uint32)).astype(jnp.int32)

    def part(step: jax.Array) -> jax.Array:
        return numbers[(jnp.arange(places) * each + step + rotated) % total]

    module = take.network.with_weights(state.weights, take.inputs, take.outputs)
    fresh = module.initial_state(places)  # type: ignore[union-attr]
    before = _batch(samples, part(total - 1), length, jnp.zeros((places, length), bool))
    begun = state_after(take, state.weights, before, fresh)  # of the last part before each place
    carried = jax.tree.map(lambda new, old: jnp.where(piece.first == 0, new, old), begun, state.progress.carried)

    def step(number: jax.Array, carry: tuple[Any, ...]) -> tuple[Any, ...]:
        weights, optimizer, carried, loss, weight = carry
        here = part(number)
        carried = _where(rows.first[here] == here, fresh, carried)
        there = (jnp.arange(places) * each + number < total) & (number < each)
        batch = _batch(samples, here, length, there[:, None] & (_use(rows, here, length) == TRAIN))
        own = fold_in(fold_in(key, 1), number)
        value, gradients, by_look_up, ids, carried = part_gradients(take, weights, batch, carried, own)
        epoch = state.epochs if config.schedule is None else state.epochs + number / steps
        weights, optimizer = take.learn(weights, optimizer, gradients, by_look_up, ids, epoch)
        counted = jnp.sum(batch.counted)  # type: ignore[arg-type]
        return weights, optimizer, carried, loss + value * counted, weight + counted

    carry = state.weights, state.optimizer, carried, state.progress.loss, state.progress.weight
    carry = jax.lax.fori_loop(piece.first, jnp.minimum(piece.last, steps), step, carry)
    weights, optimizer, carried, loss, weight = carry
    return weights, optimizer, Progress(loss, weight, carried), loss / jnp.maximum(weight, 1)


def validate_carried(
    take: TrainStep, weights: Any, found: SampleSet, samples: Samples, length: int, ends: Any
) -> jax.Array:
    """Return the mean validation loss, each series walked from its beginning.

    It is infinite without validation samples, and where no epoch `ends`.
    """
    rows: CarriedRows = samples.targets  # type: ignore[assignment]
    at_once = min(_AT_ONCE, len(found.numbers))
    padded = jnp.pad(found.numbers, (0, -len(found.numbers) % at_once), mode="edge")
    module = take.network.with_weights(weights, take.inputs, take.outputs)
    fresh = module.initial_state(at_once)  # type: ignore[union-attr]
    nothing = jnp.zeros((), samples.dtype)

    def group(number: jax.Array, sums: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        firsts = jax.lax.dynamic_slice_in_dim(padded, number * at_once, at_once)
        true = number * at_once + jnp.arange(at_once) < found.total
        lengths = jnp.where(true, rows.end[firsts] - firsts, 0)

        def step(place: jax.Array, carry: tuple[Any, ...]) -> tuple[Any, ...]:
            carried, loss, weight = carry
            here = firsts + place * length
            going = (place * length + jnp.arange(length) < lengths[:, None]) & true[:, None]
            use = gather(rows.use, here, length)
            batch = _batch(samples, here, length, going & (use == VALIDATION), firsts)
            losses, carried = part_losses(take, weights, batch, carried)
            counted: jax.Array = batch.counted  # type: ignore[assignment]
            return carried, loss + jnp.sum(losses * counted), weight + jnp.sum(counted)

        parts = (jnp.max(lengths) + length - 1) // length
        _, loss, weight = jax.lax.fori_loop(0, parts, step, (fresh, *sums))
        return loss, weight

    groups = jnp.where(ends, (found.total + at_once - 1) // at_once, 0)
    loss, weight = jax.lax.fori_loop(0, groups, group, (nothing, nothing))
    return jnp.where(weight > 0, loss / jnp.where(weight > 0, weight, 1), jnp.inf)


def _use(rows: CarriedRows, numbers: jax.Array, length: int) -> jax.Array:
    """Return what the forecasts of a part are for, ``[n, length]``; nothing behind the end of its series."""
    within = numbers[:, None] + jnp.arange(length) < rows.end[numbers][:, None]
    return jnp.where(within, gather(rows.use, numbers, length), 0)


def _batch(samples: Samples, numbers: jax.Array, length: int, counted: jax.Array, of: jax.Array | None = None) -> Batch:
    """Gather parts ``[n]`` with the targets of every step; `of` are rows of their series, where a part has none."""
    source, rows = samples.source, samples.targets
    assert isinstance(rows, CarriedRows)  # noqa: S101 (a window has other targets)
    following = numbers[:, None, None] + 1 + jnp.arange(length)[:, None] + jnp.arange(rows.horizon)
    y = jnp.where(counted[..., None], rows.values.at[following].get(mode="clip"), 0)
    categories = extra = None
    if source.categories is not None and source.series is not None:
        categories = source.categories[source.series[numbers if of is None else of]]
    if source.extra is not None:
        ahead = numbers[:, None, None] + 1 + jnp.arange(length)[:, None] + jnp.arange(source.ahead)
        extra = source.extra.at[ahead].get(mode="clip").astype(source.values.dtype).reshape(*counted.shape, -1)
    x = source.values.at[numbers[:, None] + jnp.arange(length)].get(mode="clip")
    return Batch(x, y, counted.astype(samples.dtype), None, categories, extra)


def _where(condition: jax.Array, yes: Any, no: Any) -> Any:
    """Choose the state of each series."""
    return jax.tree.map(lambda a, b: jnp.where(condition.reshape(condition.shape + (1,) * (a.ndim - 1)), a, b), yes, no)
