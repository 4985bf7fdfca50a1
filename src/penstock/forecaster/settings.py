"""Many settings of a forecaster that train as one program: those that differ only in numbers it is given as data."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Self

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.errors import OptionError
from penstock.forecaster.shards import ShardFits
from penstock.networks.inputs import Inputs
from penstock.networks.weights import end_to_end
from penstock.training.config import TrainSpec
from penstock.training.rates import separate
from penstock.training.settings import train_settings

__all__ = ["ForecasterSettings"]

_APART = {"network", "optimizer", "clip", "learning_rate_decay", "patience", "target_loss", "progress"}


@dataclass(repr=False, eq=False)
class ForecasterSettings(ShardFits):
    """What a search asks of a forecaster: which settings train together, and their training."""

    @property
    def settings_key(self) -> Hashable:
        """What settings have in common that train as one program: all but rates, dropout shares, clip and patience."""
        plan, _ = separate(TrainSpec(self.network, self._train_config(gaps=False), Inputs(), 1))
        rest = {name: value for name, value in self.get_params(deep=False).items() if name not in _APART}
        return repr(rest), plan.network, plan.config

    def fit_settings(
        self, settings: Sequence[Self], trains: Sequence[Panel], halving: int | None = None
    ) -> list[tuple[list[Self] | None, int | None]]:
        """Fit copies of each of `settings`, which have one key, on each of several panels.

        Parameters
        ----------
        settings
            Unfitted models with one :attr:`settings_key`.
        trains
            The training rows of each fold.
        halving
            Epochs after which the worse half of the settings is left out for the first time
            (:func:`penstock.training.settings.train_settings`); None: all are trained to the end.

        Returns
        -------
        For each setting a fitted copy a fold, and None; or None, where it diverged or was left out, and the epochs
        after which it was left out (None: it diverged).
        """
        prepared = [self.prepare(train) for train in trains]
        parts = [list(alike) for _, alike in groupby(prepared, key=lambda each: (each.reader.gaps, each.reader.season))]
        if self.stateful:
            parts = [[each] for each in prepared]
        if halving is not None:
            if len(parts) > 1:
                raise OptionError(
                    f"{self.label}: halving={halving} compares settings after some epochs on all inner folds, which do "
                    "not train together here; leave halving= out, or give inner= one fit (no refit=)."
                )
            if any(not int(found.total) for each in prepared for found in each.samples.validation.values()):
                raise OptionError(
                    f"{self.label}: halving={halving} compares validation losses, but there are no validation rows; "
                    "give the model validation= more than 0, or leave halving= out."
                )
        copies: list[list[Self] | None] = [[] for _ in settings]
        halved: list[int | None] = [None] * len(settings)
        for together in parts:
            specs = [each.spec(together[0], len(trains[0])) for each in settings]
            results = train_settings(
                specs, [each.samples for each in together], epochs=self.epochs, members=self.members, seed=self.seed,
                halving=halving,
            )  # fmt: skip
            for place, result in enumerate(results):
                own = copies[place]
                if result.trained is None or own is None:
                    copies[place], halved[place] = None, result.halved
                    continue
                for start, end in zip(together, result.trained, strict=True):
                    fitted = settings[place].clone()
                    fitted.finish(start, end)
                    own.append(fitted)
        for own in copies if self.stateful else ():
            for fitted, train in zip(own or (), trains, strict=False):
                fitted._keep_states(train)
        return list(zip(copies, halved, strict=True))

    def forecast_settings(
        self, fitted: Sequence[Self], panel: Panel, origins: NDArray[np.int64], places: NDArray[np.int64]
    ) -> list[NDArray[np.float64]]:
        """Forecast ``[n, horizon]`` with each of several fitted settings of one key, in one program.

        Parameters
        ----------
        fitted
            The settings.
        panel, origins, places
            The series, the flat row of the last known value of each forecast, and the fitted series of each.
        """
        if self.stateful:
            return super().forecast_settings(fitted, panel, origins, places)
        joint = copy.copy(self)
        sets = [each.weights_ for each in fitted] * (2 if len(fitted) * self.members == 1 else 1)  # never one alone
        joint.weights_ = end_to_end(sets)
        members = joint._forecast(panel, origins, places)
        cut = [members[place * self.members : (place + 1) * self.members] for place in range(len(fitted))]
        return [self.aggregate(own) for own in cut]
