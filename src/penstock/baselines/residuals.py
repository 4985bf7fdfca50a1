"""The spread of a model's errors on the rows it was fitted on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["deviations"]


def deviations(residuals: Iterable[NDArray[np.float64]], coefficients: int = 0) -> NDArray[np.float64]:
    """Give √(Σe² / (n − coefficients)) of each series' residuals, ``[series]``; NaN where none is left to divide by.

    Residuals that are NaN, of values that were not observed but carried forward, are left out.

    Examples
    --------
    >>> deviations([np.array([3.0, 4.0]), np.array([])])
    array([3.53553391,        nan])

    References
    ----------
    Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., equation 5.1.
    """
    observed = [each[~np.isnan(each)] for each in residuals]
    free = [(e, len(e) - coefficients) for e in observed]
    return np.array([np.sqrt((e @ e) / n) if n > 0 else np.nan for e, n in free])
