"""A whole fit in Penstock."""

from __future__ import annotations

import numpy as np
import pandas as pd

import penstock as ps
from frame.row import Arrays
from jobs.fit import Fit

__all__ = ["Task"]


class Task:
    """``Forecaster.fit``."""

    units = 1

    def __init__(self, job: Fit, arrays: Arrays) -> None:
        self._job = job
        self._frame = pd.DataFrame({"ds": np.arange(len(arrays["y"])), "y": arrays["y"]})
        self._fitted = ps.Forecaster(ps.Network([ps.LSTM(8)]), window=8)

    def outputs(self) -> Arrays:
        """Give nothing: initial weights and shuffles differ."""
        return {}

    def _fit(self) -> None:
        model = self._job.model
        ((_, units),) = model.cells
        self._fitted = ps.Forecaster(
            ps.Network([ps.LSTM(units)]), window=model.window, batch=model.batch, epochs=self._job.epochs,
            patience=None, validation=0, progress=False,
        ).fit(self._frame)  # fmt: skip

    def ways(self) -> dict[str, object]:
        """Give the fit."""
        return {"fit": self._fit}

    def facts(self) -> dict[str, float]:
        """Give the error over the last epoch."""
        return {"RMSE of the last epoch": float(np.sqrt(self._fitted.history_.training_loss[-1, 0]))}
