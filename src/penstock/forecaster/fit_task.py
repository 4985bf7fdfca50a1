"""Fit one model on the first rows of a panel, and forecast: the unit of work of an ensemble and of its validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from penstock.data.frames import Columns, FrameKind
from penstock.data.panel import Panel
from penstock.engines.choice import current_engine
from penstock.engines.task import SharedPanel, Task
from penstock.options import check_options, from_json, to_json
from penstock.storage import Arrays

__all__ = ["FitAnswer", "FitTask", "fit_one", "fitted_each", "run_job", "shared_rows"]


@dataclass(frozen=True, eq=False)
class FitAnswer:
    """What a fit gave.

    Attributes
    ----------
    model
        The fitted model; None where it was not asked for.
    forecasts
        The forecasts that were asked for, ``[n, horizon]``.
    """

    model: Any
    forecasts: NDArray[np.float64] = field(repr=False)


@dataclass(eq=False)
class FitTask(Task):
    """A fit of one model, and forecasts from rows of the same panel.

    Attributes
    ----------
    name, model
        What messages call the model, and the model, unfitted.
    rows
        The panel.
    ends
        Flat row of each series at which the training rows end, ``[series]``.
    origins
        Flat row of the last known value of each forecast, ``[n]``.
    keeps
        Whether the fitted model is wanted.
    """

    kind: ClassVar[str] = "fit"

    name: str
    model: Any
    rows: SharedPanel
    ends: NDArray[np.int64]
    origins: NDArray[np.int64]
    keeps: bool

    @property
    def words(self) -> str:
        """The name of the model."""
        return self.name

    @property
    def rows_trained(self) -> int:
        """Rows of the panel, nearly all of which are trained on."""
        return self.rows.panel.rows

    def run(self) -> FitAnswer:
        """Fit, and forecast."""
        panel = self.rows.panel
        twin = fit_one(self.model.clone(), panel.before(self.ends))
        forecasts = np.zeros((0, twin.horizon))
        if len(self.origins):
            own = panel.with_only(twin.covariates)
            forecasts = twin.aggregate(twin._forecast(own, self.origins, np.arange(len(panel))))
        return FitAnswer(twin if self.keeps else None, forecasts)

    def describe(self) -> tuple[dict[str, Any], Arrays]:
        """Return the options as JSON, and where training rows end and forecasts begin."""
        about = {"name": self.name, "model": to_json(self.model), "keeps": self.keeps}
        return about, {"ends": self.ends, "origins": self.origins}

    def describe_answer(self, answer: FitAnswer) -> tuple[dict[str, Any], Arrays]:
        """Return the fitted arrays and the forecasts."""
        arrays: Arrays = {"forecasts": answer.forecasts}
        kept = None
        if answer.model is not None:
            kept = answer.model.rows_kept
            arrays |= {f"model.{name}": np.asarray(array) for name, array in answer.model._arrays().items()}
        return {"rows_kept": kept}, arrays

    def read_answer(self, about: Any, arrays: Any) -> FitAnswer:
        """Return the answer, whose model has the options that were given."""
        if not self.keeps:
            return FitAnswer(None, arrays["forecasts"])
        twin, train = self.model.clone(), self.rows.panel.before(self.ends)
        twin.ids_, twin.tail_ = train.ids, train.with_only(twin.covariates).last(about["rows_kept"])
        twin.kind_ = self.rows.kind
        twin._restore({name[6:]: array for name, array in arrays.items() if name.startswith("model.")})
        del twin.kind_  # that of the ensemble follows at the end of its fit
        return FitAnswer(twin, arrays["forecasts"])


def run_job(about: Any, arrays: Arrays, shared: Sequence[SharedPanel]) -> tuple[dict[str, Any], Arrays]:
    """Do what :meth:`FitTask.describe` described, on a worker.

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
    model = from_json(about["model"])
    task = FitTask(about["name"], model, shared[0], arrays["ends"], arrays["origins"], about["keeps"])
    return task.describe_answer(task.run())


def shared_rows(panel: Panel) -> SharedPanel:
    """Return a panel as tasks share it; how its frame was made is left out, since no fit reads it."""
    times = nw.Int64() if panel.times.dtype.kind != "M" else nw.Datetime("ns")
    kind = FrameKind("pandas", Columns(), None, times, "indicator" if panel.masked else "error")
    return SharedPanel(panel, kind)


def fitted_each(
    models: Sequence[Any], rows: SharedPanel, ends: NDArray[np.int64], origins: NDArray[np.int64], what: str
) -> list[FitAnswer]:
    """Fit copies of several models on the same rows, where the engine that is in use runs them.

    Parameters
    ----------
    models
        The models.
    rows
        The panel.
    ends, origins
        As in :class:`FitTask`; without origins the fitted models are wanted, else only the forecasts.
    what
        What is done, for messages.

    Returns
    -------
    The answers, in the order of the models.
    """
    engine, work = current_engine()
    tasks = [
        FitTask(f"{model.label} (model {place} of {len(models)}, {what})", model, rows, ends, origins, not len(origins))
        for place, model in enumerate(models, start=1)
    ]
    answers = dict(engine.run(tasks, work))
    return [answers[place] for place in range(len(tasks))]


def fit_one(model: Any, train: Panel, validation: Panel | None = None) -> Any:
    """Check and fit one model on the panel."""
    check_options(model)
    own = train.with_only(model.covariates)
    if validation is None:
        model.check_rows(own)
    model._fit(own, validation and validation.with_only(model.covariates))
    model.ids_ = train.ids
    model.tail_ = own.last(model.rows_kept)
    return model
