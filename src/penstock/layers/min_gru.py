"""The layer of minimal gated recurrent units."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from penstock.cells.min_gru import MinGRUCell
from penstock.layers.recurrent import RecurrentLayer

__all__ = ["MinGRU"]


@dataclass(frozen=True, repr=False)
class MinGRU(RecurrentLayer):
    """A layer of minimal GRUs, described; :class:`penstock.cells.min_gru.MinGRUCell` holds the mathematics.

    Examples
    --------
    >>> MinGRU(20).build(1, jax.random.key(0)).cell.W.shape
    (1, 40)
    """

    def draw(self, inputs: int, key: jax.Array) -> MinGRUCell:
        """Draw the weights of the cell."""
        return MinGRUCell(inputs, self.units, key)
