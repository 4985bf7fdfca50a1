"""A block of folds: fit a copy of a model on each, and forecast; the unit of work that a comparison is cut into."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.engines.task import SharedPanel, Task
from penstock.estimator import Estimator
from penstock.evaluation.calibration import Residuals, held_out_residuals, model_intervals
from penstock.evaluation.rolling_origin import Fold
from penstock.fitting import restored_twin
from penstock.intervals.conformal import Conformal
from penstock.options import from_json, to_json
from penstock.searchable import Trial
from penstock.storage import Arrays
from penstock.training.folds import BlockShape
from penstock.training.lanes import folds_numbered, lanes_at_once

__all__ = ["Block", "BlockAnswer", "folds_of_a_job", "run_job"]

Values = NDArray[np.float64]

_FOLDS = 8  # of a model whose folds share no program; they are fitted one after the other


@dataclass(frozen=True, eq=False)
class BlockAnswer:
    """What the fits of a block gave.

    Attributes
    ----------
    yhat
        Forecasts ``[members, n, horizon]``.
    choices
        The options that the fit of each fold chose, in words.
    seconds
        Time that the fits took.
    bounds
        The models' own bounds ``[levels, 2, n, horizon]``; None where they have none, or none were asked for.
    residuals
        Errors of rows before the test; None where none were asked for.
    model
        The model as fitted on the last fold; None where it was not asked for.
    trials
        The settings that the fit of each fold tried.
    """

    yhat: Values = field(repr=False)
    choices: tuple[str, ...]
    seconds: float
    bounds: Values | None = field(default=None, repr=False)
    residuals: Residuals | None = None
    model: Estimator | None = None
    trials: tuple[Sequence[Trial], ...] = ()


@dataclass(eq=False)
class Block(Task):
    """Some folds of a walk-forward, which are fitted together.

    Attributes
    ----------
    name, model
        The model, unfitted, and its name in the comparison.
    rows
        All rows.
    folds, first, of
        The folds, the number of the first of them, and how many there are in all.
    stopping
        Whether early stopping watches the test rows (a leak).
    own_levels
        Levels of the models' own intervals, where they are asked for.
    levels, method
        Levels of intervals, and how they are made, where residuals are to be found for them.
    last
        Whether the model of the last fold is wanted.
    shape
        What :meth:`penstock.estimator.Estimator.block_shape` gave.
    """

    kind: ClassVar[str] = "block"

    name: str
    model: Estimator
    rows: SharedPanel
    folds: Sequence[Fold]
    first: int
    of: int
    stopping: bool = False
    own_levels: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()
    method: Conformal | None = None
    last: bool = True
    shape: Any = None

    @property
    def words(self) -> str:
        """The model and the folds."""
        if self.of == 1:
            return self.name
        end = self.first + len(self.folds) - 1
        return f"{self.name}, fold {self.first}" + (f" to {end}" if end > self.first else "") + f" of {self.of}"

    @property
    def rows_trained(self) -> int:
        """Training rows of all folds."""
        return sum(int((fold.ends - fold.starts).sum()) for fold in self.folds)

    def run(self) -> BlockAnswer:
        """Fit the folds, and forecast."""
        panel, kind = self.rows.panel, self.rows.kind
        begin = time.perf_counter()
        trains = [panel.between(fold.starts, fold.ends) for fold in self.folds]
        validation: list[Panel] | None = None
        if self.stopping:
            validation = [panel.between(fold.starts, panel.offsets[1:]) for fold in self.folds]
        with folds_numbered(self.first, self.of):
            fitted = self.model.fit_panels(trains, kind, validation, self.shape)
        seconds = time.perf_counter() - begin
        origins = [fold.origins for fold in self.folds]
        yhat = [each.forecast_panel(panel, rows) for each, rows in zip(fitted, origins, strict=True)]
        own = model_intervals(fitted, panel, origins, self.own_levels) if self.own_levels else None
        residuals = None
        if self.levels and own is None and self.method is not None:
            residuals = held_out_residuals(
                fitted[0], trains[0], kind, self.method, watches_training_rows=not self.stopping, shape=self.shape
            )
        return BlockAnswer(
            np.concatenate(yhat, axis=1),
            tuple(each.choice for each in fitted),
            seconds,
            None if own is None else np.concatenate(own, axis=2),
            residuals,
            fitted[-1] if self.last else None,
            tuple(each.searched for each in fitted),
        )

    def describe(self) -> tuple[dict[str, Any], Arrays]:
        """Return the options as JSON, and the bounds of the folds."""
        about = {
            "name": self.name, "model": to_json(self.model), "first": self.first, "of": self.of,
            "stopping": self.stopping, "own_levels": self.own_levels, "levels": self.levels,
            "method": None if self.method is None else to_json(self.method), "last": self.last,
            "shape": self.shape,
        }  # fmt: skip
        return about, Fold.pack(self.folds)

    @classmethod
    def of_job(cls, about: Any, arrays: Arrays, rows: SharedPanel) -> Block:
        """Read what :meth:`describe` gave."""
        return cls(
            about["name"], from_json(about["model"]), rows, Fold.unpack(arrays), about["first"], about["of"],
            about["stopping"], tuple(about["own_levels"]), tuple(about["levels"]),
            None if about["method"] is None else from_json(about["method"]), about["last"],
            None if about["shape"] is None else BlockShape(*about["shape"]),
        )  # fmt: skip

    def describe_answer(self, answer: BlockAnswer) -> tuple[dict[str, Any], Arrays]:
        """Return forecasts, bounds, residuals and the fitted model as JSON and arrays."""
        arrays: Arrays = {"yhat": answer.yhat}
        if answer.bounds is not None:
            arrays["bounds"] = answer.bounds
        if answer.residuals is not None:
            arrays |= {"residuals.origins": answer.residuals.origins, "residuals.errors": answer.residuals.errors}
        about: dict[str, Any] = {"choices": answer.choices, "seconds": answer.seconds, "model": None}
        about["trials"] = [[trial.to_json() for trial in each] for each in answer.trials]
        if answer.model is not None:
            about["model"], of_model = answer.model.packed()
            arrays |= {f"model.{name}": np.asarray(array) for name, array in of_model.items()}
        return about, arrays

    def read_answer(self, about: Any, arrays: Any) -> BlockAnswer:
        """Return the answer, whose model has the options that were given."""
        residuals = model = None
        if "residuals.errors" in arrays:
            residuals = Residuals(arrays["residuals.origins"], arrays["residuals.errors"])
        if about["model"] is not None:
            of_model = {name[6:]: array for name, array in arrays.items() if name.startswith("model.")}
            model = restored_twin(self.model, about["model"], of_model)
            names = {name: name for name in self.rows.panel.ids}
            model.ids_ = tuple(names[name] for name in model.ids_)
            model.kind_ = self.rows.kind.only(model.covariates)
        choices = tuple(about["choices"])
        trials = tuple([Trial.from_json(trial) for trial in each] for each in about["trials"])
        return BlockAnswer(arrays["yhat"], choices, about["seconds"], arrays.get("bounds"), residuals, model, trials)


def run_job(about: Any, arrays: Arrays, shared: Sequence[SharedPanel]) -> tuple[dict[str, Any], Arrays]:
    """Do what :meth:`Block.describe` described, on a worker.

    Parameters
    ----------
    about, arrays
        The description.
    shared
        All rows.

    Returns
    -------
    The answer as JSON and arrays.
    """
    block = Block.of_job(about, arrays, shared[0])
    return block.describe_answer(block.run())


def folds_of_a_job(model: Estimator) -> int:
    """Return how many folds of a model make a job, so that it fills the lanes of one program.

    The number depends on nothing but the model, so that answers which an earlier run kept serve any number of workers.

    Parameters
    ----------
    model
        The model.

    Examples
    --------
    >>> from penstock.baselines.naive import Naive
    >>> folds_of_a_job(Naive())
    8
    """
    if model.takes_callbacks:
        return max(lanes_at_once() // getattr(model, "members", 1), 1)
    return 1 if _trains(model) else _FOLDS


def _trains(value: Any) -> bool:
    """Say whether a model that holds others trains networks."""
    if isinstance(value, Estimator):
        return value.takes_callbacks or any(map(_trains, value.get_params().values()))
    return isinstance(value, (list, tuple)) and any(map(_trains, value))
