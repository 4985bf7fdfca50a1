"""The score of intervals that weighs their width and what they miss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["winkler"]

Values = NDArray[np.float64]


def winkler(y: Values, lower: Values, upper: Values, level: float) -> Values:
    """Give the interval score of each interval: its width, and 2/α times the distance by which it was missed.

    References
    ----------
    Winkler (1972); Gneiting & Raftery (2007), equation 43.
    """
    alpha = 1 - level / 100
    missed = np.maximum(lower - y, 0) + np.maximum(y - upper, 0)
    score: Values = upper - lower + 2 / alpha * missed
    return score
