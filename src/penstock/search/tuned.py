"""A model whose options are chosen inside its training rows: the search is part of the fit, so it cannot leak."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.errors import DataError, OptionError
from penstock.estimator import Estimator
from penstock.evaluation.rolling_origin import RollingOrigin
from penstock.options import from_json, option, to_json
from penstock.search.inner import InnerRows
from penstock.search.samplers import SAMPLERS, proposals
from penstock.search.space import checked_space, extremes, in_words, with_settings
from penstock.storage import Arrays

__all__ = ["Trial", "Tuned"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Trial:
    """One setting that was tried.

    Attributes
    ----------
    settings
        Options by name; none for the model as it was given.
    error
        Mean absolute error of its forecasts of the inner test rows, in mean absolute steps of each series; NaN where
        they were not finite.
    """

    settings: dict[str, Any]
    error: float


@dataclass(repr=False, eq=False)
class Tuned(Estimator):
    """A model with options that are searched in each fit, on the training rows of that fit alone.

    Each setting is fitted on the training rows before an inner rolling origin and scored on the rows after each of its
    cutoffs; the validation rows of early stopping lie before the first cutoff, so they are not the rows that choose.
    The setting with the smallest mean absolute error, in mean absolute steps of each series, is fitted on all training
    rows. :func:`penstock.compare` gives a model nothing but the training rows of a fold: there the choice is made anew
    in each, and its forecasts owe nothing to the rows that judge them. The model as it was given is tried first.

    Attributes
    ----------
    model_
        The fitted model with the options that were chosen.
    best_
        These options by name; none where the model as it was given had the smallest error.
    trials_
        Every :class:`Trial`, in the order in which they were tried; the first is the model as it was given.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from penstock.baselines.ridge import Ridge
    >>> y = np.sin(np.arange(200) * 2 * np.pi / 20) + 0.1 * np.cos(np.arange(200.0) ** 2)
    >>> model = Tuned(Ridge(1), {"lags": [1, 2, 20]}, sampler="grid", inner=RollingOrigin(test=40))
    >>> model.fit(pd.DataFrame({"ds": range(200), "y": y})).best_
    {'lags': 20}
    >>> [round(trial.error, 2) for trial in model.trials_]
    [0.99, 0.99, 0.73, 0.37]

    References
    ----------
    Cawley & Talbot (2010), *On over-fitting in model selection and subsequent selection bias in performance
    evaluation*; Bergstra et al. (2011), *Algorithms for hyper-parameter optimization* (the tree of Parzen estimators).
    """

    model: Estimator = option(help="the model, unfitted; its horizon is that of the search")
    space: dict[str, Any] = option(
        help="lists of values or penstock.Range by option name; two underscores lead on: optimizer__learning_rate"
    )
    trials: int = option(16, "settings tried, beside the model as it is given", at_least=1, at_most=100_000)
    sampler: str = option("random", "how settings are chosen", choices=SAMPLERS)
    inner: RollingOrigin | None = option(
        None, "the rolling origin inside the training rows; None: the last fifth of each series, fitted once"
    )
    seed: int = option(0, "of what the sampler draws", at_least=0)

    def __post_init__(self) -> None:
        """Try every value of the space on the model, before anything is fitted."""
        super().__post_init__()
        if not isinstance(self.model, Estimator):
            raise OptionError(f"Tuned: model={self.model!r} is no model of series; allowed: Forecaster and the like.")
        if "horizon" in self.space:
            raise OptionError("Tuned: space['horizon'] would change what is asked; give Tuned(..., horizon=...).")
        self.space = checked_space(self.space, self.model)
        to_json(self.space)  # refuses what no model file can hold
        if self.inner is not None and self.inner.horizon not in (1, self.horizon):
            raise OptionError(
                f"Tuned: inner.horizon={self.inner.horizon} is not horizon={self.horizon}; leave it out of inner."
            )
        proposals(self.sampler, self.space, self.trials, self.seed)  # refuses a sampler that cannot serve the space

    @property
    def covariates(self) -> tuple[str, ...]:  # type: ignore[override]
        """Those of the model."""
        return self.model.covariates

    @property
    def _now(self) -> Estimator:
        """The fitted model, or the given one with the horizon of the search."""
        if hasattr(self, "model_"):
            return self.model_
        return self.model.clone().set_params(horizon=self.horizon)

    @property
    def label(self) -> str:
        """Short name in tables."""
        return f"Tuned({self.model.label})"

    @property
    def rows_needed(self) -> int:
        """As many as the chosen model; before a fit, as any model of the space."""
        if hasattr(self, "model_"):
            return self.model_.rows_needed
        return max(each.rows_needed for each in self._candidates())

    @property
    def rows_to_fit(self) -> int:
        """As many as any model of the space, and the rows that are scored."""
        inner = self.horizon if self.inner is None else self.inner.test + self.inner.gap
        return max(each.rows_to_fit for each in self._candidates()) + inner

    @property
    def rows_made_of(self) -> str:
        """The rows of the largest model, and those that are scored."""
        return "those of the largest model of the space, and rows that choose among them"

    @property
    def rows_kept(self) -> int | None:
        """As many as the model."""
        return self._now.rows_kept

    @property
    def parameters(self) -> int:
        """Those of the model."""
        return self._now.parameters

    @property
    def forecasts_new_series(self) -> bool:
        """Whether the model does."""
        return self._now.forecasts_new_series

    @property
    def choice(self) -> str:
        """The options that were chosen, in words."""
        if not hasattr(self, "trials_"):
            return ""
        return in_words(self.best_) if self.best_ else "the options as given"

    @property
    def settings_tried(self) -> int:
        """As many as were tried; before a fit, as will be at most."""
        return len(self.trials_) if hasattr(self, "trials_") else self.trials + 1

    @property
    def fit_notes(self) -> tuple[str, ...]:
        """What was chosen, of how many, by what."""
        own = self._now.fit_notes
        if not hasattr(self, "trials_"):
            return own
        given, best = self.trials_[0].error, _best(self.trials_).error
        return (
            f"{self.choice} chosen of {len(self.trials_)} settings by {self.inner_rows_:,} inner test rows, error "
            f"{best:.3g} mean absolute steps (as given {given:.3g})",
            *own,
        )

    def long_enough(self, train: Panel) -> NDArray[np.bool_]:
        """Say which series are fitted: those that the model does not leave out."""
        return self._now.long_enough(train)

    def not_scored(self, panel: Panel) -> str:
        """Say why the model's forecasts cannot be scored; empty where they can."""
        return self._now.not_scored(panel)

    def _candidates(self) -> list[Estimator]:
        """Return the model as given and with every value and bound of the space, one option at a time."""
        given = self.model.clone().set_params(horizon=self.horizon)
        return [given, *(with_settings(given, each) for each in extremes(self.space))]

    @property
    def _inner(self) -> RollingOrigin | None:
        """The inner rolling origin, with the horizon of the search."""
        return self.inner and dataclasses.replace(self.inner, horizon=self.horizon)

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        """Score each setting inside the training rows, and fit the best one on all of them."""
        given = self.model.clone().set_params(horizon=self.horizon)
        if said := given.not_scored(train):
            raise OptionError(f"{said}, so no setting is better than another; give the model without Tuned.")
        needed = max(each.rows_to_fit for each in self._candidates())
        scored = InnerRows.of(self.label, train, needed, self.horizon, self._inner)
        tried = [Trial({}, scored.error(given))]
        source = proposals(self.sampler, self.space, self.trials, self.seed)
        settings = next(source, None)
        while settings is not None:
            tried.append(Trial(settings, scored.error(with_settings(given, settings))))
            try:
                settings = source.send(tried[-1].error)
            except StopIteration:
                settings = None
        if all(math.isnan(trial.error) for trial in tried):
            raise DataError(f"{self.label}: no setting gave finite forecasts of the inner test rows.")
        self.trials_, self.best_, self.inner_rows_ = tried, _best(tried).settings, scored.rows
        self.model_ = with_settings(given, self.best_)
        self.model_._fit_all([self.model_], [train], [validation])

    @property
    def models_(self) -> tuple[Estimator, ...]:
        """The chosen model, with what it needs of this fit."""
        model = self.model_
        model.ids_, model.kind_, model.tail_ = self.ids_, self.kind_, self.tail_
        model.fitted_options_ = model.get_params()
        return (model,)

    def _forecast(self, panel: Panel, origins: Rows, fitted: Rows) -> Values:
        return self.models_[0]._forecast(panel, origins, fitted)

    def aggregate(self, members: Values) -> Values:
        """Make one forecast of those of all members, as the model does."""
        return self._now.aggregate(members)

    def _bounds(self, panel: Panel, origins: Rows, fitted: Rows, levels: tuple[float, ...]) -> Values:
        return self.models_[0]._bounds(panel, origins, fitted, levels)

    def _arrays(self) -> Arrays:
        own = {f"model.{name}": array for name, array in self.model_._arrays().items()}
        errors = np.array([trial.error for trial in self.trials_])
        return {**own, "validation_errors": errors, "inner_rows": np.array([self.inner_rows_])}

    def _extra_state(self) -> tuple[dict[str, Any], Arrays]:
        beside, arrays = super()._extra_state()
        return {**beside, "trials": [to_json(trial.settings) for trial in self.trials_]}, arrays

    def _load_extra(self, description: dict[str, Any], arrays: Arrays) -> None:
        super()._load_extra(description, arrays)
        settings = [from_json(each) for each in description["trials"]]
        errors = arrays["validation_errors"].tolist()
        if any(not isinstance(each, dict) for each in settings):
            raise ValueError("settings that were tried are no options by name")
        self.trials_ = [Trial(each, error) for each, error in zip(settings, errors, strict=True)]

    def _restore(self, arrays: Arrays) -> None:
        self.inner_rows_, self.best_ = arrays["inner_rows"].item(), _best(self.trials_).settings
        self.model_ = with_settings(self.model.clone().set_params(horizon=self.horizon), self.best_)
        own = {name.removeprefix("model."): each for name, each in arrays.items() if name.startswith("model.")}
        self.models_[0]._restore(own)


def _best(trials: Sequence[Trial]) -> Trial:
    """Return the setting with the smallest error; of equal ones the first."""
    return min(trials, key=lambda trial: math.inf if math.isnan(trial.error) else trial.error)
