"""The LSTM layer."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from penstock.cells.activations import GATE_ACTIVATIONS
from penstock.cells.lstm import FORGETTING, LSTMCell
from penstock.layers.recurrent import RecurrentLayer
from penstock.options import option

__all__ = ["LSTM"]


@dataclass(frozen=True, repr=False)
class LSTM(RecurrentLayer):
    """A layer of long short-term memory, described; :class:`penstock.cells.lstm.LSTMCell` holds the mathematics.

    Examples
    --------
    >>> LSTM(20) == LSTM(20, recurrent_activation="sigmoid")
    True
    >>> LSTM(12, dropout=0.2, recurrent_dropout=0.2)
    LSTM(12, dropout=0.2, recurrent_dropout=0.2)
    >>> LSTM(12, forget="coupled", peepholes=True)
    LSTM(12, forget='coupled', peepholes=True)
    """

    recurrent_activation: str = option("sigmoid", "activation of the gates", choices=GATE_ACTIVATIONS)
    forget: str = option("gate", "what f is: a gate, 1 less the input gate, or one", choices=FORGETTING)
    peepholes: bool = option(False, "let the gates see the cell state")

    def draw(self, inputs: int, key: jax.Array) -> LSTMCell:
        """Draw the weights of the cell."""
        return LSTMCell(inputs, self.units, key, self.recurrent_activation, self.forget, self.peepholes)
