"""Training steps in Keras on JAX."""

from __future__ import annotations

import keras
import numpy as np

from frame.row import Arrays
from jobs.model import Model, batches
from paths.keras.convert import copy_weights, recurrent

__all__ = ["Task", "build"]

_LOSSES = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "bce": "binary_crossentropy"}


class Task:
    """An epoch, by ``fit`` or by ``train_on_batch``."""

    def __init__(self, job: Model, arrays: Arrays) -> None:
        self.units = job.steps
        self._job, self._model = job, build(job, arrays)
        self._inputs, self._targets = job.inputs(arrays), job.targets(arrays)
        self._rng = np.random.default_rng(0)

    def outputs(self) -> Arrays:
        """Give the outputs of the first samples, without dropout."""
        return {"yhat": np.asarray(self._model.predict_on_batch([value[:256] for value in self._inputs]))}

    def _fit(self) -> None:
        self._model.fit(self._inputs, self._targets, batch_size=self._job.batch, epochs=1, verbose=0)

    def _each(self) -> None:
        for rows in batches(self._job, self._rng):
            self._model.train_on_batch([value[rows] for value in self._inputs], self._targets[rows])

    def ways(self) -> dict[str, object]:
        """Give the ways."""
        return {"fit": self._fit, "train_on_batch": self._each}


def build(job: Model, arrays: Arrays) -> keras.Model:
    """Make and compile a model with the given weights."""
    x = inputs = keras.Input((job.window,) if job.tokens else (job.window, job.features))
    every, given = [inputs], []
    if job.tokens:
        embedding = keras.layers.Embedding(*job.tokens)
        x = embedding(x)
        given.append((embedding, [arrays["embedding"]]))
    layers = []
    for place, (cell, units) in enumerate(job.cells):
        layer = recurrent(
            cell, units, return_sequences=place < len(job.cells) - 1,
            dropout=job.dropout, recurrent_dropout=job.recurrent,
        )  # fmt: skip
        layers.append((cell, layer))
        x = layer(x)
    beside = [x]
    if job.category:
        every.append(keras.Input((), dtype="int32"))
        embedding = keras.layers.Embedding(*job.category)
        beside.append(embedding(every[-1]))
        given.append((embedding, [arrays["category"]]))
    if job.extra:
        every.append(keras.Input((job.extra,)))
        beside.append(every[-1])
    x = keras.layers.Concatenate()(beside) if len(beside) > 1 else x
    for place, units in enumerate((*job.dense, job.outputs)):
        last = place == len(job.dense)
        activation = ("sigmoid" if job.loss == "bce" else None) if last else "relu"
        dense = keras.layers.Dense(units, activation=activation)
        x = dense(x)
        given.append((dense, [arrays[f"dense{place}.W"], arrays[f"dense{place}.b"]]))
    for place, (cell, layer) in enumerate(layers):
        copy_weights(cell, layer, job.weights_of(arrays, f"{place}."))
    for layer, weights in given:
        layer.set_weights(weights)
    optimizers = {
        "rmsprop": lambda: keras.optimizers.RMSprop(0.001, rho=0.9, epsilon=1e-8),
        "adam": lambda: keras.optimizers.Adam(0.001, epsilon=1e-8),
    }
    model = keras.Model(every, x)
    model.compile(optimizers[job.optimizer](), _LOSSES[job.loss], jit_compile=True)
    return model
