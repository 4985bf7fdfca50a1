"""Training: epochs until every member of every fold has stopped, best weights kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from penstock.errors import TrainingError
from penstock.networks.network import Network
from penstock.training.epoch import Shape, begin, compiled_epoch
from penstock.training.folds import stack
from penstock.training.lanes import Lanes, lanes_at_once
from penstock.training.plan import Plan
from penstock.training.progress import EpochBar
from penstock.training.samples import Samples

__all__ = ["History", "Trained", "must_be_finite", "train", "train_folds"]


@dataclass(frozen=True, eq=False)
class History:
    """The losses of every epoch, ``[epochs, members]``; NaN after a member has stopped.

    Attributes
    ----------
    learned
        Mean loss over the steps of the epoch, in scaled units.
    watched
        Loss on the validation tail after the epoch, or NaN where nothing was watched.
    """

    learned: NDArray[np.float64]
    watched: NDArray[np.float64]

    @property
    def epochs(self) -> NDArray[np.int64]:
        """Epochs that each member trained, ``[members]``."""
        return np.isfinite(self.learned).sum(axis=0)


@dataclass(frozen=True, eq=False)
class Trained:
    """Weights of all members, every leaf ``[members, ...]``, and how they came about."""

    weights: Any
    history: History


def train(network: Network, plan: Plan, samples: Samples, **options: Any) -> Trained:
    """Train networks from fresh weights on the same samples: one fold of :func:`train_folds`, which has the options."""
    return train_folds(network, plan, [samples], **options)[0]


def train_folds(
    network: Network,
    plan: Plan,
    folds: Sequence[Samples],
    *,
    window: int,
    horizon: int,
    outputs: int,
    epochs: int,
    members: int = 1,
    seed: int = 0,
    progress: bool | None = None,
) -> list[Trained]:
    """Train `members` networks from fresh weights on the samples of each fold, side by side in one compiled program.

    Each member has its own initial weights and shuffles, derived from `seed` and its number, the same in every fold; no
    global random state is touched. A member stops when its watched loss has not fallen for `plan.patience` epochs, or
    has fallen to `plan.enough`; its best weights are returned, and the next member that waits takes its lane.

    Raises
    ------
    TrainingError
        When a loss is no longer finite; the message says at which epoch and what to try.
    """
    inputs, samples = folds[0].source.widths, stack(folds)
    steps = -(-np.asarray(samples.learn.total) // plan.batch)
    tails = np.asarray(samples.watch.total) > 0
    shape = Shape(window, horizon, even=len(set(steps.tolist())) == 1, watching=bool(tails.any()))
    start, epoch = begin(network, plan, inputs, outputs), compiled_epoch(network, plan, inputs, outputs, shape)
    lanes = Lanes(len(folds), members, lanes_at_once())
    with ThreadPoolExecutor(1) as beside:  # XLA compiles without the GIL: the first weights while the epoch is traced
        drawn = start.trace(np.uint32(seed), lanes.member)
        first = beside.submit(start, np.uint32(seed), lanes.member)
        epoch.lower(drawn.out_info, lanes.fold, samples).compile()
        learning = first.result()
    work = 6 * sum(math.prod(leaf.shape[1:]) for leaf in jax.tree.leaves(learning.weights)) * window * plan.batch
    with EpochBar(epochs * lanes.rounds, progress) as bar:
        while lanes.running.any():
            learning, learned, watched = epoch(learning, lanes.fold, samples)
            learned, watched, waited = jax.device_get((learned, watched, learning.waited))
            lanes.record(learned, np.where(tails[lanes.fold], watched, np.nan))
            told = np.where(tails[lanes.fold], watched, learned)
            must_be_finite(learned, told, lanes.running, int(lanes.epochs.max()), plan, lanes.names)
            bar.advance(learned, watched, int(lanes.running.sum()))
            done = lanes.running & (lanes.epochs == epochs)
            if plan.patience is not None:
                done |= lanes.running & (waited >= plan.patience)
            if plan.enough is not None:
                done |= lanes.running & (watched <= plan.enough)
            if done.any():
                # Where nothing is watched, the very last step may have broken the weights unseen.
                broken = np.where(lanes.harvest(learning.best_weights, done), learned, np.nan)
                must_be_finite(broken, broken, done, int(lanes.epochs.max()), plan, lanes.names)
                if (fresh := lanes.refill(done)) is not None:
                    beginning = start(np.uint32(seed), lanes.member)
                    learning = beginning if fresh.all() else _replaced(learning, beginning, fresh)
            learning = lanes.shrink(learning, work * int(steps[lanes.fold].max()))
    return [_trained(lanes, fold, members) for fold in range(len(folds))]


@jax.jit
def _replaced(learning: Any, beginning: Any, fresh: Any) -> Any:
    def put(old: jax.Array, new: jax.Array) -> jax.Array:
        return jax.numpy.where(fresh.reshape(fresh.shape + (1,) * (old.ndim - 1)), new, old)

    return jax.tree.map(put, learning, beginning)


def _trained(lanes: Lanes, fold: int, members: int) -> Trained:
    jobs = range(fold * members, (fold + 1) * members)
    longest = max(len(lanes.losses[job]) for job in jobs)
    losses = np.full((2, longest, members), np.nan)
    for member, job in enumerate(jobs):
        losses[:, : len(lanes.losses[job]), member] = np.array(lanes.losses[job]).T
    return Trained(jax.tree.map(lambda leaf: leaf[jobs.start : jobs.stop], lanes.weights), History(*losses))


def must_be_finite(
    learned: NDArray[Any],
    watched: NDArray[Any],
    going: NDArray[np.bool_],
    epoch: int,
    plan: Plan,
    names: Sequence[str] | None = None,
) -> None:
    """Raise the error of a loss ``[members]`` that is no longer finite, where a member is still going."""
    broken = going & ~(np.isfinite(learned) & np.isfinite(watched))
    if broken.any():
        first = int(broken.argmax())
        which = names[first] if names else f" of member {first}" if len(broken) > 1 else ""
        rate = getattr(plan.optimizer, "learning_rate", None)
        advice = [
            f"a smaller learning rate (now {rate:g})" if rate else "",
            "clip=1.0" if plan.clip is None else f"a smaller clip (now {plan.clip:g})",
            "scale='standard' or 'minmax' if the values are large",
        ]
        raise TrainingError(
            f"the loss{which} was no longer finite in epoch {epoch} ({learned[first]:g} on the samples, "
            f"{watched[first]:g} on the validation tail); try {', or '.join(filter(None, advice))}."
        )
