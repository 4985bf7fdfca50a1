"""A whole fit in Keras on JAX."""

from __future__ import annotations

import keras
import numpy as np

from frame.row import Arrays
from jobs.fit import Fit

__all__ = ["Task"]


class Task:
    """Cut windows, build, compile, ``fit``."""

    units = 1

    def __init__(self, job: Fit, arrays: Arrays) -> None:
        self._job, self._y, self._mse = job, arrays["y"], float("nan")

    def outputs(self) -> Arrays:
        """Give nothing: initial weights and shuffles differ."""
        return {}

    def _fit(self) -> None:
        model = self._job.model
        y = self._y.astype(np.float32)
        x = np.lib.stride_tricks.sliding_window_view(y, model.window)[: model.samples, :, None]
        ((_, units),) = model.cells
        network = keras.Sequential([keras.Input((model.window, 1)), keras.layers.LSTM(units), keras.layers.Dense(1)])
        network.compile(keras.optimizers.RMSprop(0.001, rho=0.9, epsilon=1e-8), "mean_squared_error", jit_compile=True)
        history = network.fit(x, y[model.window :], batch_size=model.batch, epochs=self._job.epochs, verbose=0)
        self._mse = history.history["loss"][-1]

    def ways(self) -> dict[str, object]:
        """Give the fit."""
        return {"fit": self._fit}

    def facts(self) -> dict[str, float]:
        """Give the error over the last epoch."""
        return {"RMSE of the last epoch": self._mse**0.5}
