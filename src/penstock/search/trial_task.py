"""Some settings of a search, fitted and scored together: the unit of work of a search on an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from penstock.engines.choice import current_engine
from penstock.engines.task import SharedPanel, Task, describable
from penstock.estimator import Estimator
from penstock.evaluation.block import folds_of_a_job
from penstock.evaluation.rolling_origin import Fold
from penstock.forecaster.fit_task import shared_rows
from penstock.options import from_json, to_json
from penstock.search.inner import InnerRows, together
from penstock.search.space import with_settings
from penstock.storage import Arrays

__all__ = ["TrialTask", "errors_of", "run_job"]

Outcome = tuple[float, int | None]
"""The error of a setting, and the epochs after which it was left out."""

_JOBS = 4  # that a batch of settings is cut into at least, where there are two for each


@dataclass(eq=False)
class TrialTask(Task):
    """Some settings of a model, to be fitted and scored on the inner rows.

    Attributes
    ----------
    name, model
        What messages call the search, and the model as it is given.
    rows, inner
        The inner rows, and their panel as it travels.
    settings
        Options by name, one setting each.
    halving
        As in :meth:`penstock.search.inner.InnerRows.errors`.
    """

    kind: ClassVar[str] = "trials"

    name: str
    model: Estimator
    rows: SharedPanel
    inner: InnerRows
    settings: Sequence[dict[str, Any]]
    halving: int | None = None

    @property
    def words(self) -> str:
        """The search and its settings."""
        return f"{self.name}, {len(self.settings)} setting{'s' if len(self.settings) > 1 else ''}"

    @property
    def rows_trained(self) -> int:
        """Training rows of all settings and folds."""
        return len(self.settings) * sum(int((fold.ends - fold.starts).sum()) for fold in self.inner.folds)

    @property
    def models(self) -> list[Estimator]:
        """The models with their settings, unfitted."""
        return [with_settings(self.model, each) for each in self.settings]

    @cached_property
    def obstacle(self) -> str:
        """Why one of the models cannot travel, in words; empty where all can."""
        reasons = [*map(describable, self.models), self.rows.obstacle]
        return next((f"{self.name} cannot be given to another process: {each}" for each in reasons if each), "")

    def run(self) -> list[Outcome]:
        """Fit and score the settings."""
        return self.inner.errors(self.models, self.halving)

    def describe(self) -> tuple[dict[str, Any], Arrays]:
        """Return the model and the settings as JSON, and the bounds of the inner folds."""
        about = {
            "name": self.name, "model": to_json(self.model), "settings": [to_json(each) for each in self.settings],
            "halving": self.halving, "horizon": self.inner.horizon,
        }  # fmt: skip
        return about, {"units": self.inner.units, **Fold.pack(self.inner.folds)}

    def describe_answer(self, answer: list[Outcome]) -> tuple[dict[str, Any], Arrays]:
        """Return the errors as an array."""
        return {"halved": [halved for _, halved in answer]}, {"errors": np.array([error for error, _ in answer])}

    def read_answer(self, about: Any, arrays: Any) -> list[Outcome]:
        """Return the errors."""
        return list(zip(arrays["errors"].tolist(), about["halved"], strict=True))


def run_job(about: Any, arrays: Arrays, shared: Sequence[SharedPanel]) -> tuple[dict[str, Any], Arrays]:
    """Do what :meth:`TrialTask.describe` described, on a worker.

    Parameters
    ----------
    about, arrays
        The description.
    shared
        The panel.

    Returns
    -------
    The answer as JSON and arrays.
    """
    inner = InnerRows(shared[0].panel, tuple(Fold.unpack(arrays)), arrays["units"], about["horizon"])
    settings = [from_json(each) for each in about["settings"]]
    task = TrialTask(about["name"], from_json(about["model"]), shared[0], inner, settings, about["halving"])
    return task.describe_answer(task.run())


def errors_of(
    name: str, given: Estimator, inner: InnerRows, settings: Sequence[dict[str, Any]], halving: int | None
) -> list[Outcome]:
    """Fit and score settings where the engine that is in use runs them: the same errors, wherever that is.

    Settings that train as one program are cut into jobs of as many as its lanes hold, all of one size; the others into
    jobs of as many as the folds of a walk-forward. How they are cut depends on the settings alone.

    Parameters
    ----------
    name
        What messages call the search.
    given
        The model as it is given.
    inner
        The inner rows.
    settings
        Options by name, one setting each.
    halving
        As in :meth:`penstock.search.inner.InnerRows.errors`: what is compared stays in one job.

    Returns
    -------
    The error of each setting, and the epochs after which it was left out.
    """
    engine, work = current_engine()
    models = [with_settings(given, each) for each in settings]
    if not engine.divides:
        return inner.errors(models, halving)
    rows, tasks, places = shared_rows(inner.panel), [], []
    for group, own in together(models):
        size = len(own) if halving is not None else _size(models[own[0]], len(own), len(inner.folds))
        for first in range(0, len(own), size):
            part = own[first : first + size]
            padded = part + part[-1:] * (size - len(part)) if group is not None else part  # one shape, one program
            tasks.append(TrialTask(name, given, rows, inner, [settings[place] for place in padded], halving))
            places.append(part)
    found: list[Outcome] = [(np.nan, None)] * len(models)
    for number, answer in engine.run(tasks, work):
        for place, outcome in zip(places[number], answer, strict=False):
            found[place] = outcome
    return found


def _size(model: Estimator, settings: int, folds: int) -> int:
    """Return how many settings make a job."""
    most = max(folds_of_a_job(model) // folds, 1)
    jobs = max(-(-settings // most), min(_JOBS, settings // 2), 1)
    return -(-settings // jobs)
