"""Walking forward in Penstock: one comparison."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.stats

import penstock as ps
from frame.row import Arrays
from jobs.walk import WalkForward

__all__ = ["Task"]

# what a user's program has imported before it begins
_IMPORTED = (scipy.stats, ps.LSTM, ps.train, ps.compare, ps.Forecaster, ps.Network, ps.RollingOrigin)


class Task:
    """``compare`` with ``refit``."""

    units = 1

    def __init__(self, job: WalkForward, arrays: Arrays) -> None:
        self._job, self._y, self._rmse = job, arrays["y"], float("nan")

    def outputs(self) -> Arrays:
        """Give nothing: initial weights and shuffles differ."""
        return {}

    def _walk(self) -> None:
        job, model = self._job, self._job.model
        frame = pd.DataFrame({"ds": np.arange(len(self._y)), "y": self._y})
        net = ps.Forecaster(
            ps.Network([ps.LSTM(model.cells[0][1])]), window=model.window, batch=model.batch, epochs=1, validation=0,
            members=job.members,
        )  # fmt: skip
        split = ps.RollingOrigin(test=job.test, refit=job.ahead, train=job.train)
        result = ps.compare({"net": net}, frame, split)
        self._rmse = result.rows[0]["rmse"]

    def ways(self) -> dict[str, object]:
        """Give the comparison."""
        return {"compare": self._walk}

    def facts(self) -> dict[str, float]:
        """Give the error of the ensemble's forecasts."""
        return {"RMSE of the forecasts": self._rmse}
