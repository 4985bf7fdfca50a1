"""Training steps in Penstock: what ``penstock.train`` runs, and every estimator above it."""

from __future__ import annotations

import statistics
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import penstock as ps
from frame.row import Arrays
from frame.timing import Seconds
from jobs.model import Model
from paths.ours.model import inputs_of, network_of, with_weights
from paths.ours.training import epoch_times

__all__ = ["Task"]

_CALL = 0.1  # seconds that the epochs of one call shall take


class Task:
    """An epoch as one compiled call for all members: shuffle, gather, forward, backward, update."""

    def __init__(self, job: Model, arrays: Arrays) -> None:
        self.units = job.steps
        self._job, self._epochs = job, 3
        x: Any = arrays["data.tokens"] if job.tokens else None
        if x is None:  # windows over rows, as a forecaster's
            x = ps.training.RowWindows(arrays["data.values"], job.window, np.arange(job.samples))
        self._data = {"x": x, "y": job.targets(arrays)}
        if job.category:
            self._data["categories"] = arrays["data.category"]
        if job.extra:
            self._data["extra"] = arrays["data.extra"]
        network, inputs = network_of(job), inputs_of(job)
        drawn = network.build(inputs, job.outputs, jax.random.key(0))
        self._module = with_weights(drawn, job, arrays)
        self._start = self._module
        self._first = [jnp.asarray(each[:256]) for each in job.inputs(arrays)]

    def outputs(self) -> Arrays:
        """Give the outputs of the first samples, without dropout; probabilities where the loss wants them."""
        x, *beside = self._first
        names = [name for name in ("categories", "extra") if name in self._data]
        given = dict(zip(names, beside, strict=True))
        if "categories" in given:
            given["categories"] = given["categories"][:, None]
        yhat = np.asarray(eqx.filter_jit(self._module)(x, **given), float)
        return {"yhat": 1 / (1 + np.exp(-yhat)) if self._job.loss == "bce" else yhat}

    def _train(self) -> Seconds:
        """Train for some epochs; give the seconds of each but the first, which wakes the threads."""
        trained, seconds = epoch_times(self._job, self._data, self._epochs, self._start)
        self._epochs = int(np.clip(_CALL / statistics.median(seconds[1:]), 3, 500))
        self._module = trained.module()
        return Seconds(seconds[1:])

    def ways(self) -> dict[str, object]:
        """Give the epoch."""
        return {"epoch": self._train}
