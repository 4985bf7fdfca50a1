"""A whole fit of the S&P model, from a frame of values to trained weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frame.row import Arrays
from jobs.model import MODELS, Model

__all__ = ["Fit"]


@dataclass(frozen=True)
class Fit:
    """So many epochs over all windows of one series in [0, 1].

    Everything counts that a user's call does after the imports: reading the values, cutting windows, building the
    model, compiling, training. Each path draws its own initial weights.
    """

    epochs: int = 10
    model: Model = MODELS["sp500"]

    kind = "fit"

    def arrays(self) -> Arrays:
        """Draw ``y``: a random walk with noise around it, so that there is something to learn."""
        rng = np.random.default_rng(5)
        walk = np.cumsum(rng.normal(size=self.model.samples + self.model.window)) + rng.normal(
            size=self.model.samples + self.model.window
        )
        return {"y": (walk - walk.min()) / np.ptp(walk)}
