"""One epoch of the stocks model in Penstock."""

from __future__ import annotations

import resource

import jax
import numpy as np

from frame.row import Arrays
from jobs.epoch import Epoch
from paths.ours.model import network_of
from penstock.networks.inputs import Inputs
from penstock.training.epoch import begin, compiled_epoch, member_keys
from penstock.training.optimizers import optimizer_named
from penstock.training.plan import Plan
from penstock.training.samples import Samples, Source

__all__ = ["Task"]


class Task:
    """The compiled epoch over one flat array; windows are gathered within the steps. Compiled before it is timed."""

    units = 1

    def __init__(self, job: Epoch, arrays: Arrays) -> None:
        jax.block_until_ready(jax.numpy.zeros(1))
        before = _resident()
        model, rows = job.model, len(arrays["returns"])
        network, tickers = network_of(model), int(arrays["series"].max()) + 1
        inputs = Inputs(1, (tickers,), 12)
        plan = Plan(loss=model.loss, optimizer=optimizer_named(model.optimizer), batch=model.batch, patience=None)
        source = Source.of(
            arrays["returns"][:, None], series=arrays["series"], categories=np.arange(tickers)[:, None],
            sizes=(tickers,), extra=np.eye(12, dtype=np.uint8)[arrays["month"]],
        )  # fmt: skip
        up = (arrays["returns"] > 0).astype(float)
        self._samples = Samples.of(source, up, arrays["starts"], arrays["starts"][:0])
        few = Samples.of(source, up, arrays["starts"], arrays["starts"][:0])
        few = few._replace(learn=few.learn._replace(total=np.int32(model.batch)))
        self._learning = begin(network, plan, inputs, 1)(member_keys(0, 1))
        self._epoch = compiled_epoch(network, plan, inputs, 1, model.window, 1)
        self._learning, _, _ = jax.block_until_ready(self._epoch(self._learning, few))
        self._before, self._rows, self._windows = before, rows, len(arrays["starts"])

    def outputs(self) -> Arrays:
        """Give nothing: no other path runs it."""
        return {}

    def _run(self) -> None:
        self._learning, self._learned, _ = jax.block_until_ready(self._epoch(self._learning, self._samples))

    def ways(self) -> dict[str, object]:
        """Give the epoch."""
        return {"epoch": self._run}

    def facts(self) -> dict[str, float]:
        """Give the size of the job, and the most memory over what the process held with the data read."""
        return {
            "windows": self._windows,
            "MB at most beside the data as read": _peak() - self._before,
            "mean loss": float(self._learned[0]),
        }


def _resident() -> float:
    """Give the memory of this process now, in MB, or its peak where the system does not tell."""
    try:
        with open("/proc/self/statm") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * resource.getpagesize() / 1e6
    except OSError:
        return _peak()


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
