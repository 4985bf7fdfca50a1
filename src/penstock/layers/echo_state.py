"""The echo-state layer."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from penstock.cells.echo_state import EchoStateCell
from penstock.layers.recurrent import RecurrentLayer
from penstock.options import option

__all__ = ["EchoState"]


@dataclass(frozen=True, repr=False)
class EchoState(RecurrentLayer):
    """A reservoir, described; :class:`penstock.cells.echo_state.EchoStateCell` holds the mathematics.

    Its weights stay as they are drawn; only what stands above it is trained.

    Examples
    --------
    >>> EchoState(200, radius=0.95, leak=0.3)
    EchoState(200, radius=0.95, leak=0.3)
    """

    radius: float = option(0.9, "spectral radius of the recurrent weights", above=0)
    leak: float = option(1.0, "share of its new value that a unit takes at each step", above=0, at_most=1)
    input_scale: float = option(1.0, "largest weight of an input, and largest bias", above=0)
    density: float = option(0.1, "share of recurrent weights that are not zero", above=0, at_most=1)

    def draw(self, inputs: int, key: jax.Array) -> EchoStateCell:
        """Draw the reservoir."""
        return EchoStateCell(inputs, self.units, key, self.radius, self.leak, self.input_scale, self.density)
