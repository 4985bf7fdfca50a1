"""How well intervals hold: the share covered, the width, and the score that weighs both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["interval_scores", "winkler"]

Values = NDArray[np.float64]


def interval_scores(y: Values, lower: Values, upper: Values, level: float) -> dict[str, float]:
    """Give coverage (share within the bounds), mean width, and mean interval score of intervals of one level.

    Examples
    --------
    >>> y = np.array([1.0, 2.0, 3.0, 7.0])
    >>> interval_scores(y, y * 0, y * 0 + 4, 50)
    {'coverage': 0.75, 'width': 4.0, 'winkler': 7.0}
    """
    return {
        "coverage": float(np.mean((lower <= y) & (y <= upper))),
        "width": float(np.mean(upper - lower)),
        "winkler": float(np.mean(winkler(y, lower, upper, level))),
    }


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
