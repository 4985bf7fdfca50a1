"""The LSTM layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax

from penstock.cells.activations import GATE_ACTIVATIONS
from penstock.cells.cell import Cell
from penstock.cells.lstm import LSTMCell
from penstock.layers.layer import Layer
from penstock.layers.unroll import unroll
from penstock.options import option

__all__ = ["LSTM", "RecurrentModule"]


class RecurrentModule(eqx.Module):
    """A cell that is unrolled over its input."""

    cell: Cell[Any]

    def __call__(self, x: jax.Array) -> jax.Array:
        """Give the cell's output at every step, ``[batch, time, units]``, for inputs ``[batch, time, features]``."""
        return unroll(self.cell, x)[0]


@dataclass(frozen=True, repr=False)
class LSTM(Layer):
    """A layer of long short-term memory, described; :class:`penstock.cells.lstm.LSTMCell` holds the mathematics.

    Examples
    --------
    >>> LSTM(20) == LSTM(20, recurrent_activation="sigmoid")
    True
    """

    units: int = option(help="hidden units", at_least=1)
    recurrent_activation: str = option("sigmoid", "activation of the gates", choices=GATE_ACTIVATIONS)

    @property
    def outputs(self) -> int:
        """Width of the output at each step."""
        return self.units

    def build(self, inputs: int, key: jax.Array) -> RecurrentModule:
        """Draw the weights."""
        return RecurrentModule(LSTMCell(inputs, self.units, key, self.recurrent_activation))
