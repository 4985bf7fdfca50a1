"""One epoch of the stocks model in Penstock."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import penstock as ps
from frame.row import Arrays
from frame.timing import Seconds
from jobs.epoch import Epoch
from paths.ours.training import epoch_times

__all__ = ["Task"]


class Task:
    """An epoch of ``penstock.train`` over one flat array; windows are gathered within the steps."""

    units = 1

    def __init__(self, job: Epoch, arrays: Arrays) -> None:
        jax.block_until_ready(jnp.zeros(1))
        self._before = _memory("VmRSS")
        self._model = job.model
        after = arrays["starts"] + job.model.window
        self._data = {
            "x": ps.training.RowWindows(arrays["returns"], job.model.window, arrays["starts"]),
            "y": arrays["returns"][after] > 0,
            "categories": arrays["series"][after - 1],
            "extra": np.eye(12, dtype=np.uint8)[arrays["month"][after]],
        }
        self._loss = float("nan")

    def outputs(self) -> Arrays:
        """Give nothing: no other path runs it."""
        return {}

    def _train(self) -> Seconds:
        trained, seconds = epoch_times(self._model, self._data, 1)
        self._loss = float(trained.history.training_loss[0, 0])
        return seconds

    def ways(self) -> dict[str, object]:
        """Give the epoch; compilation is not counted."""
        return {"epoch": self._train}

    def facts(self) -> dict[str, float]:
        """Give the size of the job, and the most memory over that of the process with the data read and JAX started."""
        return {
            "windows": len(self._data["y"]),
            "MB at most, over the process before": _memory("VmHWM") - self._before,
            "mean loss": self._loss,
        }


def _memory(which: str) -> float:
    """Give the memory of this process in MB, now (VmRSS) or at most (VmHWM); not a number where Linux does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(which))
