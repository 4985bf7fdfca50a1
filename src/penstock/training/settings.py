"""Many settings of one plan, trained on the same folds in the lanes of one program, with successive halving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from penstock.networks.weights import as_declared
from penstock.training.begin import Begin
from penstock.training.carried import carried_places
from penstock.training.config import TrainSpec
from penstock.training.epoch import initial_state
from penstock.training.folds import BlockShape, stack
from penstock.training.history import History, Trained
from penstock.training.kept import KeptTraining
from penstock.training.lanes import Lanes, lanes_at_once
from penstock.training.rates import separate
from penstock.training.samples import Samples
from penstock.training.train import run_lanes

__all__ = ["SettingResult", "rungs", "train_settings"]


@dataclass(frozen=True, eq=False)
class SettingResult:
    """What the training of one setting gave.

    Attributes
    ----------
    trained
        Weights and losses of each fold; None where it diverged or was left out.
    halved
        Epochs after which successive halving left it out; None: it was trained to its end.
    """

    trained: list[Trained] | None
    halved: int | None = None


def rungs(halving: int | None, epochs: int) -> list[int]:
    """Return the epochs after which settings are compared, the last being the end.

    Examples
    --------
    >>> rungs(2, 12), rungs(None, 12), rungs(20, 12)
    ([2, 4, 8, 12], [12], [12])
    """
    found = []
    while halving is not None and halving < epochs:
        found.append(halving)
        halving *= 2
    return [*found, epochs]


def train_settings(
    specs: Sequence[TrainSpec],
    folds: Sequence[Samples],
    *,
    epochs: int,
    members: int = 1,
    seed: int = 0,
    halving: int | None = None,
    shape: BlockShape | None = None,
) -> list[SettingResult]:
    """Train every setting on every fold, each of `members` from its own seed, as jobs that take turns in lanes.

    A setting's weights are those that it would be given alone, bit for bit: at least two lanes run always. One whose
    loss is no longer finite ends alone.

    Parameters
    ----------
    specs
        How each setting is trained, all of one plan (:func:`penstock.training.rates.separate`).
    folds
        The samples of each fold; several are windows of one length.
    epochs
        Epochs at most.
    members, seed
        Networks of each setting on each fold, and what their random numbers are drawn from: the same for all settings.
    halving
        Epochs after which, and then after twice as many and so on, the worse half of the settings by their mean lowest
        validation loss leaves its lanes to the others. None: all are trained to the end.
    shape
        What the folds are padded to, as in :func:`penstock.training.train.train_folds`.

    Returns
    -------
    What each setting gave.

    References
    ----------
    Jamieson & Talwalkar (2016), *Non-stochastic best arm identification and hyperparameter optimization* (successive
    halving).
    """
    if shape is not None or len(folds) > 1:
        shape = BlockShape.of_all(folds, shape)
    samples, each = stack(folds, shape), [spec for spec in specs for _ in folds]
    of_setting = np.repeat(np.arange(len(specs)), len(folds) * members)
    jobs = _Jobs(len(of_setting))
    halved: list[int | None] = [None] * len(specs)
    alive, least = np.ones(len(specs), bool), min(max(len(of_setting), 2), lanes_at_once())
    for until in rungs(halving, epochs):
        lanes = Lanes(len(each), members, lanes_at_once(), least=least, trained=jobs.trained, ended=jobs.ended)
        kept = KeptTraining.of(
            specs[0], folds, settings=tuple(specs), epochs=epochs, until=until, halving=halving, members=members,
            seed=seed, shape=shape, states=jobs.states, ended=jobs.ended
        )  # fmt: skip
        drawn = initial_state(separate(specs[0])[0], carried_places(specs[0].config, samples))
        kept.restore(lanes, jax.eval_shape(drawn, np.uint32(0), np.zeros(1, np.uint32)))
        if lanes.running.any():
            begin = Begin(members, seed, states=jobs.states)
            run_lanes(each, samples, shape, lanes, kept, begin, epochs, until=until, settings=True)
        jobs.take(lanes, each, members, until, epochs)
        alive &= ~np.isin(np.arange(len(specs)), of_setting[jobs.diverged])
        if until < epochs and alive.any():
            loss = jobs.states.best_loss.reshape(len(specs), -1).mean(axis=1)
            ranked = sorted(np.flatnonzero(alive), key=lambda place: loss[place])
            for place in ranked[-(-len(ranked) // 2) :]:
                alive[place], halved[place] = False, until
        jobs.ended |= ~alive[of_setting]
        if jobs.ended.all():
            break
    return [
        SettingResult(
            jobs.trained_folds(specs[place], place, len(folds), members) if alive[place] else None, halved[place]
        )
        for place in range(len(specs))
    ]


class _Jobs:
    """Where each job stands between two rungs: a member of a fold of a setting."""

    def __init__(self, count: int) -> None:
        self.trained: NDArray[np.int64] = np.zeros(count, np.int64)
        self.ended, self.diverged = np.zeros(count, bool), np.zeros(count, bool)
        self.losses: list[list[tuple[float, float]]] = [[] for _ in range(count)]
        self.states: Any = None

    def take(self, lanes: Lanes, specs: Sequence[TrainSpec], members: int, until: int, epochs: int) -> None:
        """Take over what was trained up to a rung, and say which jobs have come to their end."""
        ran = ~self.ended
        before = lanes.kept if self.states is None else self.states

        def newer(new: NDArray[Any], old: NDArray[Any]) -> NDArray[Any]:
            return np.where(ran.reshape(-1, *(1,) * (new.ndim - 1)), new, old)

        self.states = jax.tree.map(newer, lanes.kept, before)
        self.losses = [old + new for old, new in zip(self.losses, lanes.losses, strict=True)]
        self.trained = np.array([len(each) for each in self.losses], np.int64)
        self.diverged |= lanes.diverged
        last = np.array([each[-1][1] for each in self.losses])
        config = [spec.config for spec in specs for _ in range(members)]
        patience = np.array([np.inf if each.patience is None else each.patience for each in config])
        target = np.array([-np.inf if each.target_loss is None else each.target_loss for each in config])
        at_end = (self.trained < until) | (np.asarray(self.states.waited) >= patience) | (last <= target)
        self.ended = self.ended | self.diverged | at_end | (until == epochs)

    def trained_folds(self, spec: TrainSpec, setting: int, folds: int, members: int) -> list[Trained]:
        """Return the best weights and the losses of a setting on each fold."""
        found = []
        for fold in range(setting * folds, (setting + 1) * folds):
            own = slice(fold * members, (fold + 1) * members)
            weights = jax.tree.map(lambda leaf, own=own: leaf[own], self.states.best_weights)
            weights = as_declared(spec.network, weights, spec.inputs, spec.outputs)
            found.append(Trained(weights, History.of(self.losses[own])))
        return found
