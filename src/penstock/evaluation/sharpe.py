"""The Sharpe ratio, how uncertain it is, and what is left of it after many trials."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.errors import OptionError

__all__ = ["Sharpe", "deflated_sharpe", "expected_best", "probabilistic_sharpe", "sharpe", "sharpe_error"]

_EULER = 0.5772156649015329


@dataclass(frozen=True)
class Sharpe:
    """A Sharpe ratio per period (not annualised), and the moments that tell its uncertainty.

    Attributes
    ----------
    value
        Mean over standard deviation of returns; NaN where they never change.
    count
        Number of returns T.
    skewness, kurtosis
        Of the returns; a normal distribution has 0 and 3.
    """

    value: float
    count: int
    skewness: float = 0.0
    kurtosis: float = 3.0


def sharpe(returns: NDArray[np.float64]) -> Sharpe:
    """Measure the Sharpe ratio of returns per period, with the standard deviation of n − 1 degrees of freedom.

    Examples
    --------
    >>> sharpe(np.array([0.01, -0.01, 0.02, 0.02])).value.__round__(4)
    0.7071
    """
    from scipy import stats

    if len(returns) < 2 or np.ptp(returns) == 0:
        return Sharpe(math.nan, len(returns), math.nan, math.nan)
    value = float(returns.mean() / returns.std(ddof=1))
    return Sharpe(value, len(returns), float(stats.skew(returns)), float(stats.kurtosis(returns, fisher=False)))


def sharpe_error(given: Sharpe, *, normal: bool = False) -> float:
    """Give the standard error of a Sharpe ratio per period; multiply by √q for one annualised over q periods.

    Parameters
    ----------
    given
        The ratio and the moments of its returns.
    normal
        Leave skewness and kurtosis out, as if the returns were normal.

    References
    ----------
    Lo (2002), *The statistics of Sharpe ratios*, equation 9 (normal); Mertens (2002), with skewness and kurtosis.

    Examples
    --------
    >>> round(sharpe_error(Sharpe(1.0, 60), normal=True), 3)  # Lo (2002), table 1
    0.158
    """
    skewness, kurtosis = (0.0, 3.0) if normal else (given.skewness, given.kurtosis)
    return math.sqrt(_spread(given.value, skewness, kurtosis) / given.count)


def probabilistic_sharpe(given: Sharpe, benchmark: float = 0.0) -> float:
    """Give the probability that the true Sharpe ratio per period exceeds a benchmark.

    References
    ----------
    Bailey & López de Prado (2012), *The Sharpe ratio efficient frontier*, equation 11.

    Examples
    --------
    >>> round(probabilistic_sharpe(Sharpe(0.458, 24, -2.448, 10.164)), 3)  # the source's hedge fund
    0.913
    """
    from scipy import stats

    spread = _spread(given.value, given.skewness, given.kurtosis)
    return float(stats.norm.cdf((given.value - benchmark) * math.sqrt((given.count - 1) / spread)))


def expected_best(trials: int, variance: float) -> float:
    """Give the Sharpe ratio to expect of the best of many trials none of which has any skill.

    Parameters
    ----------
    trials
        Strategies that were tried, the ones that were dropped included.
    variance
        Variance of their Sharpe ratios per period.

    References
    ----------
    Bailey & López de Prado (2014), *The deflated Sharpe ratio*, equation 1.

    Examples
    --------
    >>> round(expected_best(100, 0.5 / 250), 4)  # the source's example
    0.1132
    """
    from scipy import stats

    if trials < 1:
        raise OptionError(f"trials={trials} is out of range; allowed: a whole number from 1.")
    if trials == 1:
        return 0.0
    first, second = stats.norm.ppf(1 - 1 / trials), stats.norm.ppf(1 - 1 / (trials * math.e))
    return float(math.sqrt(variance) * ((1 - _EULER) * first + _EULER * second))


def deflated_sharpe(given: Sharpe, trials: int, variance: float) -> float:
    """Give the probability that the true Sharpe ratio is above what the best of many trials reaches by luck.

    References
    ----------
    Bailey & López de Prado (2014), *The deflated Sharpe ratio*, equation 2.

    Examples
    --------
    >>> round(deflated_sharpe(Sharpe(2.5 / 250**0.5, 1250, -3, 10), 100, 0.5 / 250), 4)  # the source's example
    0.9004
    """
    return probabilistic_sharpe(given, expected_best(trials, variance))


def _spread(value: float, skewness: float, kurtosis: float) -> float:
    """T times the variance of a Sharpe ratio; never below zero, as skewness² ≤ kurtosis − 1."""
    return 1 - skewness * value + (kurtosis - 1) / 4 * value**2
