"""The rows inside a fit's training rows by which settings are judged."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.data.scaling import mean_steps
from penstock.errors import DataError, TrainingError
from penstock.estimator import Estimator
from penstock.evaluation.rolling_origin import Fold, RollingOrigin

__all__ = ["InnerRows", "digest", "together"]

Values = NDArray[np.float64]

_SHARE = 5  # a fifth of the rows is scored where no split is given


@dataclass(frozen=True, eq=False)
class InnerRows:
    """The folds of a rolling origin inside training rows, alike for every setting.

    Attributes
    ----------
    panel
        The series that are long enough for every setting.
    folds
        Training rows and cutoffs.
    units
        Mean absolute step of each series before the first cutoff, ``[series]``; 0 where they are constant.
    horizon
        Steps ahead.
    """

    panel: Panel
    folds: tuple[Fold, ...]
    units: Values
    horizon: int

    @classmethod
    def of(cls, label: str, train: Panel, needed: int, horizon: int, split: RollingOrigin | None) -> InnerRows:
        """Take the series that have `needed` training rows before the first inner cutoff.

        Parameters
        ----------
        label
            Name of the model, for messages.
        train
            The training rows.
        needed
            Rows of each series that a setting needs at most.
        horizon
            Steps ahead.
        split
            The rolling origin; None: the last fifth of the shortest series that is long enough, a horizon apart.

        Raises
        ------
        DataError
            Where no series is long enough, or all are constant.
        """
        if split is None:
            lengths = train.lengths[train.lengths >= needed + horizon]
            shortest = int(lengths.min()) if len(lengths) else 0
            test = max(horizon, min(shortest // _SHARE, shortest - needed))
            split = RollingOrigin(horizon, test, horizon, align="series")
        known = split.rows_known(train)
        kept = np.flatnonzero(known >= needed)
        if not len(kept):
            raise DataError(
                f"{label}: no series has {needed} training rows before {split.test} inner test rows; the longest has "
                f"{max(int(known.max()), 0)}. Give more rows, smaller windows, or inner=RollingOrigin(test=...) with "
                "fewer."
            )
        panel = train.with_series(kept)
        folds = tuple(split.folds(panel))
        if not folds:
            raise DataError(f"{label}: none of the inner test rows has values of its own; give inner= other rows.")
        before = panel.between(folds[0].starts, folds[0].ends)
        units = mean_steps(before, before.offsets[1:] - 1)
        if not (units > 0).any():
            raise DataError(f"{label}: all series are constant, which tells no setting from another.")
        return cls(panel, folds, units, horizon)

    @property
    def rows(self) -> int:
        """How many target values judge."""
        return sum(len(fold.origins) for fold in self.folds) * self.horizon

    def errors(self, models: Sequence[Estimator], halving: int | None = None) -> list[tuple[float, int | None]]:
        """Fit copies of each model on the training rows of each fold, and score their forecasts.

        Models that can train as one program do (:attr:`penstock.estimator.Estimator.settings_key`); the groups take
        turns. An error does not depend on the other models, unless halving compares them.

        Parameters
        ----------
        models
            The models, unfitted: settings of one.
        halving
            Epochs after which the worse half of those that train together is left out for the first time.

        Returns
        -------
        For each model the mean absolute error in mean absolute steps of each series, NaN where a training diverged, a
        forecast is not finite, or it was left out; and the epochs after which it was left out.
        """
        found: list[tuple[float, int | None]] = [(np.nan, None)] * len(models)
        panel = self.panel.with_only(models[0].covariates)
        trains = [panel.between(fold.starts, fold.ends) for fold in self.folds]
        for key, group in together(models):
            for places in [group] if key is not None else [[place] for place in group]:
                own = [models[place] for place in places]
                fitted: list[tuple[list[Estimator] | None, int | None]]
                if key is None:
                    fitted = [(self._fitted(own[0], trains), None)]
                else:
                    fitted = own[0].fit_settings(own, trains, halving)
                whole = [copies for copies, _ in fitted if copies is not None]
                errors = iter(self._errors(whole, panel, trains))
                for place, (copies, halved) in zip(places, fitted, strict=True):
                    found[place] = (np.nan if copies is None else next(errors)), halved
        return found

    def _fitted(self, model: Estimator, trains: Sequence[Panel]) -> list[Estimator] | None:
        """Fit a copy of a model on the training rows of each fold; None where its training diverges."""
        copies = [model.clone() for _ in trains]
        shape = None
        if len(trains) > 1:
            shape = model.block_shape([(trains[0], None), (trains[-1], None)], len(trains))
        try:
            copies[0]._fit_all(copies, trains, [None] * len(trains), shape)
        except TrainingError:  # a learning rate that is too large, say: worse than all that can be trained
            return None
        return copies

    def _errors(self, settings: Sequence[list[Estimator]], panel: Panel, trains: Sequence[Panel]) -> list[float]:
        """Score the forecasts of settings, each with a fitted copy a fold."""
        places, errors = np.arange(len(panel)), []
        for number, (train, fold) in enumerate(zip(trains, self.folds, strict=True)):
            copies = [own[number] for own in settings]
            for copy in copies:
                copy.ids_ = panel.ids
                copy.tail_ = train.last(copy.rows_kept)
            actual = panel.y[fold.origins[:, None] + np.arange(1, self.horizon + 1)]
            unit = self.units[panel.series_of(fold.origins)]
            found = copies[0].forecast_settings(copies, panel, fold.origins, places) if copies else []
            errors.append([np.abs(yhat - actual)[unit > 0] / unit[unit > 0, None] for yhat in found])
        means = [float(np.concatenate(own).mean()) for own in zip(*errors, strict=True)]
        return [mean if np.isfinite(mean) else float("nan") for mean in means]


def together(models: Sequence[Estimator]) -> list[tuple[Hashable, list[int]]]:
    """Return the places of the models that train as one program, group by group, after what they have in common.

    Those with nothing in common, whose :attr:`penstock.estimator.Estimator.settings_key` is None, come under None.
    """
    groups: dict[Hashable, list[int]] = {}
    for place, model in enumerate(models):
        key = model.settings_key
        groups.setdefault(None if key is None else (type(model), key), []).append(place)
    return list(groups.items())


def digest(train: Panel) -> str:
    """Return what tells training rows from others: sixteen digits of a hash of all that a model reads of them."""
    found = hashlib.sha256(repr((train.ids, train.offsets.tolist(), train.static.tolist())).encode())
    for array in (train.y, train.times, train.past, train.known, train.filled):
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:16]
