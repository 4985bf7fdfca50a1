"""One model of a comparison, with what it forecast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.estimator import Estimator

__all__ = ["Entry"]


@dataclass(frozen=True, eq=False)
class Entry:
    """One model of a comparison.

    Attributes
    ----------
    model
        The model as fitted for the last fold.
    yhat
        Forecasts ``[members, n, horizon]``.
    seconds
        Time that all its fits took.
    bounds
        Lower and upper bounds of the intervals around `forecast`, ``[levels, 2, n, horizon]``, if asked for.
    """

    model: Estimator
    yhat: NDArray[np.float64]
    seconds: float
    bounds: NDArray[np.float64] | None = None

    @property
    def forecast(self) -> NDArray[np.float64]:
        """The model's forecast, the mean (or median) of its members: ``[n, horizon]``."""
        return self.model.aggregate(self.yhat)
