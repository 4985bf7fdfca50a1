"""The clockwork layer."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from penstock.cells.clockwork import ClockworkCell
from penstock.errors import OptionError
from penstock.layers.recurrent import RecurrentLayer

__all__ = ["Clockwork"]


@dataclass(frozen=True, repr=False)
class Clockwork(RecurrentLayer):
    """Groups of units that change at different rates; :class:`penstock.cells.clockwork.ClockworkCell` says how.

    Examples
    --------
    >>> Clockwork(12, periods=(1, 5, 21))
    Clockwork(12, periods=(1, 5, 21))
    """

    periods: tuple[int, ...] = (1, 2, 4, 8)

    def __post_init__(self) -> None:
        """Refuse periods that are no steps, and units that the groups cannot share evenly."""
        super().__post_init__()
        object.__setattr__(self, "periods", tuple(self.periods))
        if not self.periods or any(not isinstance(T, int) or isinstance(T, bool) or T < 1 for T in self.periods):
            raise OptionError(f"Clockwork: periods={self.periods!r}; allowed: whole numbers from 1, such as (1, 2, 4).")
        if self.units % len(self.periods):
            raise OptionError(
                f"Clockwork: {len(self.periods)} groups cannot share {self.units} units evenly; give a multiple of "
                f"{len(self.periods)}."
            )

    def draw(self, inputs: int, key: jax.Array) -> ClockworkCell:
        """Draw the weights of the cell."""
        return ClockworkCell(inputs, self.units, key, self.periods)
