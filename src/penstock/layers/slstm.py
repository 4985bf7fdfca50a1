"""The layer of scalar LSTMs."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from penstock.cells.slstm import FORGETTING, SLSTMCell
from penstock.layers.recurrent import RecurrentLayer
from penstock.options import option

__all__ = ["SLSTM"]


@dataclass(frozen=True, repr=False)
class SLSTM(RecurrentLayer):
    """A layer of sLSTMs, described; :class:`penstock.cells.slstm.SLSTMCell` holds the mathematics.

    Examples
    --------
    >>> SLSTM(20, forget="exp")
    SLSTM(20, forget='exp')
    """

    forget: str = option("sigmoid", "activation of the forget gate", choices=FORGETTING)

    def draw(self, inputs: int, key: jax.Array) -> SLSTMCell:
        """Draw the weights of the cell."""
        return SLSTMCell(inputs, self.units, key, self.forget)
