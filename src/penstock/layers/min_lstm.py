"""The layer of minimal long short-term memory."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from penstock.cells.min_lstm import MinLSTMCell
from penstock.layers.recurrent import RecurrentLayer

__all__ = ["MinLSTM"]


@dataclass(frozen=True, repr=False)
class MinLSTM(RecurrentLayer):
    """A layer of minimal LSTMs, described; :class:`penstock.cells.min_lstm.MinLSTMCell` holds the mathematics.

    Examples
    --------
    >>> MinLSTM(20).build(1, jax.random.key(0)).cell.W.shape
    (1, 60)
    """

    def draw(self, inputs: int, key: jax.Array) -> MinLSTMCell:
        """Draw the weights of the cell."""
        return MinLSTMCell(inputs, self.units, key)
