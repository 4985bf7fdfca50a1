"""Walking forward: a model fitted afresh at every refit, in several members, and asked for the next values."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from frame.row import Arrays
from jobs.model import Model

__all__ = ["WalkForward"]


@dataclass(frozen=True)
class WalkForward:
    """So many refits of an ensemble on the newest windows, each forecasting `ahead` cutoffs before the next.

    Everything counts that a user's call does after the imports: reading the values, cutting windows, building models,
    compiling, training, forecasting. Each path draws its own initial weights; how well its forecasts hold is told.
    """

    refits: int = 60
    members: int = 5
    ahead: int = 5
    model: Model = field(default_factory=lambda: Model((("lstm", 16),), batch=32, window=24, steps=36))

    kind = "walk"

    @property
    def train(self) -> int:
        """Rows that a refit learns from: `steps` batches of windows."""
        return self.model.samples + self.model.window

    @property
    def test(self) -> int:
        """Values forecast."""
        return self.refits * self.ahead

    def arrays(self) -> Arrays:
        """Draw ``y``: a slow wave with an autoregression around it."""
        rng, count = np.random.default_rng(5), self.train + self.test
        noise = np.zeros(count)
        for t in range(1, count):
            noise[t] = 0.8 * noise[t - 1] + 0.1 * rng.normal()
        return {"y": np.sin(np.arange(count) / 20) + noise}
