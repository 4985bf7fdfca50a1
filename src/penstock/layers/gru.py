"""The GRU layer."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from penstock.cells.activations import GATE_ACTIVATIONS
from penstock.cells.gru import GRUCell
from penstock.layers.recurrent import RecurrentLayer
from penstock.options import option

__all__ = ["GRU"]


@dataclass(frozen=True, repr=False)
class GRU(RecurrentLayer):
    """A layer of gated recurrent units, described; :class:`penstock.cells.gru.GRUCell` holds the mathematics.

    Examples
    --------
    >>> GRU(32, reset_after=True)
    GRU(32, reset_after=True)
    """

    reset_after: bool = option(False, "reset after the recurrent product, with a second bias, as cuDNN and torch do")
    recurrent_activation: str = option("sigmoid", "activation of the gates", choices=GATE_ACTIVATIONS)

    def draw(self, inputs: int, key: jax.Array) -> GRUCell:
        """Draw the weights of the cell."""
        return GRUCell(inputs, self.units, key, self.reset_after, self.recurrent_activation)
