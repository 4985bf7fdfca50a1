"""Training steps in Keras on JAX."""

from __future__ import annotations

import keras
import numpy as np

from frame.row import Arrays
from paths.keras.convert import copy_weights, recurrent
from problems.model import Model, batches

__all__ = ["Task", "build"]

_LOSSES = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "bce": "binary_crossentropy"}


class Task:
    """An epoch, by ``fit``, by ``fit`` with several steps an execution, or by ``train_on_batch``."""

    def __init__(self, problem: Model, arrays: Arrays) -> None:
        self.units = problem.steps
        self._problem, self._model = problem, build(problem, arrays)
        self._inputs, self._targets = problem.inputs(arrays), arrays["data.targets"]
        self._rng = np.random.default_rng(0)

    def outputs(self) -> Arrays:
        """Give the outputs of the first samples, without dropout."""
        return {"yhat": np.asarray(self._model([value[:256] for value in self._inputs], training=False))}

    def _fit(self) -> None:
        self._model.fit(self._inputs, self._targets, batch_size=self._problem.batch, epochs=1, verbose=0)

    def _each(self) -> None:
        for rows in batches(self._problem, self._rng):
            self._model.train_on_batch([value[rows] for value in self._inputs], self._targets[rows])

    def ways(self) -> dict[str, object]:
        """Give the ways."""
        return {"fit": self._fit, "train_on_batch": self._each}


def build(problem: Model, arrays: Arrays) -> keras.Model:
    """Make and compile a model with the given weights."""
    x = inputs = keras.Input((problem.window,) if problem.tokens else (problem.window, problem.features))
    every, given = [inputs], []
    if problem.tokens:
        embedding = keras.layers.Embedding(*problem.tokens)
        x = embedding(x)
        given.append((embedding, [arrays["embedding"]]))
    layers = []
    for place, (cell, units) in enumerate(problem.cells):
        layer = recurrent(
            cell, units, return_sequences=place < len(problem.cells) - 1,
            dropout=problem.dropout, recurrent_dropout=problem.recurrent,
        )  # fmt: skip
        layers.append((cell, layer))
        x = layer(x)
    beside = [x]
    if problem.category:
        every.append(keras.Input((), dtype="int32"))
        embedding = keras.layers.Embedding(*problem.category)
        beside.append(embedding(every[-1]))
        given.append((embedding, [arrays["category"]]))
    if problem.extra:
        every.append(keras.Input((problem.extra,)))
        beside.append(every[-1])
    x = keras.layers.Concatenate()(beside) if len(beside) > 1 else x
    for place, units in enumerate((*problem.dense, problem.outputs)):
        last = place == len(problem.dense)
        activation = ("sigmoid" if problem.loss == "bce" else None) if last else "relu"
        dense = keras.layers.Dense(units, activation=activation)
        x = dense(x)
        given.append((dense, [arrays[f"dense{place}.W"], arrays[f"dense{place}.b"]]))
    for place, (cell, layer) in enumerate(layers):
        copy_weights(cell, layer, problem.weights_of(arrays, f"{place}."))
    for layer, weights in given:
        layer.set_weights(weights)
    optimizers = {
        "rmsprop": lambda: keras.optimizers.RMSprop(0.001, rho=0.9, epsilon=1e-8),
        "adam": lambda: keras.optimizers.Adam(0.001, epsilon=1e-8),
    }
    model = keras.Model(every, x)
    model.compile(optimizers[problem.optimizer](), _LOSSES[problem.loss], jit_compile=True)
    return model
