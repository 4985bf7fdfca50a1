"""Is a difference in accuracy more than chance? The Diebold-Mariano test."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

__all__ = ["diebold_mariano"]


def diebold_mariano(
    loss: NDArray[np.float64], loss_naive: NDArray[np.float64], horizon: int = 1
) -> tuple[float, float]:
    """Test whether two forecasts are equally accurate.

    Parameters
    ----------
    loss, loss_naive
        Loss of each forecast at each cutoff, ``[n]``, in the order of time.
    horizon
        Cutoffs whose forecasts overlap; the variance allows for ``horizon − 1`` autocovariances (Newey-West).

    Returns
    -------
    statistic, p
        Harvey, Leybourne & Newbold's corrected statistic, negative where `loss` is smaller, and the two-sided p-value
        of Student's t with n − 1 degrees of freedom; NaN where the two never differ, or n is too small.

    References
    ----------
    Diebold & Mariano (1995); Harvey, Leybourne & Newbold (1997), equation 9. statsmodels computes it.
    """
    from statsmodels.tsa.stattools import diebold_mariano_test

    count = len(loss)
    if count < max(3, 2 * horizon) or np.ptp(loss - loss_naive) == 0:
        return np.nan, np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        result = diebold_mariano_test(
            np.zeros(count), loss, loss_naive, criterion=lambda y, given: given,
            lags=horizon - 1, harvey_adj=True, horizon=horizon,
        )  # fmt: skip
    return float(result.statistic), float(result.pvalue)
