"""What the bar of a fit shows."""

from __future__ import annotations

import numpy as np

from penstock.training.callbacks import EpochEnd, FitBegin
from penstock.training.config import TrainConfig
from penstock.training.progress import ProgressBar


def event(training_loss: list[float], validation_loss: list[float], running: list[bool]) -> EpochEnd:
    lanes = np.arange(len(running))
    return EpochEnd(
        lanes.astype(np.int32), lanes.astype(np.uint32), lanes, np.array(training_loss), np.array(validation_loss),
        np.array(running), 0.1,
    )  # fmt: skip


def test_shows_the_medians_of_the_members_where_it_is_wanted() -> None:
    bar = ProgressBar(shown=True)
    bar.on_fit_begin(FitBegin(TrainConfig(), 1, 3, 2, 1))
    bar.on_epoch_end(event([1.0, 3.0, 2.0], [np.inf] * 3, [True, False, True]))
    assert bar._progress is not None
    (task,) = bar._progress.tasks
    assert (task.completed, task.total) == (1, 2)
    assert task.description == "loss 2 · validation loss inf · 2 training"
    bar.on_fit_end(None)


def test_draws_nothing_where_it_is_not() -> None:
    bar = ProgressBar(shown=False)
    bar.on_fit_begin(FitBegin(TrainConfig(), 1, 1, 2, 1))
    bar.on_epoch_end(event([1.0], [np.nan], [True]))
    assert bar._progress is None
    bar.on_fit_end(None)
