"""The layer with a deep transition."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from penstock.cells.activations import ACTIVATIONS
from penstock.cells.deep_transition import DeepTransitionCell
from penstock.layers.recurrent import RecurrentLayer
from penstock.options import option

__all__ = ["DeepTransition"]


@dataclass(frozen=True, repr=False)
class DeepTransition(RecurrentLayer):
    """A layer with several layers between states; :class:`penstock.cells.deep_transition.DeepTransitionCell` says how.

    Examples
    --------
    >>> DeepTransition(12, depth=3)
    DeepTransition(12, depth=3)
    """

    depth: int = option(2, "layers from one state to the next", at_least=1)
    activation: str = option("tanh", "activation of the units", choices=ACTIVATIONS)

    def draw(self, inputs: int, key: jax.Array) -> DeepTransitionCell:
        """Draw the weights of the cell."""
        return DeepTransitionCell(inputs, self.units, key, self.depth, self.activation)
