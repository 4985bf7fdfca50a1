"""Several models as one: the mean, the median or a weighted mean of their forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.data.scaling import mean_steps
from penstock.errors import DataError, OptionError
from penstock.estimator import Estimator
from penstock.fitting import share_fit
from penstock.forecaster.fit_task import fit_one, fitted_each, shared_rows
from penstock.forecaster.validation import RolledValidation, validated_weights, within_chance
from penstock.intervals.conformal import Conformal
from penstock.intervals.tail import TailErrors
from penstock.options import option
from penstock.storage import Arrays

__all__ = ["COMBINATIONS", "Ensemble"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]

COMBINATIONS = ("mean", "median", "weighted")
"""How forecasts become one: their mean, their median, or a mean whose weights are validated."""


@dataclass(repr=False, eq=False)
class Ensemble(Estimator):
    """Several models, each fitted on the same rows, whose forecasts become one.

    ``combine="weighted"`` fits every model without the last horizons of the training rows (`cutoffs` of them) first,
    takes weights, alike for all series, by the absolute errors there in units of each series (its mean absolute step,
    or with `season` its mean absolute seasonal difference), and then fits all models with a weight above zero on all
    rows. The weights are halfway between those with the smallest error together and those in proportion to 1 / error⁴
    of each model, for the smallest error on a few horizons owes something to chance; weights below .05 are none.
    Intervals are those of the models that have some, combined alike; with validated weights they are split conformal,
    from the errors of all series on these horizons, where there are enough.

    Attributes
    ----------
    models_, chosen_
        The fitted models, and the places of these among those that were given.
    weights_
        Weight of each fitted model; equal for the mean and the median.
    validation_errors_
        Mean absolute errors on the last horizon of the training rows, in the units of each series: of
        every model that was given, and of all together; NaN where no weights were validated.
    residuals_
        Errors of all together there, in these units, ``[series · cutoffs, horizon]``; none where no weights were
        validated.
    guarded_
        Whether the reference kept half of the weight.

    Examples
    --------
    >>> import pandas as pd
    >>> from penstock.baselines.drift import Drift
    >>> from penstock.baselines.naive import Naive
    >>> frame = pd.DataFrame({"ds": range(5), "y": [1.0, 2.0, 3.0, 4.0, 5.0]})
    >>> both = Ensemble([Naive(), Drift()], horizon=2).fit(frame)
    >>> both.predict()["yhat"].tolist()
    [5.5, 6.0]

    References
    ----------
    Bates & Granger (1969), *The combination of forecasts*; Stock & Watson (2004), *Combination forecasts of output
    growth in a seven-country data set*, for weights that are shrunk.
    """

    models: Estimator | Sequence[Estimator] = option(help="the models, unfitted; their horizon is that of the ensemble")
    combine: str = option("mean", "how the forecasts become one", choices=COMBINATIONS)
    cutoffs: int = option(1, "cutoffs, a horizon apart, at which weights are validated", at_least=1)
    season: int = option(
        1,
        "rows between values whose mean absolute difference is the unit of errors: 12 for months, as in MASE",
        at_least=1,
    )
    reference: int | None = option(
        None,
        "place of the model that keeps half of the weight unless validated weights beat it by more than a standard "
        "error; None: none",
    )

    def __post_init__(self) -> None:
        """Refuse what is no list of models."""
        super().__post_init__()
        given = self.given
        if self.reference is not None and not -len(given) <= self.reference < len(given):
            raise OptionError(
                f"Ensemble: reference={self.reference} is no place among {len(given)} models; allowed: 0 to "
                f"{len(given) - 1}, or None."
            )
        self.models = given
        wrong = [model for model in given if not isinstance(model, Estimator)]
        if wrong or not given:
            held = repr(wrong[0]) if wrong else "no model"
            raise OptionError(f"Ensemble: models holds {held}; allowed: forecasters and baselines, such as Naive().")

    @property
    def covariates(self) -> tuple[str, ...]:  # type: ignore[override]
        """The covariates that any of the models uses."""
        return tuple(name for name in ("past", "known", "static") if any(name in each.covariates for each in self._all))

    @property
    def given(self) -> tuple[Estimator, ...]:
        """The models as they were given."""
        return (self.models,) if isinstance(self.models, Estimator) else tuple(self.models)

    @property
    def _all(self) -> tuple[Estimator, ...]:
        """The models with the horizon of the ensemble; the fitted ones once there are any."""
        if hasattr(self, "models_"):
            return self.models_
        return tuple(model.clone().set_params(horizon=self.horizon) for model in self.given)

    @property
    def label(self) -> str:
        """Short name in tables."""
        return f"{self.combine}({', '.join(model.label for model in self.given)})"

    @property
    def rows_needed(self) -> int:
        """As many as the model that needs most."""
        return max(model.rows_needed for model in self._all)

    @property
    def rows_to_fit(self) -> int:
        """As many as the model that needs most; weights are validated on the series that have another horizon."""
        return max(model.rows_to_fit for model in self._all)

    @property
    def rows_kept(self) -> int | None:
        """As many as the model that keeps most; None: all, from which weighted intervals take their units."""
        if self.combine == "weighted":
            return None
        kept = [model.rows_kept for model in self._all]
        return None if None in kept else max(rows for rows in kept if rows is not None)

    @property
    def parameters(self) -> int:
        """Those of all models."""
        return sum(model.parameters for model in self._all)

    @property
    def choice(self) -> str:
        """The options that fits of the models chose, in words."""
        return "; ".join(f"{model.label}: {said}" for model in self._all if (said := model.choice))

    @property
    def settings_tried(self) -> int:
        """Settings that fits of the models chose among, in all."""
        return max(sum(tried for model in self._all if (tried := model.settings_tried) > 1), 1)

    @property
    def fit_notes(self) -> tuple[str, ...]:
        """What the models that were chosen among settings say."""
        searched = [model for model in self._all if model.choice]
        return tuple(f"{model.label}: {said}" for model in searched for said in model.fit_notes)

    @property
    def forecasts_new_series(self) -> bool:
        """Whether all of the models do."""
        return all(model.forecasts_new_series for model in self._all)

    @property
    def fits_in_parts(self) -> bool:
        """Whether there are several models."""
        return len(self.given) > 1

    def long_enough(self, train: Panel) -> NDArray[np.bool_]:
        """Say which series are fitted, ``[series]``: those that none of the models leaves out."""
        return np.all([model.long_enough(train) for model in self._all], axis=0)

    def not_scored(self, panel: Panel) -> str:
        """Say why the forecasts of a model cannot be scored; empty where all can."""
        return next((said for model in self._all if (said := model.not_scored(panel))), "")

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        models = [model.clone().set_params(horizon=self.horizon) for model in self.given]
        weights = np.full(len(models), 1 / len(models))
        self.validation_errors_ = np.full(len(models) + 1, np.nan)
        self.residuals_, self.guarded_ = np.zeros((0, self.horizon)), False
        if self.combine == "weighted" and len(models) > 1:
            weights = self._validated(models, train)
        self.chosen_ = np.flatnonzero(weights > 0)
        self.weights_ = weights[self.chosen_]
        chosen = [models[place] for place in self.chosen_]
        if validation is not None:
            self.models_ = tuple(fit_one(model, train, validation) for model in chosen)
            return
        none = np.zeros(0, dtype=np.int64)
        answers = fitted_each(chosen, shared_rows(train), train.offsets[1:], none, "fitted")
        self.models_ = tuple(answer.model for answer in answers)

    def _validated(self, models: Sequence[Estimator], train: Panel) -> Values:
        """Return the weights with which forecasts of the last horizons of the training rows have the smallest error."""
        rolled = RolledValidation.of(self.label, train, self.rows_to_fit, self.horizon, self.cutoffs, self.season)
        if not (rolled.units > 0).any():
            raise DataError(f"{self.label}: all series are constant, which tells no weights; use combine='mean'.")
        errors = np.stack([rolled.errors(each) for each in rolled.forecasts(models)])
        weights = validated_weights(errors)
        together = np.tensordot(weights[weights > 0], errors[weights > 0], 1)
        self.guarded_ = False
        if self.reference is not None:
            reference = range(len(models))[self.reference]
            self.guarded_ = weights[reference] < 1 and within_chance(together, errors[reference], rolled.series)
            if self.guarded_:
                weights = (weights + np.eye(len(models))[reference]) / 2
                together = np.tensordot(weights[weights > 0], errors[weights > 0], 1)
        self.validation_errors_ = np.abs(np.concatenate([errors, together[None]])).mean(axis=(1, 2))
        self.residuals_ = -together
        return weights

    def _members(self) -> tuple[Estimator, ...]:
        """Return the fitted models, each with what it needs of the ensemble's fit."""
        for model in self.models_:
            share_fit(self, model)
        return self.models_

    def _forecast(self, panel: Panel, origins: Rows, fitted: Rows) -> Values:
        each = []
        for model in self._members():
            own = panel.with_only(model.covariates)
            each.append(model.aggregate(model._forecast(own, origins, fitted)))
        return np.stack(each)

    def aggregate(self, members: Values) -> Values:
        """Make one forecast of those of all models ``[models, ...]``."""
        if self.combine == "median":
            return np.median(members, axis=0)
        joined = np.zeros(members.shape[1:])
        for weight, each in zip(self.weights_, members, strict=True):  # in an order that no shape changes
            joined += weight * each
        return joined

    def validated_bounds(self, panel: Panel, origins: Rows, levels: tuple[float, ...]) -> Values | None:
        """Return the bounds of intervals around the forecasts, from the errors where weights were validated.

        Parameters
        ----------
        panel, origins
            The series, and the last row that is known of each forecast.
        levels
            Levels in percent, ascending.

        Returns
        -------
        Lower and upper bounds less the forecasts, ``[levels, 2, n, horizon]``, NaN where a series has no units; None
        where these errors are too few, so that the models' own intervals are combined.
        """
        if len(self.residuals_) < Conformal().fewest(levels[-1]):
            return None
        tail = TailErrors(self.residuals_, np.zeros(len(self.residuals_), dtype=np.int64))
        return tail.bounds(np.full(len(origins), -1), mean_steps(panel, origins, self.season), levels)

    def _bounds(self, panel: Panel, origins: Rows, fitted: Rows, levels: tuple[float, ...]) -> Values:
        forecasts = self._forecast(panel, origins, fitted)
        validated = self.validated_bounds(panel, origins, levels)
        if validated is not None:
            return self.aggregate(forecasts) + validated
        found, weights = [], []
        for model, weight, forecast in zip(self._members(), self.weights_, forecasts, strict=True):
            try:
                bounds = model._bounds(panel.with_only(model.covariates), origins, fitted, levels)
            except OptionError:
                continue  # a model without intervals of its own
            found.append(bounds - forecast)
            weights.append(weight)
        if not found:
            raise OptionError(f"{self.label}: none of the models has intervals of its own; leave level= out.")
        around = np.median(found, axis=0) if self.combine == "median" else np.average(found, axis=0, weights=weights)
        return self.aggregate(forecasts) + around

    def _arrays(self) -> Arrays:
        arrays = {
            "weights": self.weights_,
            "chosen": self.chosen_,
            "validation_errors": self.validation_errors_,
            "residuals": self.residuals_,
            "guarded": np.array(self.guarded_),
        }
        for place, model in enumerate(self.models_):
            arrays |= {f"models.{place}.{name}": array for name, array in model._arrays().items()}
        return arrays

    def _restore(self, arrays: Arrays) -> None:
        self.weights_, self.chosen_ = arrays["weights"], arrays["chosen"]
        self.validation_errors_, self.residuals_ = arrays["validation_errors"], arrays["residuals"]
        self.guarded_ = bool(arrays.get("guarded", False))
        places = self.chosen_.tolist()
        if len({*places}) < len(places) or not {*places} <= {*range(len(self.given))}:
            raise ValueError(f"the models {places[:9]} were chosen of {len(self.given)}")
        models = [self.given[int(place)].clone().set_params(horizon=self.horizon) for place in self.chosen_]
        self.models_ = tuple(models)
        for place, model in enumerate(self._members()):
            prefix = f"models.{place}."
            own = {name.removeprefix(prefix): each for name, each in arrays.items() if name.startswith(prefix)}
            model._restore(own)
