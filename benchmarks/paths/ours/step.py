"""Training steps in Penstock: what a fit runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from frame.row import Arrays
from jobs.model import Model
from paths.ours.model import inputs_of, network_of, with_weights
from penstock.data.sequences import Sequences
from penstock.layers.noise import derive
from penstock.training.epoch import Shape, begin, compiled_epoch
from penstock.training.folds import stack
from penstock.training.forward import forward
from penstock.training.optimizers import optimizer_named
from penstock.training.plan import Plan
from penstock.training.ragged import Ragged, RaggedSamples
from penstock.training.ragged_forward import forward_ragged
from penstock.training.ragged_train import Recipe, compiled_run
from penstock.training.samples import Samples, Source

__all__ = ["Task"]


class Task:
    """An epoch as one compiled call for all members: shuffle, gather, forward, backward, update."""

    def __init__(self, job: Model, arrays: Arrays) -> None:
        self.units = job.steps
        self._job = job
        plan = Plan(loss=job.loss, optimizer=optimizer_named(job.optimizer), batch=job.batch, patience=None)
        make = _over_tokens if job.tokens else _over_windows
        self._run, self._yhat = make(job, plan, arrays)

    def outputs(self) -> Arrays:
        """Give the outputs of the first samples, without dropout; probabilities where the loss wants them."""
        yhat = np.asarray(self._yhat(), float)
        return {"yhat": 1 / (1 + np.exp(-yhat)) if self._job.loss == "bce" else yhat}

    def ways(self) -> dict[str, object]:
        """Give the epoch."""
        return {"epoch": self._run}


_Made = tuple[Callable[[], None], Callable[[], Any]]


def _over_windows(job: Model, plan: Plan, arrays: Arrays) -> _Made:
    """Make the epoch that ``Forecaster.fit`` runs."""
    network, inputs, starts = network_of(job), inputs_of(job), np.arange(job.samples)
    beside: dict[str, Any] = {}
    if job.category:
        beside = {
            "series": np.arange(job.rows),
            "categories": np.resize(arrays["data.category"], job.rows)[:, None],
            "sizes": inputs.categories,
        }
    if job.extra:
        extra = np.zeros((job.rows, job.extra), np.uint8)
        extra[job.window : job.window + job.samples] = arrays["data.extra"]
        beside["extra"] = extra
    source = Source.of(arrays["data.values"].astype(float), **beside)
    samples = stack([Samples.of(source, arrays["data.target"].astype(float), starts, starts[:0])])
    folds = np.zeros(job.members, np.int32)
    learning = begin(network, plan, inputs, job.outputs)(np.uint32(0), np.arange(job.members, dtype=np.uint32))
    weights = with_weights(learning.weights, job, arrays)
    learning = learning._replace(weights=weights, best_weights=jax.tree.map(jnp.copy, weights))
    epoch = compiled_epoch(network, plan, inputs, job.outputs, Shape(job.window, job.outputs, watching=False))

    def run() -> None:
        nonlocal learning
        learning, learned, _ = epoch(learning, folds, samples)
        jax.block_until_ready(learned)

    return run, lambda: forward(network, learning.weights, source, starts[:256], job.window, job.outputs)[0]


def _over_tokens(job: Model, plan: Plan, arrays: Arrays) -> _Made:
    """Make the epoch that ``TextClassifier.fit`` runs, of one bucket: all documents have one length."""
    ends = np.arange(job.samples + 1) * job.window
    source = Ragged.of(Sequences(arrays["data.tokens"].reshape(-1), ends))
    samples = RaggedSamples.of(source, job.targets(arrays), np.ones(job.samples))
    recipe = Recipe(network_of(job), plan, source.widths, job.outputs)
    first = begin(recipe.network, plan, recipe.inputs, job.outputs)(np.uint32(0), np.zeros(1, dtype=np.uint32))
    learning = with_weights(first.weights, job, arrays), first.optimizer, jnp.zeros(1)
    epoch, rng = compiled_run(recipe, job.window), np.random.default_rng(0)

    def run() -> None:
        nonlocal learning
        order = rng.permutation(job.samples).astype(np.int32)[None]
        key = derive(first.key[0], rng.integers(1 << 31))[None]
        learning = jax.block_until_ready(epoch(*learning, key, first.epochs, order, samples, job.samples, 0, job.steps))

    lengths = np.full(256, job.window)
    return run, lambda: forward_ragged(recipe.network, learning[0], source, lengths, (job.window,), job.outputs)[0]
