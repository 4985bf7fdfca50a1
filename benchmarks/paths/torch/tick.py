"""Ticks in torch: the window rolled, and one call of the layer and the readout."""

from __future__ import annotations

import numpy as np
import torch

from frame.row import Arrays
from jobs.tick import Tick
from paths.torch.convert import copy_weights

__all__ = ["Task"]


class Task:
    """``nn.LSTM`` and ``nn.Linear`` in inference mode, as they are and as a script."""

    def __init__(self, job: Tick, arrays: Arrays) -> None:
        self.units = job.ticks + job.window * job.stateful  # a stateful call walks all rows
        self._window, self._y = job.window, [float(value) for value in arrays["y"]]
        layer, readout = torch.nn.LSTM(1, job.units, batch_first=True), torch.nn.Linear(job.units, 1)
        copy_weights(layer, {name: arrays[name] for name in ("W", "U", "b")})
        with torch.no_grad():
            readout.weight.copy_(torch.tensor(arrays["V"].T))
            readout.bias.copy_(torch.tensor(arrays["c"]))

        class Net(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.layer, self.readout = layer, readout

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return self.readout(self.layer(x)[0][:, -1])

        class Step(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.layer, self.readout = layer, readout

            def forward(
                self, x: torch.Tensor, state: tuple[torch.Tensor, torch.Tensor]
            ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
                out, after = self.layer(x, state)
                return self.readout(out[:, -1]), after

        self._stateful, self._units = job.stateful, job.units
        self._net = (Step() if job.stateful else Net()).eval()
        self._script = torch.jit.freeze(torch.jit.script(self._net))

    def _steps(self, net: torch.nn.Module) -> list[float]:
        zero, found = torch.zeros(1, 1, self._units), []
        state = (zero, zero)
        with torch.inference_mode():
            for value in self._y:
                answer, state = net(torch.full((1, 1, 1), value), state)
                found.append(answer.item())
        return found[self._window :]

    def _ticks(self, net: torch.nn.Module) -> list[float]:
        if self._stateful:
            return self._steps(net)
        x, found = torch.tensor(self._y[: self._window], dtype=torch.float32)[None, :, None], []
        with torch.inference_mode():
            for value in self._y[self._window :]:
                x[:, :-1] = x[:, 1:].clone()
                x[:, -1] = value
                found.append(net(x).item())
        return found

    def outputs(self) -> Arrays:
        """Give the forecasts of the ticks."""
        return {"yhat": np.array(self._ticks(self._net))}

    def ways(self) -> dict[str, object]:
        """Give the ticks, both ways."""
        return {"module": lambda: self._ticks(self._net), "script": lambda: self._ticks(self._script)}
