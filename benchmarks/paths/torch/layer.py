"""A layer in torch."""

from __future__ import annotations

import torch

from frame.row import Arrays
from jobs.layer import Layer
from paths.torch.convert import MODULES, copy_gradients, copy_weights

__all__ = ["Task"]


class Task:
    """Forward and ``backward()``; sequences with padding are packed. torch resets after the product only."""

    units = 1

    def __init__(self, job: Layer, arrays: Arrays) -> None:
        self._agrees = job.cell != "gru_before"
        self._layer = MODULES[job.cell](job.inputs, job.units, batch_first=True)
        copy_weights(self._layer, arrays)
        self._x = torch.tensor(arrays["x"]).requires_grad_()
        self._R = torch.tensor(arrays["R"])
        self._lengths = torch.tensor(arrays["lengths"]) if job.padded else None

    def _run(self) -> torch.Tensor:
        self._x.grad = None
        self._layer.zero_grad()
        if self._lengths is None:
            h = self._layer(self._x)[0]
        else:
            packed = torch.nn.utils.rnn.pack_padded_sequence(
                self._x, self._lengths, batch_first=True, enforce_sorted=False
            )
            h, _ = torch.nn.utils.rnn.pad_packed_sequence(
                self._layer(packed)[0], batch_first=True, total_length=self._x.shape[1]
            )
        (h * self._R).sum().backward()
        return h

    def outputs(self) -> Arrays:
        """Give the sequence and the gradients; nothing for a cell that torch does not have."""
        h = self._run()
        if not self._agrees:
            return {}
        return {"h": h.detach().numpy(), "dx": self._x.grad.numpy().copy(), **copy_gradients(self._layer)}

    def ways(self) -> dict[str, object]:
        """Give the call."""
        return {"call": self._run}
