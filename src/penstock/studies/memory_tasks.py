"""The tasks of the study memory, and what a cell makes of one.

Two tasks whose answer lies far back. Adding (Hochreiter & Schmidhuber 1997, section 5.4, as Le, Jaitly & Hinton 2015
pose it): numbers uniform on [0, 1], two of them marked, one in each half; the answer is their sum. Copying (after
Arjovsky, Shah & Bengio 2016): eight signs, then silence; the answer, after the last step, is the eight signs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.layers.declared import GRU, LSTM, RNN, EchoState, Leaky
from penstock.layers.recurrent import RecurrentLayer
from penstock.networks.inputs import Inputs
from penstock.networks.module import NetworkModule
from penstock.networks.network import Network
from penstock.networks.readout import fit_readout
from penstock.sequences.regressor import SequenceRegressor
from penstock.studies.study import Request
from penstock.training.optimizers import Adam

__all__ = ["EPOCHS", "LAYERS", "PATIENCE", "TASKS", "TEST", "Found", "Learned", "Task", "adding", "copying", "learn"]

Values = NDArray[np.float64]

SIGNS = 8
TEST = 2000
EPOCHS, PATIENCE = 40, 15


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
    """One task.

    Attributes
    ----------
    draw
        Draws samples: their number, their steps and a seed in; X and y out.
    score, form, without
        Name of the score, how it is printed, and what it is without memory.
    target_loss
        Mean squared error on the validation sequences that ends training: the task is solved with room to spare.
    """

    draw: Callable[[int, int, int], tuple[Values, Values]]
    score: str
    form: str
    without: float
    target_loss: float

    def judge(self, y: Values, yhat: Values) -> float:
        """Give the mean squared error of sums, or the share of signs that are right."""
        if self.score == "MSE":
            return float(np.mean((y - yhat) ** 2))
        return float(np.mean(np.sign(yhat) == y))


TASKS = {
    "adding": Task(adding, "MSE", ".4f", 1 / 6, target_loss=0.001),
    "copying": Task(copying, "signs right", ".1%", 0.5, target_loss=0.01),
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
    """What one cell made of one task at one length.

    Attributes
    ----------
    scores, epochs
        The score of each member, and the epochs that it trained; no epochs where the readout is solved for.
    parameters
        Weights that are learned.
    before, after
        How much of the gradient comes back to each step, before and after training, ``[steps]``.
    """

    scores: list[float]
    epochs: list[int]
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
    """Learn one task at one length, and judge on fresh sequences.

    A reservoir's readout is solved for by ridge regression; everything else is trained by gradients.
    """
    X, y = task.draw(request.options.samples, steps, request.seed)
    tried, truth = task.draw(TEST, steps, request.seed + 1)
    y, truth = (each if each.ndim == 2 else each[:, None] for each in (y, truth))
    network, inputs, outputs = Network([layer]), Inputs(X.shape[2]), y.shape[1]
    fresh = network.build(inputs, outputs, jax.random.key(request.seed))
    if isinstance(layer, EchoState):
        members, epochs = _solved_for(network, inputs, X, y, request), []
        parameters = sum(leaf.size for leaf in jax.tree.leaves(fresh.dense))
    else:
        model = _trained(network, task, X, y, request)
        members = [
            network.with_weights(jax.tree.map(lambda leaf, m=m: jnp.asarray(leaf[m]), model.weights_), inputs, outputs)
            for m in range(request.networks)
        ]
        epochs, parameters = model.history_.epochs.tolist(), model.parameters_
    scores = [task.judge(truth, np.asarray(_called(member, jnp.asarray(tried, jnp.float32)))) for member in members]
    seen = jnp.asarray(tried[:100], jnp.float32)
    return Learned(scores, epochs, parameters, _reach(fresh, seen), _reach(members[0], seen))


def _trained(network: Network, task: Task, X: Values, y: Values, request: Request) -> SequenceRegressor:
    model = SequenceRegressor(
        network=network,
        scale="none",
        optimizer=Adam(0.005),
        batch=50,
        patience=PATIENCE,
        target_loss=task.target_loss,
        validation=0.1,
        clip=1.0,
        **request.training(EPOCHS),
    )
    return model.fit(X, y if y.shape[1] > 1 else y[:, 0])


def _solved_for(network: Network, inputs: Inputs, X: Values, y: Values, request: Request) -> list[NetworkModule]:
    keys = jax.random.split(jax.random.key(request.seed), request.networks)
    x = jnp.asarray(X, jnp.float32)
    return [fit_readout(network.build(inputs, y.shape[1], key), x, y) for key in keys]


@eqx.filter_jit
def _called(module: NetworkModule, x: jax.Array) -> jax.Array:
    return module(x)


@eqx.filter_jit
def _gradients(module: NetworkModule, x: jax.Array) -> jax.Array:
    return jax.grad(lambda x: module(x).sum())(x)


def _reach(module: NetworkModule, x: jax.Array) -> Values:
    """Give ‖∂y/∂x_t‖, the gradient that comes back to each step, over 100 sequences: ``[steps]``."""
    d = np.asarray(_gradients(module, x), float)
    return np.asarray(np.sqrt(np.mean(np.sum(d**2, axis=2), axis=0)))
