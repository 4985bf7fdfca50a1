"""The tasks of the study memory, and what a cell makes of one.

Two tasks whose answer lies far back. Adding (Hochreiter & Schmidhuber 1997, section 5.4, as Le, Jaitly & Hinton 2015
pose it): numbers uniform on [0, 1], two of them marked, one in each half; the answer is their sum. Copying (after
Arjovsky, Shah & Bengio 2016): eight signs, then silence; the answer, after the last step, is the eight signs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.layers.echo_state import EchoState
from penstock.layers.gru import GRU
from penstock.layers.leaky import Leaky
from penstock.layers.lstm import LSTM
from penstock.layers.recurrent import RecurrentLayer
from penstock.layers.rnn import RNN
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.sequences.regressor import SequenceRegressor
from penstock.studies.study import Request
from penstock.training.optimizers import Adam

__all__ = ["EPOCHS", "LAYERS", "TASKS", "TEST", "Found", "Learned", "Task", "adding", "copying", "learn"]

Values = NDArray[np.float64]

SIGNS = 8
TEST = 2000
EPOCHS = 20


def adding(samples: int, steps: int, seed: int) -> tuple[Values, Values]:
    """Draw sequences ``[samples, steps, 2]`` of numbers and marks, and the sums of the two marked numbers.

    Examples
    --------
    >>> X, y = adding(3, 10, seed=0)
    >>> bool(((X[..., 0] * X[..., 1]).sum(axis=1) == y).all()), X[..., 1].sum(axis=1).tolist()
    (True, [2.0, 2.0, 2.0])
    """
    rng = np.random.default_rng([seed, steps, 0])
    X = np.zeros((samples, steps, 2))
    X[..., 0] = rng.uniform(size=(samples, steps))
    half, rows = steps // 2, np.arange(samples)
    X[rows, rng.integers(0, half, samples), 1] = 1
    X[rows, rng.integers(half, steps, samples), 1] = 1
    return X, (X[..., 0] * X[..., 1]).sum(axis=1)


def copying(samples: int, steps: int, seed: int) -> tuple[Values, Values]:
    """Draw sequences ``[samples, steps, 1]`` that begin with eight signs and fall silent, and the signs.

    Examples
    --------
    >>> X, y = copying(3, 10, seed=0)
    >>> bool((X[:, :8, 0] == y).all()), float(abs(X[:, 8:]).max())
    (True, 0.0)
    """
    rng = np.random.default_rng([seed, steps, 1])
    signs = rng.choice([-1.0, 1.0], size=(samples, SIGNS))
    X = np.zeros((samples, steps, 1))
    X[:, :SIGNS, 0] = signs
    return X, signs


@dataclass(frozen=True)
class Task:
    """One task: its data, its score, and what the score is without memory."""

    draw: Callable[[int, int, int], tuple[Values, Values]]
    score: str
    without: float
    form: str

    def judge(self, y: Values, yhat: Values) -> float:
        """Give the mean squared error of sums, or the share of signs that are right."""
        if self.score == "MSE":
            return float(np.mean((y - yhat) ** 2))
        return float(np.mean(np.sign(yhat) == y))


TASKS = {
    "adding": Task(adding, "MSE", 1 / 6, ".4f"),
    "copying": Task(copying, "signs right", 0.5, ".1%"),
}

LAYERS: dict[str, RecurrentLayer] = {
    "RNN": RNN(32),
    "leaky": Leaky(32, leak=0.1, learned=True),
    "echo state": EchoState(100, radius=0.99, leak=0.5),
    "GRU": GRU(32),
    "LSTM": LSTM(32),
}


@dataclass(frozen=True, eq=False)
class Learned:
    """What one cell made of one task at one length: the score of each member, and how far its gradients reach."""

    scores: list[float]
    parameters: int
    before: Values
    after: Values

    @property
    def score(self) -> float:
        """The median of the members."""
        return float(np.median(self.scores))


Found = dict[tuple[str, str, int], Learned]
"""What came of each task, cell and length."""


def learn(task: Task, layer: RecurrentLayer, steps: int, request: Request) -> Learned:
    """Train on one task at one length, and judge on fresh sequences."""
    model = SequenceRegressor(
        network=Network([layer]),
        scale="none",
        optimizer=Adam(0.005),
        batch=50,
        epochs=request.epochs or EPOCHS,
        patience=12,
        validation=0.1,
        clip=1.0,
        members=request.networks,
        seed=request.seed,
        progress=request.progress,
    )
    X, y = task.draw(request.options.samples, steps, request.seed)
    tried, truth = task.draw(TEST, steps, request.seed + 1)
    model.fit(X, y)
    outputs = model.outputs(tried) * model.y_scale_ + model.y_shift_
    scores = [task.judge(truth, each if truth.ndim == 2 else each[:, 0]) for each in outputs]
    inputs, width = Inputs(X.shape[2]), model.outputs_
    fresh = model.network.build(inputs, width, jax.random.key(request.seed))
    first = jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), model.weights_)
    trained = model.network.with_weights(first, inputs, width)
    seen = jnp.asarray(tried[:100], jnp.float32)
    return Learned(scores, model.parameters_, _reach(fresh, seen), _reach(trained, seen))


@eqx.filter_jit
def _gradients(module: Any, x: jax.Array) -> jax.Array:
    return jax.grad(lambda x: module(x).sum())(x)


def _reach(module: Any, x: jax.Array) -> Values:
    """Give ‖∂y/∂x_t‖, the gradient that comes back to each step, over 100 sequences: ``[steps]``."""
    d = np.asarray(_gradients(module, x), float)
    return np.asarray(np.sqrt(np.mean(np.sum(d**2, axis=2), axis=0)))
