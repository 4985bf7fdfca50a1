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
from penstock.training.config import TrainConfig, TrainSpec
from penstock.training.epoch import compiled_epoch, initial_state
from penstock.training.folds import stack
from penstock.training.forward import forward
from penstock.training.optimizers import resolve_optimizer
from penstock.training.samples import Samples
from penstock.training.source import Source

__all__ = ["Task"]


class Task:
    """An epoch as one compiled call for all members: shuffle, gather, forward, backward, update."""

    def __init__(self, job: Model, arrays: Arrays) -> None:
        self.units = job.steps
        self._job = job
        config = TrainConfig(loss=job.loss, optimizer=resolve_optimizer(job.optimizer), batch=job.batch, patience=None)
        make = _over_tokens if job.tokens else _over_windows
        self._run, self._yhat = make(job, config, arrays)

    def outputs(self) -> Arrays:
        """Give the outputs of the first samples, without dropout; probabilities where the loss wants them."""
        yhat = np.asarray(self._yhat(), float)
        return {"yhat": 1 / (1 + np.exp(-yhat)) if self._job.loss == "bce" else yhat}

    def ways(self) -> dict[str, object]:
        """Give the epoch."""
        return {"epoch": self._run}


_Made = tuple[Callable[[], None], Callable[[], Any]]


def _over_windows(job: Model, config: TrainConfig, arrays: Arrays) -> _Made:
    """Make the epoch that ``Forecaster.fit`` runs."""
    inputs, starts = inputs_of(job), np.arange(job.samples)
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
    samples = Samples.of_windows(
        source, arrays["data.target"].astype(float), starts, starts[:0], window=job.window, horizon=job.outputs
    )
    return _made(job, config, arrays, samples, starts[:256])


def _over_tokens(job: Model, config: TrainConfig, arrays: Arrays) -> _Made:
    """Make the epoch that ``TextClassifier.fit`` runs, of one bucket: all documents have one length."""
    ends = np.arange(job.samples + 1) * job.window
    source = Source.of_sequences(Sequences(arrays["data.tokens"].reshape(-1), ends))
    train = {job.window: np.arange(job.samples)}
    samples = Samples.of_sequences(source, job.targets(arrays), train, {}, np.ones(job.samples))
    return _made(job, config, arrays, samples, np.arange(256))


def _made(job: Model, config: TrainConfig, arrays: Arrays, samples: Samples, first: np.ndarray) -> _Made:
    """Make the epoch, and the outputs of the first samples."""
    spec = TrainSpec(network_of(job), config, samples.source.widths, job.outputs)
    stacked, folds = stack([samples]), np.zeros(job.members, np.int32)
    state = initial_state(spec)(np.uint32(0), np.arange(job.members, dtype=np.uint32))
    weights = with_weights(state.weights, job, arrays)
    state = state._replace(weights=weights, best_weights=jax.tree.map(jnp.copy, weights))
    epoch = compiled_epoch(spec)

    def run() -> None:
        nonlocal state
        state, training_loss, _ = epoch(state, folds, stacked)
        jax.block_until_ready(training_loss)

    def outputs() -> Any:
        return forward(spec.network, state.weights, samples.source, {job.window: first}, job.outputs)[job.window][0]

    return run, outputs
