"""What the bar of a fit tells."""

from __future__ import annotations

import numpy as np

from penstock.training.progress import EpochBar


def test_tells_the_medians_of_the_members_where_it_is_shown() -> None:
    with EpochBar(2, shown=True) as bar:
        bar.advance(np.array([1.0, 3.0, 2.0], np.float32), np.full(3, np.inf), 2)
        assert bar._progress is not None
        (task,) = bar._progress.tasks
        assert (task.completed, task.description) == (1, "loss 2 · watched inf · 2 training")


def test_draws_nothing_where_it_is_not() -> None:
    with EpochBar(2, shown=False) as bar:
        bar.advance(np.array([1.0]), np.array([np.nan]), 1)
        assert bar._progress is None
