"""Training steps in torch."""

from __future__ import annotations

import numpy as np
import torch

from frame.row import Arrays
from jobs.model import Model, batches
from paths.torch.model import build, make_loss, make_optimizer

__all__ = ["Task"]


class Task:
    """An epoch: shuffle, gather batches, forward, backward, update. No recurrent dropout, and the GRU resets after."""

    def __init__(self, job: Model, arrays: Arrays) -> None:
        self.units = job.steps
        self._model, self._network = job, build(job, arrays)
        self._inputs = [torch.tensor(value) for value in job.inputs(arrays)]
        self._targets = torch.tensor(job.targets(arrays))
        self._loss, self._optimizer = make_loss(job), make_optimizer(job, self._network)
        self._rng = np.random.default_rng(0)

    def outputs(self) -> Arrays:
        """Give the outputs of the first samples, without dropout; probabilities where the loss wants them."""
        if any(cell == "gru_before" for cell, _ in self._model.cells):
            return {}
        self._network.eval()
        with torch.no_grad():
            yhat = self._network(*(value[:256] for value in self._inputs))
        self._network.train()
        return {"yhat": (torch.sigmoid(yhat) if self._model.loss == "bce" else yhat).numpy()}

    def _epoch(self) -> None:
        for rows in torch.tensor(batches(self._model, self._rng)):
            self._optimizer.zero_grad()
            yhat = self._network(*(value[rows] for value in self._inputs))
            self._loss(yhat, self._targets[rows]).backward()
            self._optimizer.step()

    def ways(self) -> dict[str, object]:
        """Give the loop."""
        return {"loop": self._epoch}
