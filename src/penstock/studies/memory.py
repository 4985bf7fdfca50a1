"""memory: how many steps back each kind of cell can learn from.

Two tasks whose answer lies far back. Adding (Hochreiter & Schmidhuber 1997, section 5.4, as Le, Jaitly & Hinton 2015
pose it): numbers uniform on [0, 1], two of them marked, one in each half; the answer is their sum. Copying (after
Arjovsky, Shah & Bengio 2016): eight signs, then silence; the answer, after the last step, is the eight signs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
from penstock.options import Description, option
from penstock.report.axes import legend
from penstock.report.svg import SERIES, Picture, draw
from penstock.sequences.regressor import SequenceRegressor
from penstock.studies.result import StudyResult
from penstock.studies.study import Request, Study
from penstock.studies.tables import Figure, StudyTable
from penstock.training.optimizers import Adam

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

__all__ = ["MEMORY", "adding", "copying"]

Values = NDArray[np.float64]

STEPS = (10, 50, 100, 200, 500)
SIGNS = 8
TEST = 2000
EPOCHS = 20
SOLVED = {"adding": 0.01, "copying": 0.99}
_LEAST = 1e-12  # what a logarithmic axis shows of nothing


@dataclass(frozen=True, repr=False)
class MemoryOptions(Description):
    """The options of this study."""

    longest: int = option(500, "longest sequences to try", at_least=10)
    samples: int = option(10_000, "training sequences", at_least=100)


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


def run(request: Request) -> StudyResult:
    """Try every cell on both tasks at every length."""
    lengths = [steps for steps in STEPS if steps <= request.options.longest]
    found = {
        (name, cell, steps): learn(task, layer, steps, request)
        for name, task in TASKS.items()
        for steps in lengths
        for cell, layer in LAYERS.items()
    }
    shown = min(200, lengths[-1])
    facts = {
        "training sequences": request.options.samples,
        "watched by early stopping": request.options.samples // 10,
        "test sequences": TEST,
        "optimiser": "Adam, step .005, batches of 50, gradients clipped at a norm of 1",
        "epochs, at most": request.epochs or EPOCHS,
        "members": request.networks,
        **{f"parameters, adding, {cell}": found["adding", cell, lengths[0]].parameters for cell in LAYERS},
    }
    return StudyResult(
        "memory",
        request,
        facts,
        [_figure(found, cell, shown) for cell in LAYERS],
        [*(_table(found, name, lengths) for name in TASKS), _reach_table(found, shown)],
        _verdict(found, lengths),
        notes=[
            "The gradient of the answer with respect to an early input is a product of one Jacobian for every step "
            "between. Where it has shrunk to nothing, no training can find out that the early input mattered; where it "
            "survives, it can. The pictures show it before the first step of training and after the last.",
            "The echo state's own weights are random and stay so; only its readout is trained.",
        ],
        draw=lambda: [
            *(_scores(found, name, lengths) for name in TASKS),
            *(_reaches(found, name, shown) for name in TASKS),
        ],
    )


Found = dict[tuple[str, str, int], Learned]


def _solved(name: str, learned: Learned) -> bool:
    if TASKS[name].score == "MSE":
        return learned.score < SOLVED[name]
    return learned.score >= SOLVED[name]


def _figure(found: Found, cell: str, steps: int) -> Figure:
    learned = found["adding", cell, steps]
    low, high = (min(learned.scores), max(learned.scores)) if len(learned.scores) > 1 else (None, None)
    name = f"{cell}: adding at {steps} steps, MSE"
    return Figure(name, None, learned.score, low, high, "the mean sum", TASKS["adding"].without)


def _table(found: Found, name: str, lengths: list[int]) -> StudyTable:
    task = TASKS[name]
    rows: list[dict[str, Any]] = [
        {"cell": cell, **{f"{steps} steps": found[name, cell, steps].score for steps in lengths}} for cell in LAYERS
    ]
    rows.append({"cell": "without memory", **{f"{steps} steps": task.without for steps in lengths}})
    limit = f"below {SOLVED[name]:g}" if task.score == "MSE" else f"from {SOLVED[name]:.0%} on"
    return StudyTable(
        f"{name.capitalize()}: {task.score}",
        {"cell": "", **{f"{steps} steps": task.form for steps in lengths}},
        rows,
        [f"On {TEST:,} fresh sequences; the median of the members. Solved {limit}."],
    )


def _reach_table(found: Found, steps: int) -> StudyTable:
    places = [back for back in (1, 10, 50, 100, steps - 1) if back < steps]
    rows = [
        {
            "cell": cell,
            "weights": when,
            **{f"{back} back": getattr(found["adding", cell, steps], when)[-1 - back] for back in places},
        }
        for cell in LAYERS
        for when in ("before", "after")
    ]
    return StudyTable(
        f"Adding, {steps} steps: the gradient that comes back",
        {"cell": "", "weights": "", **{f"{back} back": ".1e" for back in places}},
        rows,
        ["‖∂y/∂x‖ so many steps before the last, root mean square over 100 sequences, before and after training."],
    )


def _verdict(found: Found, lengths: list[int]) -> list[str]:
    said = []
    for name in TASKS:
        parts = []
        for cell in LAYERS:
            solved = [steps for steps in lengths if _solved(name, found[name, cell, steps])]
            parts.append(f"{cell} up to {max(solved)} steps" if solved else f"{cell} at no length")
        said.append(f"{name.capitalize()} is solved by: {', '.join(parts)}.")
    return said


def _scores(found: Found, name: str, lengths: list[int]) -> Picture:
    task = TASKS[name]

    def plot(figure: Drawing, narrow: bool) -> None:
        axes = figure.subplots()
        for color, cell in zip(SERIES, LAYERS, strict=False):
            axes.plot(lengths, [found[name, cell, steps].score for steps in lengths], "o-", color=color, label=cell)
        axes.axhline(task.without, linestyle=":", color=SERIES[5], label="without memory")
        axes.set_xscale("log")
        axes.set_xticks(lengths, [str(steps) for steps in lengths])
        axes.minorticks_off()
        if task.score == "MSE":
            axes.set_yscale("log")
        axes.set_xlabel("steps")
        axes.set_ylabel(task.score)
        legend(axes, narrow)

    return draw(f"{name.capitalize()}: who still learns", f"The score on fresh sequences ({task.score}).", plot)


def _reaches(found: Found, name: str, steps: int) -> Picture:
    def plot(figure: Drawing, narrow: bool) -> None:
        both = figure.subplots(2, 1) if narrow else figure.subplots(1, 2, sharey=True)
        for axes, when in zip(both, ("before", "after"), strict=True):
            for color, cell in zip(SERIES, LAYERS, strict=False):
                reach = getattr(found[name, cell, steps], when)
                axes.plot(np.arange(steps)[::-1], np.maximum(reach, _LEAST), color=color, linewidth=1.2, label=cell)
            axes.set_yscale("log")
            axes.set_xlabel(f"steps back, {when} training")
        both[0].set_ylabel("norm of the gradient")
        legend(both[0], narrow)

    caption = (
        "‖∂y/∂x‖ against the steps back from the last, root mean square over 100 sequences. A straight line down means "
        "that each step multiplies the gradient by the same factor below one."
    )
    return draw(
        f"{name.capitalize()}, {steps} steps: gradients back through time", caption, plot, height=3.4, narrow_height=5.6
    )


MEMORY = Study(
    "memory",
    "adding and copying over 10 to 500 steps: which cells still learn, and the gradients that say why",
    run,
    protocols=("honest",),
    members=1,
    options=MemoryOptions,
    source="Hochreiter & Schmidhuber (1997); Le, Jaitly & Hinton (2015); Arjovsky, Shah & Bengio (2016)",
)
