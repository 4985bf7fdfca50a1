"""Whether the paths compute the same."""

from __future__ import annotations

import numpy as np

from frame.row import Arrays

__all__ = ["difference"]


def difference(one: Arrays, other: Arrays) -> tuple[float, str]:
    """Give the largest difference of two paths' outputs, relative to the largest absolute value, and where it is.

    An output that only one of them has is left out; a shape that differs, or a value that is not finite, is infinitely
    different.

    Examples
    --------
    >>> difference({"h": np.array([1.0, 4.0])}, {"h": np.array([1.0, 3.0]), "dx": np.ones(3)})
    (0.25, 'h')
    """
    worst, where = 0.0, ""
    for name in one.keys() & other.keys():
        a, b = np.asarray(one[name], float), np.asarray(other[name], float)
        if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
            return float("inf"), name
        largest = max(np.abs(a).max(), np.abs(b).max(), 1e-30)
        apart = float(np.abs(a - b).max() / largest)
        if apart >= worst:
            worst, where = apart, name
    return worst, where
