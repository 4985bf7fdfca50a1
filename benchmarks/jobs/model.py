"""A study's model and how it is trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frame.row import Arrays
from jobs.layer import GATES

__all__ = ["MODELS", "Model", "batches"]

_BOUNDS = {"embedding": 0.05, "category": 0.05}


@dataclass(frozen=True)
class Model:
    """Recurrent layers read to their last step, beside a category and extra features; dense layers; one epoch of it.

    Attributes
    ----------
    cells
        Cell and units of each recurrent layer, bottom first.
    batch, window, steps
        Samples a step, their length, steps an epoch.
    features
        Columns of the sequence.
    tokens
        Vocabulary and width of an embedding that replaces the sequence by vectors; None where it holds numbers.
    category
        Values and width of the embedding of one static category.
    extra
        Width of a one-hot feature beside it.
    dense
        ReLU units before the output.
    outputs
        Width of the output.
    loss, optimizer
        ``mse``, ``mae`` or ``bce``; ``rmsprop`` or ``adam``, with .001, ρ .9, β .9 and .999, ε 1e-8.
    dropout, recurrent
        Share of every recurrent layer's inputs, and of its state in the product, that is dropped: one mask a sequence.
    members
        Networks trained side by side.
    """

    cells: tuple[tuple[str, int], ...]
    batch: int
    window: int
    steps: int
    features: int = 1
    tokens: tuple[int, int] | None = None
    category: tuple[int, int] | None = None
    extra: int = 0
    dense: tuple[int, ...] = ()
    outputs: int = 1
    loss: str = "mse"
    optimizer: str = "rmsprop"
    dropout: float = 0.0
    recurrent: float = 0.0
    members: int = 1

    kind = "step"

    @property
    def samples(self) -> int:
        """Samples in an epoch."""
        return self.batch * self.steps

    def arrays(self) -> Arrays:
        """Draw weights by name, and data.

        The data, under ``data.``, are ``values`` [rows, features], where the window of sample s starts in row s, or
        ``tokens`` [samples, window]; ``target`` [rows], of which sample s takes those after its window; ``category``
        [samples] and ``extra`` [samples, extra].
        """
        rng = np.random.default_rng(11)
        drawn: Arrays = {}

        def draw(name: str, inputs: int, outputs: int) -> None:
            bound = _BOUNDS.get(name, (6 / (inputs + outputs)) ** 0.5)
            drawn[name] = rng.uniform(-bound, bound, (inputs, outputs)).astype(np.float32)

        width = self.features
        if self.tokens:
            draw("embedding", *self.tokens)
            width = self.tokens[1]
        for place, (cell, units) in enumerate(self.cells):
            wide = GATES[cell] * units
            draw(f"{place}.W", width, wide)
            draw(f"{place}.U", units, wide)
            drawn[f"{place}.b"] = rng.uniform(-0.1, 0.1, wide).astype(np.float32)
            if cell == "gru_after":
                drawn[f"{place}.bU"] = rng.uniform(-0.1, 0.1, wide).astype(np.float32)
            width = units
        if self.category:
            draw("category", *self.category)
            width += self.category[1]
        width += self.extra
        for place, units in enumerate((*self.dense, self.outputs)):
            draw(f"dense{place}.W", width, units)
            drawn[f"dense{place}.b"] = np.zeros(units, np.float32)
            width = units
        return drawn | self._data(rng)

    def _data(self, rng: np.random.Generator) -> Arrays:
        count, drawn = self.samples, {}
        if self.tokens:
            frequency = 1 / np.arange(1, self.tokens[0] + 1)  # Zipf's law, which words of a text follow
            drawn["data.tokens"] = rng.choice(
                self.tokens[0], (count, self.window), p=frequency / frequency.sum()
            ).astype(np.int32)
        else:
            walk = np.cumsum(rng.normal(size=(self.rows, self.features)), axis=0)
            walk = (walk - walk.min(axis=0)) / np.ptp(walk, axis=0)
            drawn["data.values"] = walk.astype(np.float32)
        if self.category:
            drawn["data.category"] = rng.integers(0, self.category[0], count).astype(np.int32)
        if self.extra:
            drawn["data.extra"] = np.eye(self.extra, dtype=np.float32)[rng.integers(0, self.extra, count)]
        label = rng.integers(0, 2, self.rows) if self.loss == "bce" else rng.uniform(0, 1, self.rows)
        drawn["data.target"] = label.astype(np.float32)
        return drawn

    @property
    def rows(self) -> int:
        """Rows of flat data."""
        return self.samples + self.window + self.outputs - 1

    def targets(self, arrays: Arrays) -> np.ndarray:
        """Give every sample's targets, ``[samples, outputs]``."""
        rows = np.arange(self.samples)[:, None] + self.window + np.arange(self.outputs)
        return arrays["data.target"][rows]

    def windows(self, arrays: Arrays) -> np.ndarray:
        """Give every sample's sequence, ``[samples, window, features]`` or tokens ``[samples, window]``."""
        if self.tokens:
            return arrays["data.tokens"]
        rows = np.arange(self.samples)[:, None] + np.arange(self.window)
        return arrays["data.values"][rows]

    def inputs(self, arrays: Arrays) -> list[np.ndarray]:
        """Give what a model reads, first axis samples: the sequence, then category and extra features if any."""
        beside = [arrays[name] for name in ("data.category", "data.extra") if name in arrays]
        return [self.windows(arrays), *beside]

    def weights_of(self, arrays: Arrays, prefix: str) -> Arrays:
        """Give the weights whose names start so, without it."""
        return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}


def batches(model: Model, rng: np.random.Generator) -> np.ndarray:
    """Shuffle an epoch: the samples of each step, ``[steps, batch]``."""
    return rng.permutation(model.samples).reshape(model.steps, model.batch)


MODELS = {
    "sp500": Model((("lstm", 20),), batch=20, window=63, steps=98),
    "nyse": Model((("rnn", 12),), batch=64, window=5, steps=67, features=3, dropout=0.1),
    "stocks": Model(
        (("lstm", 25), ("lstm", 10)), batch=32, window=52, steps=60, category=(2489, 10), extra=12, dense=(10,),
        loss="bce", optimizer="adam", dropout=0.2,
    ),
    "macro": Model(
        (("lstm", 12), ("lstm", 6)), batch=20, window=24, steps=20, features=2, dense=(10,), outputs=2, loss="mae",
        dropout=0.2, recurrent=0.2,
    ),
    "imdb": Model(
        (("gru_before", 32),), batch=32, window=100, steps=30, tokens=(20_000, 100), loss="bce",
        dropout=0.2, recurrent=0.2,
    ),
}  # fmt: skip
"""The models of the studies by name."""
