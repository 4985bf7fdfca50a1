"""Training: epochs until every member has stopped, best weights kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from penstock.errors import TrainingError
from penstock.networks.network import Network
from penstock.training.epoch import begin, compiled_epoch, member_keys
from penstock.training.plan import Plan
from penstock.training.progress import EpochBar
from penstock.training.samples import Samples

__all__ = ["History", "Trained", "must_be_finite", "train"]


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


def train(
    network: Network,
    plan: Plan,
    samples: Samples,
    *,
    window: int,
    horizon: int,
    outputs: int,
    epochs: int,
    members: int = 1,
    seed: int = 0,
    progress: bool | None = None,
) -> Trained:
    """Train `members` networks from fresh weights on the same samples.

    Each member has its own initial weights and shuffles, derived from `seed`; no global random state is touched. A
    member stops when its watched loss has not fallen for `plan.patience` epochs; its best weights are returned.

    Raises
    ------
    TrainingError
        When a loss is no longer finite; the message says at which epoch and what to try.
    """
    inputs = samples.source.widths
    learning = begin(network, plan, inputs, outputs)(member_keys(seed, members))
    epoch = compiled_epoch(network, plan, inputs, outputs, window, horizon)
    learned_by_epoch, watched_by_epoch = [], []
    going = np.ones(members, dtype=bool)
    watching = int(samples.watch.total) > 0
    with EpochBar(epochs, progress) as bar:
        for number in range(1, epochs + 1):
            learning, learned, watched = epoch(learning, samples)
            learned, watched, waited = jax.device_get((learned, watched, learning.waited))
            must_be_finite(learned, watched if watching else learned, going, number, plan)
            learned_by_epoch.append(np.where(going, learned, np.nan))
            watched_by_epoch.append(np.where(going & watching, watched, np.nan))
            if plan.patience is not None:
                going = waited < plan.patience
            bar.advance(float(np.median(learned)), float(np.median(watched)), int(going.sum()))
            if not going.any():
                break
    leaves = [np.isfinite(leaf).reshape(members, -1).all(axis=1) for leaf in jax.tree.leaves(learning.best_weights)]
    whole = np.all(leaves, axis=0)
    # Where nothing is watched, the very last step may have broken the weights unseen.
    broken = np.where(whole, np.asarray(learned), np.nan)
    must_be_finite(broken, broken, ~whole, number, plan)
    history = History(np.array(learned_by_epoch, dtype=float), np.array(watched_by_epoch, dtype=float))
    return Trained(jax.tree.map(np.asarray, learning.best_weights), history)


def must_be_finite(
    learned: NDArray[Any], watched: NDArray[Any], going: NDArray[np.bool_], epoch: int, plan: Plan
) -> None:
    """Raise the error of a loss ``[members]`` that is no longer finite, where a member is still going."""
    broken = going & ~(np.isfinite(learned) & np.isfinite(watched))
    if broken.any():
        which = f" of member {int(broken.argmax())}" if len(broken) > 1 else ""
        rate = getattr(plan.optimizer, "learning_rate", None)
        advice = [
            f"a smaller learning rate (now {rate:g})" if rate else "",
            "clip=1.0" if plan.clip is None else f"a smaller clip (now {plan.clip:g})",
            "scale='standard' or 'minmax' if the values are large",
        ]
        raise TrainingError(
            f"the loss{which} was no longer finite in epoch {epoch} ({learned[broken][0]:g} on the samples, "
            f"{watched[broken][0]:g} on the validation tail); try {', or '.join(filter(None, advice))}."
        )
