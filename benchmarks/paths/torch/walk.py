"""Walking forward in torch: the loop that people write."""

from __future__ import annotations

import numpy as np
import torch

from frame.row import Arrays
from jobs.model import batches
from jobs.walk import WalkForward
from paths.torch.model import Network, make_loss, make_optimizer

__all__ = ["Task"]


class Task:
    """For every refit and member: scale, cut windows, build, one epoch, forecast."""

    units = 1

    def __init__(self, job: WalkForward, arrays: Arrays) -> None:
        self._job, self._y, self._rmse = job, arrays["y"], float("nan")

    def outputs(self) -> Arrays:
        """Give nothing: initial weights and shuffles differ."""
        return {}

    def _walk(self) -> None:
        job, model, rng = self._job, self._job.model, np.random.default_rng(0)
        torch.manual_seed(0)
        forecasts = []
        for refit in range(job.refits):
            end = job.train + refit * job.ahead
            rows = self._y[end - job.train : end]
            low, span = rows.min(), np.ptp(rows)
            scaled = torch.tensor((self._y[end - job.train : end + job.ahead] - low) / span, dtype=torch.float32)
            windows, targets = scaled.unfold(0, model.window, 1)[:, :, None], scaled[model.window :, None]
            newest = windows[model.samples : model.samples + job.ahead]
            yhat = [self._fitted(windows, targets, rng)(newest)[:, 0] for _ in range(job.members)]
            forecasts.append(torch.stack(yhat).mean(0).detach().numpy() * span + low)
        self._rmse = float(np.sqrt(np.mean((np.concatenate(forecasts) - self._y[job.train :]) ** 2)))

    def _fitted(self, windows: torch.Tensor, targets: torch.Tensor, rng: np.random.Generator) -> Network:
        model = self._job.model
        network = Network(model)
        loss, optimizer = make_loss(model), make_optimizer(model, network)
        for rows in torch.tensor(batches(model, rng)):
            optimizer.zero_grad()
            loss(network(windows[rows]), targets[rows]).backward()
            optimizer.step()
        return network.eval()

    def ways(self) -> dict[str, object]:
        """Give the loop."""
        return {"loop": self._walk}

    def facts(self) -> dict[str, float]:
        """Give the error of the ensemble's forecasts."""
        return {"RMSE of the forecasts": self._rmse}
