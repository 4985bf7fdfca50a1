"""How well intervals hold: the share covered, the width, and the score that weighs both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["interval_scores", "scores_by_level", "winkler"]

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


def scores_by_level(y: Values, bounds: Values, levels: Sequence[float]) -> dict[str, float]:
    """Return the scores of bounds ``[levels, 2, ...]``: ``coverage_80``, ``width_80``, ``winkler_80`` and so on."""
    found = {level: interval_scores(y, each[0], each[1], level) for level, each in zip(levels, bounds, strict=True)}
    return {f"{key}_{level:g}": value for level, scores in found.items() for key, value in scores.items()}


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
