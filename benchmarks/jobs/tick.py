"""One tick after the other: a row comes, the forecast after it is wanted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frame.row import Arrays

__all__ = ["Tick"]


@dataclass(frozen=True)
class Tick:
    """The forecast of an LSTM with a linear readout after each row, from the last `window` rows.

    Attributes
    ----------
    units, window
        Sizes.
    ticks
        Rows in one call.
    stateful
        Whether the state is carried from row to row, one step each; the first `window` rows begin from zero.
    """

    units: int = 16
    window: int = 63
    ticks: int = 50
    stateful: bool = False

    kind = "tick"

    def arrays(self) -> Arrays:
        """Draw the weights ``W, U, b`` of the layer, ``V, c`` of the readout, and the rows ``y``."""
        rng = np.random.default_rng(7)
        bound = self.units**-0.5

        def uniform(*shape: int) -> np.ndarray:
            return rng.uniform(-bound, bound, shape).astype(np.float32)

        wide = 4 * self.units
        return {
            "W": uniform(1, wide), "U": uniform(self.units, wide), "b": uniform(wide), "V": uniform(self.units, 1),
            "c": uniform(1), "y": rng.normal(size=self.window + self.ticks),
        }  # fmt: skip
