"""One step of an LSTM walked gate by gate, with its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeGuard

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.anatomy.probe import probed
from penstock.anatomy.subject import Subject, subject_of
from penstock.cells.cell import Cell
from penstock.cells.initializers import or_zeros
from penstock.cells.lstm import LSTMCell
from penstock.errors import OptionError
from penstock.layers.unroll import unroll
from penstock.report.bars import bars_picture
from penstock.report.numbers import show_minus
from penstock.report.page import Page, Reported, Section
from penstock.report.table import Table

__all__ = ["GateStep", "Walk", "walk"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class GateStep:
    """One gate of one unit in one step: φ(x W + h U + b).

    Attributes
    ----------
    letter
        i, f, g or o.
    from_x, from_h, bias
        The three terms.
    activation
        φ by name.
    value
        What the gate came to.
    """

    letter: str
    from_x: float
    from_h: float
    bias: float
    activation: str
    value: float

    @property
    def sum(self) -> float:
        """What the activation was given."""
        return self.from_x + self.from_h + self.bias


@dataclass(frozen=True, eq=False)
class Walk(Reported):
    """One step of one unit of an LSTM.

    Attributes
    ----------
    name
        The network.
    unit
        Which unit, counted from 0.
    x
        The input of the step, ``[features]``.
    before, after
        h and c of the unit before and after the step.
    gates
        The gates i, f, g, o.
    """

    name: str
    unit: int
    x: Values
    before: tuple[float, float]
    after: tuple[float, float]
    gates: tuple[GateStep, ...]

    def frame(self) -> Any:
        """Return the gates as a pandas frame."""
        import pandas as pd

        names = ["letter", "from_x", "from_h", "bias", "sum", "activation", "value"]
        return pd.DataFrame([[getattr(gate, name) for name in names] for gate in self.gates], columns=names)

    def page(self) -> Page:
        """Walk through the step in words and numbers."""
        i, f, g, o = (gate.value for gate in self.gates)
        (h, c), (h_after, c_after) = self.before, self.after
        x = ", ".join(show_minus(value, ".4g") for value in self.x[:4]) + (", …" if len(self.x) > 4 else "")
        gates = {gate.letter: gate for gate in self.gates}

        def line(letter: str) -> str:
            gate = gates[letter]
            φ = "tanh" if gate.activation == "tanh" else "σ"
            return (
                f"{letter}  =  {φ}({show_minus(gate.from_x)} {_signed(gate.from_h)} {_signed(gate.bias)})  =  "
                f"{φ}({show_minus(gate.sum)})  =  {show_minus(gate.value)}"
            )

        table = Table.of(
            "The four gates",
            ["gate", "x W", "h U", "b", "sum", "value"],
            [
                [each.letter, *map(show_minus, (each.from_x, each.from_h, each.bias, each.sum, each.value))]
                for each in self.gates
            ],
        )
        bars = bars_picture(
            "The step at a glance",
            "From the left: the cell state before, what the forget gate leaves of it, what the input gate lets in, "
            "their sum, and what the output gate shows of it.",
            {"c": c, "f · c": f * c, "i · g": i * g, "c'": c_after, "tanh c'": float(np.tanh(c_after)), "h'": h_after},
        )
        return Page(
            "One step of an LSTM, gate by gate",
            [
                f"The input is {x}. Before the step the unit shows h = {show_minus(h)} and remembers "
                f"c = {show_minus(c)}; after it h' = {show_minus(h_after)} and c' = {show_minus(c_after)}.",
                f"It forgets {1 - f:.0%} of its memory, lets in {i:.0%} of the candidate {show_minus(g)}, and shows "
                f"{o:.0%} of what it then holds.",
            ],
            sections=[
                Section(
                    "1. Forget",
                    [
                        "The forget gate looks at the input and at what the layer showed before, and decides how much "
                        "of the cell state stays: 1 keeps all, 0 clears it."
                    ],
                    [line("f"), f"f · c  =  {show_minus(f)} · {_factor(c)}  =  {show_minus(f * c)}"],
                ),
                Section(
                    "2. Write",
                    ["The candidate g says what could be written; the input gate i says how much of it is."],
                    [line("i"), line("g"), f"i · g  =  {show_minus(i)} · {_factor(g)}  =  {show_minus(i * g)}"],
                ),
                Section(
                    "3. Remember",
                    [
                        "The new cell state is a sum. That is what lets a gradient pass: ∂c'/∂c is the forget gate, "
                        f"here {show_minus(f)}."
                    ],
                    [f"c'  =  f · c + i · g  =  {show_minus(f * c)} {_signed(i * g)}  =  {show_minus(c_after)}"],
                ),
                Section(
                    "4. Show",
                    ["The output gate decides how much of the memory, brought between −1 and 1, the layer shows."],
                    [
                        line("o"),
                        f"h'  =  o · tanh(c')  =  {show_minus(o)} · {_factor(float(np.tanh(c_after)))}  =  "
                        + show_minus(h_after),
                    ],
                ),
                Section("All numbers", [f"Unit {self.unit} of {self.name}."], pictures=[bars], tables=[table]),
            ],
        )


def walk(
    model: Any = None, x: Any = None, *, step: int = -1, unit: int | None = None, sample: int = -1, member: int = 0
) -> Walk:
    """Walk one step of an LSTM gate by gate.

    Parameters
    ----------
    model
        Whatever :func:`penstock.anatomy.subject_of` takes, with an LSTM in it; its first LSTM is walked. Left out: one
        unit with weights in round numbers.
    x
        Sequences; see :func:`penstock.anatomy.subject_of`.
    step
        Which step, counted from 0; the last if left out.
    unit
        Which unit; the one that shows most if left out.
    sample, member
        As in :func:`penstock.anatomy.trace`.

    Returns
    -------
    The terms, gates and states of one step.

    Raises
    ------
    OptionError
        Where the network holds no LSTM, or has no such step or unit.

    Examples
    --------
    >>> found = walk()
    >>> [f"{gate.letter} {gate.value:.3f}" for gate in found.gates]
    ['i 0.769', 'f 0.646', 'g 0.800', 'o 0.721']
    >>> f"{found.after[1]:.3f}"  # .646 · (−1) + .769 · .800
    '-0.030'
    """
    subject = (_by_hand() if model is None else subject_of(model, x, member=member)).only(sample)
    _, records = probed(subject, subject.x)
    leaves = jax.tree.leaves(subject.module, is_leaf=lambda leaf: isinstance(leaf, Cell))
    cells = [leaf for leaf in leaves if isinstance(leaf, Cell)]
    found = [(record, cell) for record in records if _is_plain(cell := cells[record.place])]
    if not found:
        kinds = ", ".join(sorted({type(cell).__name__.removesuffix("Cell") for cell in cells}))
        raise OptionError(
            f"walk needs an LSTM with a forget gate and without peepholes, but {subject.name} holds {kinds}; for any "
            "other cell use trace, which shows its gates."
        )
    record, cell = found[0]
    steps, units = record.outputs.shape[1:]
    if not -steps <= step < steps:
        raise OptionError(f"step={step} is not there: the sequence has {steps} steps, counted from 0.")
    if unit is None:
        unit = 0 if model is None else int(jnp.argmax(jnp.abs(record.outputs[0, step])))
    if not 0 <= unit < units:
        raise OptionError(f"unit={unit} is not there: the layer has {units}, counted from 0.")
    x_t, h = record.x[0, step], record.before[0][0, step]
    terms = [np.split(np.asarray(part, float), 4) for part in (x_t @ cell.W, h @ cell.U, or_zeros(cell.b, cell.U))]
    gates = []
    for place, letter in enumerate("ifgo"):
        from_x, from_h, bias = (float(term[place][unit]) for term in terms)
        activation = "tanh" if letter == "g" else cell.recurrent_activation
        gates.append(GateStep(letter, from_x, from_h, bias, activation, float(record.gates[letter][0, step, unit])))
    before, after = (
        (float(part[0][0, step, unit]), float(part[1][0, step, unit])) for part in (record.before, record.after)
    )
    return Walk(subject.name, unit, np.asarray(x_t, float), before, after, tuple(gates))


class _Start(eqx.Module):
    """Unrolls an LSTM of one unit from h = .5 and c = −1."""

    cell: LSTMCell

    def __call__(self, x: jax.Array) -> jax.Array:
        return unroll(self.cell, x, (jnp.full((1, 1), 0.5), jnp.full((1, 1), -1.0)), sequence=False)[0]


def _is_plain(cell: Cell[Any]) -> TypeGuard[LSTMCell]:
    """Return whether a cell is a standard LSTM: four gates without peepholes or coupling."""
    return type(cell) is LSTMCell and cell.W.shape[1] == 4 * cell.U.shape[0] and getattr(cell, "p", None) is None


def _by_hand() -> Subject:
    cell = LSTMCell(1, 1, jax.random.key(0))
    weights = [[[0.5, -0.3, 0.8, 0.1]], [[0.2, 0.4, -0.6, 0.9]], [0.1, 1.0, -0.2, 0.3]]
    cell = jax.tree.unflatten(jax.tree.structure(cell), [jnp.asarray(w) for w in weights])
    return Subject("an LSTM of one unit", _Start(cell), jnp.full((1, 1, 1), 2.0))


def _factor(value: float) -> str:
    return f"({show_minus(value)})" if value < 0 else show_minus(value)


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'} {abs(value):.3f}"
