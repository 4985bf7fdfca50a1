"""The layer that hears its own last output."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from penstock.cells.activations import ACTIVATIONS
from penstock.cells.output_recurrence import OutputRecurrenceCell
from penstock.layers.recurrent import RecurrentLayer
from penstock.options import option

__all__ = ["OutputRecurrence"]


@dataclass(frozen=True, repr=False)
class OutputRecurrence(RecurrentLayer):
    """A layer recurrent through its output; :class:`penstock.cells.output_recurrence.OutputRecurrenceCell` says how.

    Examples
    --------
    >>> OutputRecurrence(8, values=2).outputs
    2
    """

    values: int = option(1, "outputs at each step", at_least=1)
    activation: str = option("tanh", "activation of the units", choices=ACTIVATIONS)

    @property
    def outputs(self) -> int:
        """Width of the output at each step."""
        return self.values

    def draw(self, inputs: int, key: jax.Array) -> OutputRecurrenceCell:
        """Draw the weights of the cell."""
        return OutputRecurrenceCell(inputs, self.units, key, self.values, self.activation)
