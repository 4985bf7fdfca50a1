"""A whole fit in neuralforecast."""

from __future__ import annotations

import logging
import tempfile

import numpy as np
import pandas as pd
import torch
from neuralforecast import NeuralForecast
from neuralforecast.losses.pytorch import MSE
from neuralforecast.models import LSTM

from frame.row import Arrays
from jobs.fit import Fit

__all__ = ["Task"]


class Task:
    """``NeuralForecast.fit`` with as many steps of as many windows; its output layer reads the LSTM directly."""

    units = 1

    def __init__(self, job: Fit, arrays: Arrays) -> None:
        logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
        self._job = job
        y = arrays["y"].astype(np.float32)
        self._frame = pd.DataFrame({"unique_id": "y", "ds": np.arange(len(y)), "y": y})
        self._fitted: NeuralForecast | None = None
        self._folder = tempfile.TemporaryDirectory()

    def outputs(self) -> Arrays:
        """Give nothing: initial weights and shuffles differ."""
        return {}

    def _fit(self) -> None:
        model = self._job.model
        ((_, units),) = model.cells
        network = LSTM(
            h=1, input_size=model.window, encoder_n_layers=1, encoder_hidden_size=units, recurrent=True, loss=MSE(),
            max_steps=self._job.epochs * model.steps, batch_size=1, windows_batch_size=model.batch,
            learning_rate=0.001, num_lr_decays=0, scaler_type="identity", optimizer=torch.optim.RMSprop,
            optimizer_kwargs={"alpha": 0.9, "eps": 1e-8}, accelerator="cpu", logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, default_root_dir=self._folder.name,
        )  # fmt: skip
        self._fitted = NeuralForecast(models=[network], freq=1)
        self._fitted.fit(self._frame)

    def ways(self) -> dict[str, object]:
        """Give the fit."""
        return {"fit": self._fit}

    def facts(self) -> dict[str, float]:
        """Give the error over the last steps."""
        losses = self._fitted.models[0].train_trajectories[-self._job.model.steps :]
        return {"RMSE of the last epoch": float(np.mean([loss for _, loss in losses])) ** 0.5}
