"""One recurrent layer, forward and backward."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frame.row import Arrays

__all__ = ["GATES", "Layer"]

GATES = {"lstm": 4, "gru_after": 3, "gru_before": 3, "rnn": 1}
"""Gates of each cell: i, f, g, o; r, z, n; none."""


@dataclass(frozen=True)
class Layer:
    """Gradients of Σ R·h over a layer's whole sequence h, for its weights and its input.

    Attributes
    ----------
    cell
        ``lstm``, ``gru_after`` or ``gru_before`` the product the reset, or ``rnn`` (tanh).
    units, inputs, batch, window
        Sizes.
    padded
        Share of the steps that are padding, behind; lengths are spread evenly around the mean.
    """

    cell: str
    units: int
    inputs: int
    batch: int = 32
    window: int = 100
    padded: float = 0.0

    kind = "layer"

    def arrays(self) -> Arrays:
        """Draw ``x``, the weights ``W, U, b`` (and ``bU``), ``R``, and ``lengths`` where steps are padded."""
        rng = np.random.default_rng(7)
        wide = GATES[self.cell] * self.units
        bound = self.units**-0.5

        def uniform(*shape: int) -> np.ndarray:
            return rng.uniform(-bound, bound, shape).astype(np.float32)

        drawn = {
            "x": rng.normal(size=(self.batch, self.window, self.inputs)).astype(np.float32),
            "R": (rng.normal(size=(self.batch, self.window, self.units)) / self.batch).astype(np.float32),
            "W": uniform(self.inputs, wide),
            "U": uniform(self.units, wide),
            "b": uniform(wide),
        }
        if self.cell == "gru_after":
            drawn["bU"] = uniform(wide)
        if self.padded:
            true = 1 - self.padded
            spread = np.linspace(true - min(true, self.padded), true + min(true, self.padded), self.batch)
            lengths = np.clip(np.round(spread * self.window), 1, self.window).astype(np.int32)
            drawn["lengths"] = rng.permutation(lengths)
            real = np.arange(self.window)[None, :, None] < drawn["lengths"][:, None, None]
            drawn["R"], drawn["x"] = drawn["R"] * real, drawn["x"] * real
        return drawn
