"""One epoch of the stocks model in Penstock."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from frame.row import Arrays
from jobs.epoch import Epoch
from paths.ours.model import network_of
from penstock.networks.inputs import Inputs
from penstock.training.config import TrainConfig, TrainSpec
from penstock.training.epoch import compiled_epoch, initial_state
from penstock.training.folds import stack
from penstock.training.optimizers import resolve_optimizer
from penstock.training.samples import Samples
from penstock.training.source import Source

__all__ = ["Task"]


class Task:
    """The compiled epoch over one flat array; windows are gathered within the steps. Compiled before it is timed."""

    units = 1

    def __init__(self, job: Epoch, arrays: Arrays) -> None:
        jax.block_until_ready(jnp.zeros(1))
        before = _memory("VmRSS")
        model = job.model
        network, tickers = network_of(model), int(arrays["series"].max()) + 1
        inputs = Inputs(1, (tickers,), 12)
        config = TrainConfig(
            loss=model.loss, optimizer=resolve_optimizer(model.optimizer), batch=model.batch, patience=None
        )
        source = Source.of(
            arrays["returns"][:, None], series=arrays["series"], categories=np.arange(tickers)[:, None],
            sizes=(tickers,), extra=np.eye(12, dtype=np.uint8)[arrays["month"]],
        )  # fmt: skip
        up = (arrays["returns"] > 0).astype(float)
        starts = arrays["starts"]
        self._samples = stack([Samples.of_windows(source, up, starts, starts[:0], window=model.window)])
        whole = self._samples.train[model.window]
        few = self._samples._replace(train={model.window: whole._replace(total=jnp.full(1, model.batch, jnp.int32))})
        spec = TrainSpec(network, config, inputs, 1)
        self._state = initial_state(spec)(np.uint32(0), np.zeros(1, np.uint32))
        self._epoch = compiled_epoch(spec)
        self._fold = np.zeros(1, np.int32)
        self._state, _, _ = jax.block_until_ready(self._epoch(self._state, self._fold, few))
        self._before, self._compiled, self._windows = before, _memory("VmHWM"), len(arrays["starts"])

    def outputs(self) -> Arrays:
        """Give nothing: no other path runs it."""
        return {}

    def _run(self) -> None:
        self._state, self._training_loss, _ = jax.block_until_ready(self._epoch(self._state, self._fold, self._samples))

    def ways(self) -> dict[str, object]:
        """Give the epoch."""
        return {"epoch": self._run}

    def facts(self) -> dict[str, float]:
        """Give the size of the job, and the most memory over that of the process with the data read and JAX started."""
        return {
            "windows": self._windows,
            "MB at most until compiled, over the process before": self._compiled - self._before,
            "MB at most in all": _memory("VmHWM") - self._before,
            "mean loss": float(self._training_loss[0]),
        }


def _memory(which: str) -> float:
    """Give the memory of this process in MB, now (VmRSS) or at most (VmHWM); not a number where Linux does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(which))
