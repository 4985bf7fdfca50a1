"""Training steps in Penstock: the epoch that ``Forecaster.fit`` runs."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

import penstock as ps
from frame.row import Arrays
from penstock.training.epoch import begin, compiled_epoch, member_keys
from penstock.training.forward import forward
from penstock.training.plan import Plan
from penstock.training.samples import Samples
from problems.model import Model

__all__ = ["Task"]


class Task:
    """A compiled epoch for all members: shuffle, gather windows, forward, backward, update."""

    def __init__(self, problem: Model, arrays: Arrays) -> None:
        self.units = problem.steps
        self._problem = problem
        self._network = ps.Network([ps.LSTM(units) for _, units in problem.cells])
        plan = Plan(loss=problem.loss, batch=problem.batch, patience=None)
        self._values = arrays["data.values"].astype(float)
        targets = np.zeros(len(self._values))
        targets[problem.window :] = arrays["data.targets"][:, 0]
        self._starts = np.arange(problem.samples)
        self._samples = Samples.of(self._values, targets, self._starts, self._starts[:0])
        learning = begin(self._network, plan, problem.features, problem.outputs)(member_keys(0, problem.members))
        weights = _with_weights(learning.weights, problem, arrays)
        copies = jax.tree.map(jnp.copy, weights)
        self._learning = learning._replace(weights=weights, best_weights=copies)
        self._epoch = compiled_epoch(
            self._network, plan, problem.features, problem.outputs, problem.window, problem.outputs
        )

    def outputs(self) -> Arrays:
        """Give the outputs of the first samples, without dropout."""
        weights = self._learning.weights
        yhat = forward(self._network, weights, self._values, self._starts[:256], self._problem.window, 1)
        return {"yhat": yhat[0]}

    def _run(self) -> None:
        self._learning, learned, _ = self._epoch(self._learning, self._samples)
        jax.block_until_ready(learned)

    def ways(self) -> dict[str, object]:
        """Give the epoch."""
        return {"epoch": self._run}


def _with_weights(weights: object, problem: Model, arrays: Arrays) -> object:
    """Put the given weights in place of those that were drawn, for every member."""
    names = {}
    for place in range(len(problem.cells)):
        names |= {f".layers[{place}].cell.{letter}": f"{place}.{letter}" for letter in ("W", "U", "b", "bU")}
    for place in range(len(problem.dense) + 1):
        names |= {f".dense[{place}].{letter}": f"dense{place}.{letter}" for letter in ("W", "b")}

    def put(path: tuple[object, ...], leaf: jax.Array) -> jax.Array:
        given = arrays[names[jax.tree_util.keystr(path)]]
        return jnp.broadcast_to(jnp.asarray(given, leaf.dtype), leaf.shape).copy()

    return jax.tree_util.tree_map_with_path(put, weights)
