"""Validation on the last horizons of training rows: errors of models there, and weights that combine the models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.data.scaling import mean_steps
from penstock.errors import DataError
from penstock.estimator import Estimator
from penstock.forecaster.fit_task import fitted_each, shared_rows

__all__ = ["RolledValidation", "validated_weights", "within_chance"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]

_PARTS = 10  # the weights with the smallest error are tenths
_SHARE = 0.5  # of the weights that the errors of single models tell
_POWER = 4  # of these errors
_LEAST = 0.05  # weights below are left out


@dataclass(frozen=True, eq=False)
class RolledValidation:
    """Cutoffs in training rows, a horizon apart, from which forecasts are judged that were fitted on the rows before.

    Attributes
    ----------
    panel, before
        The series that are long enough, and their rows before the first cutoff, on which models are fitted.
    origins
        Last row before each cutoff, ``[n]``: the cutoffs of each series one after the other.
    units
        Mean absolute step, or seasonal difference, of the rows before the first cutoff of each, ``[n]``; 0 where they
        are constant.
    horizon
        Steps ahead.
    """

    panel: Panel
    before: Panel
    origins: Rows
    units: Values
    horizon: int

    @classmethod
    def of(
        cls, label: str, train: Panel, rows_to_fit: int, horizon: int, cutoffs: int = 1, season: int = 1
    ) -> RolledValidation:
        """Take the last horizons of the series that have `rows_to_fit` rows before them.

        Units are the mean absolute differences of values `season` rows apart (:func:`mean_steps`).

        Raises
        ------
        DataError
            Where no series has as many.
        """
        needed = rows_to_fit + cutoffs * horizon
        kept = np.flatnonzero(train.lengths >= needed)
        if not len(kept):
            raise DataError(
                f"{label}: no series has the {needed} training rows that weights are validated on; give more rows, or "
                "combine='mean'."
            )
        panel = train.with_series(kept)
        first = panel.offsets[1:] - cutoffs * horizon
        before = panel.before(first)
        origins = (first[:, None] + horizon * np.arange(cutoffs)).ravel() - 1
        units = np.repeat(mean_steps(before, before.offsets[1:] - 1, season), cutoffs)
        return cls(panel, before, origins, units, horizon)

    def forecasts(self, models: Sequence[Estimator]) -> list[Values]:
        """Fit a copy of each model on the rows before the first cutoff, and forecast from each, ``[n, horizon]``."""
        ends = self.panel.offsets[:-1] + self.before.lengths
        answers = fitted_each(models, shared_rows(self.panel), ends, self.origins, "validated")
        return [answer.forecasts for answer in answers]

    def errors(self, forecasts: Values) -> Values:
        """Return forecast minus actual in units of the series, ``[n, horizon]``; constant series are left out."""
        actual = self.panel.y[self.origins[:, None] + np.arange(1, self.horizon + 1)]
        usable = self.units > 0
        return (forecasts - actual)[usable] / self.units[usable, None]

    @property
    def series(self) -> Rows:
        """The series of each row of :meth:`errors`."""
        found: Rows = self.panel.series_of(self.origins)[self.units > 0]
        return found


def validated_weights(errors: Values) -> Values:
    """Return the weights of several models together, from their errors on validation rows.

    They are the mean of two: the weights with which the mean absolute error is smallest, which follow the chances of
    these rows too far, and weights in proportion to the fourth power of 1 / (mean absolute error) of each model.
    Weights below .05, and models whose errors are not finite, are left out.

    Parameters
    ----------
    errors
        Errors of each model, ``[models, n, horizon]``.

    Examples
    --------
    >>> validated_weights(np.array([[[2.0]], [[-1.0]], [[3.0]]])).round(3).tolist()
    [0.129, 0.815, 0.056]

    References
    ----------
    Stock & Watson (2004), *Combination forecasts of output growth in a seven-country data set*: shrinkage of weights,
    and inverse errors.
    """
    usable = np.flatnonzero(np.isfinite(errors).all(axis=(1, 2)))
    sizes = np.abs(errors[usable]).mean(axis=(1, 2))
    least = sizes.min()
    alone = (least / sizes) ** _POWER if least > 0 else (sizes == 0).astype(float)
    shrunk = (1 - _SHARE) * _best_weights(errors[usable]) + _SHARE * alone / alone.sum()
    weights = np.zeros(len(errors))
    weights[usable] = np.where(shrunk < _LEAST, 0.0, shrunk)
    return weights / weights.sum()


def _best_weights(errors: Values) -> Values:
    """Return the weights, in tenths, with which the mean absolute error of several models together is smallest.

    The best model alone comes first; then a tenth moves from one model to another while the error falls. It is convex
    in the weights, so that this ends near its minimum.
    """
    count = len(errors)
    parts = np.zeros(count, dtype=np.int64)
    parts[int(np.abs(errors).mean(axis=(1, 2)).argmin())] = _PARTS
    now, loss = np.tensordot(parts / _PARTS, errors, 1), np.inf
    while (reached := float(np.abs(now).mean())) < loss:
        loss = reached
        moves = [(one, other) for one in np.flatnonzero(parts) for other in range(count) if other != one]
        tried = [float(np.abs(now + (errors[other] - errors[one]) / _PARTS).mean()) for one, other in moves]
        if not tried or min(tried) >= loss * (1 - 1e-9):
            break
        one, other = moves[int(np.argmin(tried))]
        parts[one], parts[other] = parts[one] - 1, parts[other] + 1
        now = np.tensordot(parts / _PARTS, errors, 1)
    return parts / _PARTS


def within_chance(errors: Values, reference: Values, groups: Rows) -> bool:
    """Say whether errors are not smaller than those of a reference by more than the standard error of the difference.

    Parameters
    ----------
    errors, reference
        Errors of both, ``[n, horizon]``.
    groups
        The series of each row: rows of one series are no independent evidence. Of one series, its steps are taken.
    """
    steps = np.abs(reference) - np.abs(errors)
    series = np.unique(groups)
    gain = steps.ravel() if len(series) < 2 else np.array([steps[groups == each].mean() for each in series])
    error = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else np.inf
    return bool(gain.mean() <= error)
