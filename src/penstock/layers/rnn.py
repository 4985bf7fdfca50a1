"""The simple recurrent layer."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from penstock.cells.activations import ACTIVATIONS
from penstock.cells.rnn import RNNCell
from penstock.layers.recurrent import RecurrentLayer
from penstock.options import option

__all__ = ["RNN"]


@dataclass(frozen=True, repr=False)
class RNN(RecurrentLayer):
    """A simple recurrent layer, described; :class:`penstock.cells.rnn.RNNCell` holds the mathematics.

    Examples
    --------
    >>> RNN(12, "relu")
    RNN(12, activation='relu')
    """

    activation: str = option("tanh", "activation of the units", choices=ACTIVATIONS)

    def draw(self, inputs: int, key: jax.Array) -> RNNCell:
        """Draw the weights of the cell."""
        return RNNCell(inputs, self.units, key, self.activation)
