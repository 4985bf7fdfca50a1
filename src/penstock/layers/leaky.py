"""The layer of leaky units."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from penstock.cells.leaky import LeakyCell
from penstock.layers.recurrent import RecurrentLayer
from penstock.options import option

__all__ = ["Leaky"]


@dataclass(frozen=True, repr=False)
class Leaky(RecurrentLayer):
    """A layer of leaky units, described; :class:`penstock.cells.leaky.LeakyCell` holds the mathematics.

    Examples
    --------
    >>> Leaky(12, leak=0.1, learned=True)
    Leaky(12, leak=0.1, learned=True)
    """

    leak: float = option(0.5, "share of its new value that a unit takes at each step", above=0, below=1)
    learned: bool = option(False, "learn a leak for each unit, from this one on")

    def draw(self, inputs: int, key: jax.Array) -> LeakyCell:
        """Draw the weights of the cell."""
        return LeakyCell(inputs, self.units, key, self.leak, self.learned)
