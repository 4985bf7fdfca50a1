"""Scores of rows that come in weeks: those of one week move together, so weeks, not rows, say how sure a score is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["jackknife_error", "mean_of_weeks", "of_each_week", "rank_correlation"]

Metric = Callable[..., float]


def of_each_week(metric: Metric, week: NDArray[Any], *columns: NDArray[Any]) -> NDArray[np.float64]:
    """Give a score of every week by itself, ``[weeks]``, in order; NaN where it does not exist.

    Examples
    --------
    >>> week = np.array([0, 0, 1, 1])
    >>> of_each_week(lambda y: float(y.mean()), week, np.array([1.0, 3.0, 4.0, 6.0])).tolist()
    [2.0, 5.0]
    """
    order = np.argsort(week, kind="stable")
    _, first = np.unique(week[order], return_index=True)
    return np.array([metric(*(column[rows] for column in columns)) for rows in np.split(order, first[1:])])


def mean_of_weeks(scores: NDArray[np.float64]) -> tuple[float, float]:
    """Give the mean of the weeks' scores and its standard error, weeks being independent."""
    there = scores[np.isfinite(scores)]
    if len(there) < 2:
        return float("nan"), float("nan")
    return float(there.mean()), float(there.std(ddof=1) / np.sqrt(len(there)))


def jackknife_error(metric: Metric, week: NDArray[Any], *columns: NDArray[Any]) -> float:
    """Give the standard error of a score over all rows, each week being left out in turn.

    References
    ----------
    Efron & Tibshirani (1993), *An Introduction to the Bootstrap*, equation 11.5, with weeks as units.

    Examples
    --------
    >>> week, y = np.arange(4), np.array([1.0, 2.0, 3.0, 6.0])
    >>> bool(np.isclose(jackknife_error(lambda y: float(y.mean()), week, y), y.std(ddof=1) / 2))
    True
    """
    weeks = np.unique(week)
    left = []
    for each in weeks:
        kept = week != each
        left.append(metric(*(column[kept] for column in columns)))
    values, n = np.array(left), len(weeks)
    return float(np.sqrt((n - 1) / n * np.square(values - values.mean()).sum()))


def rank_correlation(y: NDArray[np.float64], yhat: NDArray[np.float64]) -> float:
    """Give Spearman's rank correlation; NaN where one of the two is constant."""
    from scipy.stats import rankdata

    if len(y) < 3 or np.ptp(y) == 0 or np.ptp(yhat) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(y), rankdata(yhat))[0, 1])
