"""The members of a large ensemble in ranges, each range the unit of work of a fit that is one model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.engines.choice import current_engine
from penstock.engines.task import SharedPanel, Task
from penstock.forecaster.fit_task import shared_rows
from penstock.forecaster.prepared import Prepared
from penstock.networks.weights import end_to_end
from penstock.options import from_json, to_json
from penstock.storage import Arrays
from penstock.training.config import TrainSpec
from penstock.training.history import History, Trained
from penstock.training.lanes import lanes_at_once
from penstock.training.stored import restored_history, restored_weights, stored_history, stored_weights
from penstock.training.train import train_folds

__all__ = ["MemberTask", "run_job", "trained_in_parts"]


@dataclass(eq=False)
class MemberTask(Task):
    """Some members of a forecaster, trained on the first rows of a panel.

    Attributes
    ----------
    name, model
        What messages call the model, and the model, unfitted.
    rows
        The training rows, and the validation rows that are given instead of their tail, if any.
    ends
        Flat row of each series at which the training rows end, ``[series]``.
    validates
        Whether the rows behind them are those of early stopping.
    first, count
        Number of the first member, and how many there are.
    spec
        What is trained, which reads an answer; None on a worker.
    """

    kind: ClassVar[str] = "members"

    name: str
    model: Any
    rows: SharedPanel
    ends: NDArray[np.int64]
    validates: bool
    first: int
    count: int
    spec: TrainSpec | None = None

    @property
    def words(self) -> str:
        """The model and the members."""
        return f"{self.name}, member {self.first} to {self.first + self.count - 1} of {self.model.members}"

    @property
    def rows_trained(self) -> int:
        """Rows of the panel, nearly all of which are trained on."""
        return self.rows.panel.rows

    def run(self) -> Trained:
        """Train the members."""
        panel, model = self.rows.panel, self.model
        train = panel.before(self.ends)
        prepared = model.prepare(train, panel if self.validates else None)
        spec = model.spec(prepared, len(train))
        (trained,) = train_folds(
            spec, [prepared.samples], epochs=model.epochs, members=self.count, first=self.first, seed=model.seed
        )
        return trained

    def describe(self) -> tuple[dict[str, Any], Arrays]:
        """Return the options as JSON, and where training rows end."""
        about = {"name": self.name, "model": to_json(self.model), "validates": self.validates}
        return {**about, "first": self.first, "count": self.count}, {"ends": self.ends}

    def describe_answer(self, answer: Trained) -> tuple[dict[str, Any], Arrays]:
        """Return weights and losses."""
        arrays = {**stored_weights(answer.weights), **stored_history(answer.history)}
        return {}, {name: np.asarray(array) for name, array in arrays.items()}

    def read_answer(self, about: Any, arrays: Any) -> Trained:
        """Return weights and losses."""
        assert self.spec is not None  # noqa: S101 (the caller's own task)
        weights = restored_weights(arrays, self.spec.network, self.spec.inputs, self.spec.outputs, self.count)
        return Trained(weights, restored_history(arrays))


def run_job(about: Any, arrays: Arrays, shared: Sequence[SharedPanel]) -> tuple[dict[str, Any], Arrays]:
    """Do what :meth:`MemberTask.describe` described, on a worker.

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
    task = MemberTask(
        about["name"], model, shared[0], arrays["ends"], about["validates"], about["first"], about["count"]
    )  # fmt: skip
    return task.describe_answer(task.run())


def trained_in_parts(
    model: Any, prepared: Sequence[Prepared], trains: Sequence[Panel], validation: Sequence[Panel | None]
) -> list[Trained] | None:
    """Train the members of one model in ranges, where the engine that is in use has workers and there are many.

    A range fills the lanes of one program. The cut depends on the model alone.

    Parameters
    ----------
    model
        The forecaster.
    prepared
        What :meth:`penstock.Forecaster.prepare` gave.
    trains, validation
        Training rows, and those followed by validation rows, as in ``_fit_all``.

    Returns
    -------
    Weights and losses of all members; None where they are to be trained as one.
    """
    engine, work = current_engine()
    if not engine.divides or len(trains) > 1 or not model.fits_in_parts:
        return None
    rows = shared_rows(trains[0] if validation[0] is None else validation[0])
    ends = rows.panel.offsets[:-1] + trains[0].lengths
    count = -(-model.members // -(-model.members // lanes_at_once()))
    spec, validates = model.spec(prepared[0], len(trains[0])), validation[0] is not None
    tasks = [
        MemberTask(model.label, model, rows, ends, validates, first, min(count, model.members - first), spec)
        for first in range(0, model.members, count)
    ]
    answers = dict(engine.run(tasks, work))
    parts = [answers[place] for place in range(len(tasks))]
    history = History.of_parts([part.history for part in parts])
    return [Trained(end_to_end([part.weights for part in parts]), history)]
