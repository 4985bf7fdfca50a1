"""Is a difference in accuracy more than chance? The Diebold-Mariano test, for one pair and for every pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pairs", "diebold_mariano", "every_pair", "holm"]

Values = NDArray[np.float64]


def diebold_mariano(loss: Values, loss_naive: Values, horizon: int = 1) -> tuple[float, float]:
    """Test whether two forecasts are equally accurate.

    Parameters
    ----------
    loss, loss_naive
        Loss of each forecast at each cutoff, ``[n]``, in the order of time.
    horizon
        Cutoffs whose forecasts overlap. The variance adds ``horizon − 1`` autocovariances, unweighted; where it is then
        not positive, with Bartlett's weights (Newey & West), which never make it negative.

    Returns
    -------
    statistic, p
        Harvey, Leybourne & Newbold's corrected statistic, negative where `loss` is smaller, and the two-sided p-value
        of Student's t with n − 1 degrees of freedom; NaN where the two never differ, or n is too small.

    References
    ----------
    Diebold & Mariano (1995); Harvey, Leybourne & Newbold (1997), equations 5 to 9.

    Examples
    --------
    >>> statistic, p = diebold_mariano(np.array([1.0, 4.0, 1.0, 0.0]), np.array([2.0, 4.0, 3.0, 2.0]))
    >>> round(statistic, 4), round(p, 4)
    (-2.6112, 0.0796)
    """
    from scipy import stats

    difference = loss - loss_naive
    n = len(difference)
    if n < max(3, 2 * horizon) or np.ptp(difference) == 0:
        return np.nan, np.nan
    centred = difference - difference.mean()
    covariances = np.array([centred[lag:] @ centred[: n - lag] for lag in range(horizon)]) / n
    weights = np.full(horizon, 2.0)
    weights[0] = 1.0
    variance = weights @ covariances
    if variance <= 0:
        variance = (weights * (1 - np.arange(horizon) / horizon)) @ covariances
    correction = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    statistic = float(np.sqrt(correction) * difference.mean() / np.sqrt(variance / n))
    return statistic, float(2 * stats.t.sf(abs(statistic), n - 1))


def holm(pvalues: Sequence[float]) -> list[float]:
    """Correct p-values for their number, so that the chance of one false claim among them stays at the level.

    A p-value that does not exist (NaN) is left out of the count and stays NaN.

    References
    ----------
    Holm (1979), *A simple sequentially rejective multiple test procedure*.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03, float("nan")])
    [0.03, 0.06, 0.06, nan]
    """
    p = np.asarray(pvalues, dtype=np.float64)
    order = np.flatnonzero(~np.isnan(p))
    order = order[np.argsort(p[order], kind="stable")]
    corrected = np.full(len(p), np.nan)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)), 1)
    return [float(value) for value in corrected]


@dataclass(frozen=True, eq=False)
class Pairs:
    """The test of every pair of models.

    Attributes
    ----------
    names
        The models, ``[k]``.
    statistic
        ``[k, k]``; negative where the model of the row is more accurate than that of the column; NaN on the diagonal.
    pvalue
        ``[k, k]``, two-sided, each for its own pair alone.
    test
        Name of the test.
    """

    names: tuple[str, ...]
    statistic: Values
    pvalue: Values
    test: str = "Diebold-Mariano"

    @property
    def corrected(self) -> Values:
        """The p-values, corrected for the number of pairs (Holm), ``[k, k]``."""
        lower = np.tril_indices(len(self.names), -1)
        out = np.full(self.pvalue.shape, np.nan)
        out[lower] = out.T[lower] = holm(self.pvalue[lower].tolist())
        return out

    @property
    def tested(self) -> bool:
        """Whether any pair has a p-value."""
        return bool(np.isfinite(self.pvalue).any())

    def to_json(self) -> dict[str, Any]:
        """Give names and matrices as lists; the caller turns NaN into null."""
        return {
            "models": list(self.names),
            "test": self.test,
            "statistic": self.statistic.tolist(),
            "pvalue": self.pvalue.tolist(),
            "p_holm": self.corrected.tolist(),
        }


def every_pair(
    names: Sequence[str], test: Callable[[str, str], tuple[float, float]], name: str = "Diebold-Mariano"
) -> Pairs:
    """Test every pair of models.

    Parameters
    ----------
    names
        The models.
    test
        It is given two models and returns a statistic, negative where the first is more accurate, and a p-value.
    name
        Name of the test.

    Returns
    -------
    The statistics and p-values.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> losses = {"a": rng.normal(size=50) ** 2, "b": 9 * rng.normal(size=50) ** 2}
    >>> pairs = every_pair(list(losses), lambda one, other: diebold_mariano(losses[one], losses[other]))
    >>> bool(pairs.statistic[0, 1] < 0), bool(pairs.statistic[0, 1] == -pairs.statistic[1, 0])
    (True, True)
    """
    names = tuple(names)
    statistic, pvalue = np.full((2, len(names), len(names)), np.nan)
    for row, one in enumerate(names):
        for column, other in enumerate(names[:row]):
            found, p = test(one, other)
            statistic[row, column], statistic[column, row] = found, -found
            pvalue[row, column] = pvalue[column, row] = p
    return Pairs(names, statistic, pvalue, name)
