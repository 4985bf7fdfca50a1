"""The layer of linear recurrent units."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax

from penstock.cells.lru import LRUCell
from penstock.errors import OptionError
from penstock.layers.recurrent import RecurrentLayer
from penstock.options import option

__all__ = ["LRU"]


@dataclass(frozen=True, repr=False)
class LRU(RecurrentLayer):
    """A layer of linear recurrent units, described; :class:`penstock.cells.lru.LRUCell` holds the mathematics.

    Its output is linear in its inputs: put a dense layer above it.

    Examples
    --------
    >>> LRU(20, r_min=0.9, r_max=0.999)
    LRU(20, r_min=0.9, r_max=0.999)
    """

    r_min: float = option(0.0, "smallest magnitude of λ at first", at_least=0, below=1)
    r_max: float = option(1.0, "largest magnitude of λ at first", above=0, at_most=1)
    max_phase: float = option(2 * math.pi, "largest phase of λ at first", above=0)

    def __post_init__(self) -> None:
        """Refuse an empty ring."""
        super().__post_init__()
        if self.r_min > self.r_max:
            raise OptionError(f"LRU: r_min={self.r_min:g} lies above r_max={self.r_max:g}; exchange them.")

    def draw(self, inputs: int, key: jax.Array) -> LRUCell:
        """Draw the weights of the cell."""
        return LRUCell(inputs, self.units, key, self.r_min, self.r_max, self.max_phase)
