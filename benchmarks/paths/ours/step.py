"""Training steps in Penstock: the epoch that ``Forecaster.fit`` runs."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from frame.row import Arrays
from jobs.model import Model
from paths.ours.model import inputs_of, network_of, with_weights
from penstock.training.epoch import begin, compiled_epoch, member_keys
from penstock.training.forward import forward
from penstock.training.plan import Plan
from penstock.training.samples import Samples

__all__ = ["Task"]


class Task:
    """A compiled epoch for all members: shuffle, gather windows, forward, backward, update."""

    def __init__(self, job: Model, arrays: Arrays) -> None:
        if job.tokens or job.category or job.dropout or job.outputs > 1:
            raise NotImplementedError("the training loop cannot do this yet")
        self.units = job.steps
        self._job, self._network = job, network_of(job)
        plan = Plan(loss=job.loss, batch=job.batch, patience=None)
        self._values = arrays["data.values"].astype(float)
        targets = np.zeros(len(self._values))
        targets[job.window :] = arrays["data.targets"][:, 0]
        self._starts = np.arange(job.samples)
        self._samples = Samples.of(self._values, targets, self._starts, self._starts[:0])
        inputs = inputs_of(job)
        learning = begin(self._network, plan, inputs, job.outputs)(member_keys(0, job.members))
        weights = with_weights(learning.weights, job, arrays)
        copies = jax.tree.map(jnp.copy, weights)
        self._learning = learning._replace(weights=weights, best_weights=copies)
        self._epoch = compiled_epoch(self._network, plan, inputs, job.outputs, job.window, job.outputs)

    def outputs(self) -> Arrays:
        """Give the outputs of the first samples, without dropout."""
        weights = self._learning.weights
        yhat = forward(self._network, weights, self._values, self._starts[:256], self._job.window, 1)
        return {"yhat": yhat[0]}

    def _run(self) -> None:
        self._learning, learned, _ = self._epoch(self._learning, self._samples)
        jax.block_until_ready(learned)

    def ways(self) -> dict[str, object]:
        """Give the epoch."""
        return {"epoch": self._run}
