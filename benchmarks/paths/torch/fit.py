"""A whole fit in torch: the usual loop."""

from __future__ import annotations

import numpy as np
import torch

from frame.row import Arrays
from jobs.fit import Fit
from jobs.model import batches
from paths.torch.model import Network, make_loss, make_optimizer

__all__ = ["Task"]


class Task:
    """Cut windows, build, loop."""

    units = 1

    def __init__(self, job: Fit, arrays: Arrays) -> None:
        self._job, self._y, self._mse = job, arrays["y"], float("nan")

    def outputs(self) -> Arrays:
        """Give nothing: initial weights and shuffles differ."""
        return {}

    def _fit(self) -> None:
        model = self._job.model
        y = torch.tensor(self._y, dtype=torch.float32)
        x, targets = y.unfold(0, model.window, 1)[: model.samples, :, None], y[model.window :, None]
        network, rng = Network(model), np.random.default_rng(0)
        loss, optimizer = make_loss(model), make_optimizer(model, network)
        for _ in range(self._job.epochs):
            total = torch.zeros(())
            for rows in torch.tensor(batches(model, rng)):
                optimizer.zero_grad()
                value = loss(network(x[rows]), targets[rows])
                value.backward()
                optimizer.step()
                total += value.detach()
        self._mse = total.item() / model.steps

    def ways(self) -> dict[str, object]:
        """Give the fit."""
        return {"loop": self._fit}

    def facts(self) -> dict[str, float]:
        """Give the error over the last epoch."""
        return {"RMSE of the last epoch": self._mse**0.5}
