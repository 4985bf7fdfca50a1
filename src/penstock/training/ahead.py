"""The compiled programs of a training, begun as early as their shapes are known.

XLA compiles without holding Python's lock: while it compiles an epoch, this process goes on with what else a training
needs, such as the first weights, or the samples of the other folds of a walk-forward.
"""

from __future__ import annotations

import math
from concurrent.futures import Future
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from penstock.programs import beside
from penstock.training.carried import carried_places
from penstock.training.config import TrainSpec
from penstock.training.epoch import compiled_epoch, initial_state
from penstock.training.folds import BlockShape, stack
from penstock.training.lanes import Lanes, lanes_at_once
from penstock.training.pieces import StepRange
from penstock.training.rates import Rates, separate, stack_rates
from penstock.training.samples import Samples

__all__ = ["SOON_OVER", "Programs"]

SOON_OVER = 1e11  # operations of a member's fit below which a quick compilation saves more than a quick program


class Programs(NamedTuple):
    """The programs of a training.

    Attributes
    ----------
    epoch
        The compiled function of an epoch (:func:`penstock.training.epoch.compiled_epoch`).
    work
        Operations of an epoch of a lane, about.
    state
        Shapes of the state of all lanes.
    drawn
        Shapes of the state that is drawn for each member.
    compiled, first
        End when the epoch, and when the draw of the first weights, are compiled.
    """

    epoch: Any
    work: float
    state: Any
    drawn: Any
    compiled: Future[Any]
    first: Future[Any]

    @classmethod
    def begin(
        cls,
        plan: TrainSpec,
        rates: Rates,
        samples: Samples,
        shape: BlockShape | None,
        fold: NDArray[np.int32],
        turns: NDArray[np.int32] | None,
        *,
        epochs: int,
        members: int,
        seed: int,
        ahead: Programs | None = None,
    ) -> Programs:
        """Trace the epoch and let XLA compile it, then trace the draw of the first weights.

        Parameters
        ----------
        plan, rates
            What is trained, and the numbers of each lane (:func:`penstock.training.rates.separate`).
        samples, shape
            The stacked samples, and what they are padded to.
        fold
            The fold of each lane, ``[lanes]``.
        turns
            The order of batches, where the samples fall into several buckets.
        epochs, members, seed
            As in :func:`penstock.training.train.train_folds`.
        ahead
            Programs whose compilation was begun before; it is waited for.
        """
        config = plan.config
        places = carried_places(config, samples)
        drawn = initial_state(plan, places).trace(np.uint32(seed), np.arange(members, dtype=np.uint32))
        weights = sum(math.prod(leaf.shape[1:]) for leaf in jax.tree.leaves(drawn.out_info.weights))
        steps = {length: -(-np.asarray(found.total) // config.batch) for length, found in samples.train.items()}
        longest = steps if shape is None else {length: np.array(-(-shape.most // config.batch)) for length in steps}
        if config.steps_per_epoch is not None:
            longest = {length: np.minimum(each, config.steps_per_epoch) for length, each in longest.items()}
        work = 6 * weights * config.batch * sum(length * int(each.max()) for length, each in longest.items())
        even = shape is None or shape.even(config.batch)
        epoch = compiled_epoch(plan, even, quick=work * epochs < SOON_OVER)
        width = len(fold)
        state = jax.tree.map(
            lambda leaf: jax.ShapeDtypeStruct((width, *leaf.shape[1:]), leaf.dtype),  # type: ignore[no-untyped-call]
            drawn.out_info,
        )
        lowered = epoch.lower(state, fold, rates, samples, StepRange.of(0, 1, ends=True), turns)
        if ahead is not None:
            ahead.first.result()
            ahead.compiled.result()
        compiled = beside(lowered.compile)
        first = beside(drawn.lower().compile)
        return cls(epoch, work, state, drawn.out_info, compiled, first)

    @classmethod
    def of_first(
        cls, spec: TrainSpec, first: Samples, shape: BlockShape, *, epochs: int, members: int, seed: int
    ) -> Programs:
        """Begin the programs of a walk-forward whose first samples alone are there.

        Parameters
        ----------
        spec
            What is trained, and how.
        first
            The samples of one fold.
        shape
            What all folds are padded to.
        epochs, members, seed
            As in :func:`penstock.training.train.train_folds`.
        """
        plan, own = separate(spec)
        shape, samples = BlockShape.of_all([first], shape), stack([first], shape)
        fold = Lanes(shape.folds, members, lanes_at_once(), shape.folds).fold
        rates: Rates = jax.tree.map(lambda each: each[np.zeros(len(fold), int)], stack_rates([own]))
        return cls.begin(plan, rates, samples, shape, fold, None, epochs=epochs, members=members, seed=seed)
