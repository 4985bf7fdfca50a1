"""A model whose options are chosen inside its training rows: the search is part of the fit, so it cannot leak."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.checkpoints import text_of
from penstock.data.panel import Panel
from penstock.errors import DataError, OptionError
from penstock.estimator import Estimator
from penstock.evaluation.rolling_origin import RollingOrigin
from penstock.fitting import share_fit
from penstock.options import option, to_json
from penstock.search.inner import InnerRows, digest
from penstock.search.journal import Journal
from penstock.search.samplers import SAMPLERS, proposer
from penstock.search.space import checked_space, extremes, in_words, models_in, value_of, with_settings
from penstock.search.trial_task import errors_of
from penstock.searchable import Trial, restored_trials, stored_trials
from penstock.storage import Arrays
from penstock.version import __version__

__all__ = ["Trial", "Tuned"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]


_TOGETHER = 64  # trials that are fitted at once
_SHARED = 16  # at once where other processes share them, or what comes next follows from them


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
    halving: int | None = option(
        None,
        "epochs after which, and then after twice as many and so on, the worse half of the settings that train "
        "together is left out; None: all are trained to the end",
        at_least=1,
    )
    storage: str | None = option(
        None,
        "file that keeps the trials, so that a killed search goes on and several processes share it; None: none",
        affects_fit=False,
    )

    def __post_init__(self) -> None:
        """Try every value of the space on the model, before anything is fitted."""
        super().__post_init__()
        if not isinstance(self.model, Estimator):
            raise OptionError(f"Tuned: model={self.model!r} is no model of series; allowed: Forecaster and the like.")
        if "horizon" in self.space:
            raise OptionError("Tuned: space['horizon'] would change what is asked; give Tuned(..., horizon=...).")
        self.space = checked_space(self.space, self.model)
        to_json(self.space)  # refuses what no model file can hold
        if any(isinstance(each, Tuned) and each.storage is not None for each in models_in(self.model)):
            raise OptionError(
                "Tuned: the model holds a search with storage=, but each setting makes it another search, and a file "
                "keeps one; give storage= to the outer Tuned alone."
            )
        if self.inner is not None and self.inner.horizon not in (1, self.horizon):
            raise OptionError(
                f"Tuned: inner.horizon={self.inner.horizon} is not horizon={self.horizon}; leave it out of inner."
            )
        if self.halving is not None and self.model.settings_key is None:
            raise OptionError(
                f"Tuned: halving={self.halving} leaves out settings after some epochs, but {self.model.label} is not "
                "trained epoch by epoch in lanes; allowed: halving=None."
            )
        proposer(self.sampler, self.space, self.trials, self.seed)  # refuses a sampler that cannot serve the space

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
    def rows_kept(self) -> int | None:
        """As many as the model."""
        return self._now.rows_kept

    @property
    def fits_in_parts(self) -> bool:
        """Whether there are parts: the settings are."""
        return True

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
    def searched(self) -> Sequence[Trial]:
        """Every trial of the fit."""
        return getattr(self, "trials_", ())

    @property
    def given_values(self) -> dict[str, Any]:
        """The values that the model as it is given has of the options of the space."""
        return {name: value_of(self.model, name) for name in self.space}

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
        given, best = self.trials_[0], _best(self.trials_).error
        told = "left out" if given.halved else f"{given.error:.3g}"
        halved = sum(trial.halved is not None for trial in self.trials_)
        failed = sum(math.isnan(trial.error) for trial in self.trials_) - halved
        return (
            f"{self.choice} chosen of {len(self.trials_)} settings by {self.inner_rows_:,} inner test rows, error "
            f"{best:.3g} mean absolute steps (as given {told})"
            + (f"; {halved} left out by halving" if halved else "")
            + (f"; {failed} diverged" if failed else ""),
            *own,
        )

    def check_rows(self, train: Panel) -> None:
        """Refuse training rows that are too few for the largest model and the rows that choose."""
        needed, shortest = self.rows_to_fit, int(np.argmin(train.lengths))
        if train.lengths[shortest] < needed:
            largest = max(each.rows_to_fit for each in self._candidates())
            raise DataError(
                f"{self.label}: {train.lengths[shortest]} training rows{train.name(shortest)} are too few: {needed} "
                f"are needed, {largest} for the largest model of the space and {needed - largest} to choose by; give "
                "more rows, a space of smaller models, or inner=RollingOrigin(test=...) with fewer test rows."
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
        candidates = self._candidates()
        for each in candidates:
            if said := each.not_scored(train):
                raise OptionError(f"{said}, so no setting is better than another; give the model without Tuned.")
        needed = max(each.rows_to_fit for each in candidates)
        scored = InnerRows.of(self.label, train, needed, self.horizon, self._inner)
        tried = self._tried(given, scored, train)
        if all(math.isnan(trial.error) for trial in tried):
            raise DataError(f"{self.label}: no setting gave finite forecasts of the inner test rows.")
        self.trials_, self.best_, self.inner_rows_ = tried, _best(tried).settings, scored.rows
        self.chosen_ = with_settings(given, self.best_)
        self.chosen_._fit_all([self.chosen_], [train], [validation])

    def _tried(self, given: Estimator, scored: InnerRows, train: Panel) -> list[Trial]:
        """Run the trials that no other process has run, and wait for the others."""
        propose, journal = proposer(self.sampler, self.space, self.trials, self.seed), self._journal(train)
        alone = given.settings_key is None
        most = _TOGETHER if self.halving or (self.storage is None and self.sampler != "tpe") else _SHARED
        with journal:
            while True:
                claimed = journal.claim(propose, self.trials + 1, 1 if alone and self.sampler == "tpe" else most)
                if claimed:
                    outcomes = errors_of(self.label, given, scored, [settings for _, settings in claimed], self.halving)
                    found = zip(claimed, outcomes, strict=True)
                    trials = [Trial(settings, *outcome) for (_, settings), outcome in found]
                    journal.finish([number for number, _ in claimed], trials)
                elif not journal.wait(self.trials + 1):
                    return journal.finished(self.trials + 1)

    def _journal(self, train: Panel) -> Journal:
        """Open the trials on these training rows."""
        names = ("model", "space", "sampler", "inner", "horizon", "seed", "halving")
        search = {name: text_of(getattr(self, name)) for name in names}
        return Journal(self.storage, {**search, "penstock": __version__}, digest(train))

    @property
    def model_(self) -> Estimator:
        """The chosen model, fitted, with what it needs of this fit."""
        if not hasattr(self, "chosen_"):
            raise AttributeError(f"this {type(self).__name__} is not fitted yet; call fit first.")
        if hasattr(self, "ids_"):
            share_fit(self, self.chosen_)
        return self.chosen_

    @property
    def models_(self) -> tuple[Estimator, ...]:
        """The chosen model alone, as an ensemble holds several."""
        return (self.model_,)

    def _forecast(self, panel: Panel, origins: Rows, fitted: Rows) -> Values:
        return self.model_._forecast(panel, origins, fitted)

    def aggregate(self, members: Values) -> Values:
        """Make one forecast of those of all members, as the model does."""
        return self._now.aggregate(members)

    def _bounds(self, panel: Panel, origins: Rows, fitted: Rows, levels: tuple[float, ...]) -> Values:
        return self.model_._bounds(panel, origins, fitted, levels)

    def _arrays(self) -> Arrays:
        own = {f"model.{name}": array for name, array in self.model_._arrays().items()}
        return {**own, **stored_trials(self.trials_), "inner_rows": np.array([self.inner_rows_])}

    def _restore(self, arrays: Arrays) -> None:
        self.trials_ = restored_trials(arrays)
        self.inner_rows_, self.best_ = arrays["inner_rows"].item(), _best(self.trials_).settings
        self.chosen_ = with_settings(self.model.clone().set_params(horizon=self.horizon), self.best_)
        own = {name.removeprefix("model."): each for name, each in arrays.items() if name.startswith("model.")}
        self.model_._restore(own)


def _best(trials: Sequence[Trial]) -> Trial:
    """Return the setting with the smallest error; of equal ones the first."""
    return min(trials, key=lambda trial: math.inf if math.isnan(trial.error) else trial.error)
