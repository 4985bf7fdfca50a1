"""Scores of labels: the area under the curve with its interval, and tests of the difference of two classifiers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from penstock.errors import DataError, OptionError

__all__ = ["Auc", "Gain", "auc", "auc_difference", "auc_interval", "mcnemar", "paired_bootstrap"]

Values = NDArray[np.float64]


class Auc(NamedTuple):
    """An area under the curve, its standard error, and the bounds of its interval."""

    value: float
    error: float
    low: float
    high: float


class Gain(NamedTuple):
    """A difference of two scores, the bounds of its interval, and the two-sided p-value of "there is none"."""

    difference: float
    low: float
    high: float
    pvalue: float


def mcnemar(right: ArrayLike, other_right: ArrayLike, *, exact: bool = True) -> tuple[float, float]:
    """Test whether two classifiers err equally often on the same rows.

    Parameters
    ----------
    right, other_right
        Whether each was right, ``[n]``, row by row.
    exact
        Binomial test of the rows on which only one was right; otherwise chi² with Edwards' continuity correction.

    Returns
    -------
    statistic, p
        The smaller count of the two (exact) or chi² with one degree of freedom, and the two-sided p-value.

    References
    ----------
    McNemar (1947); Edwards (1948). ``statsmodels`` computes it.

    Examples
    --------
    >>> first, second = np.repeat([[1, 0], [0, 1], [1, 1]], [10, 2, 50], axis=0).T
    >>> statistic, p = mcnemar(first, second)
    >>> statistic, round(p, 4)
    (2.0, 0.0386)
    """
    from statsmodels.stats.contingency_tables import mcnemar as test

    first, second = np.asarray(right, dtype=bool), np.asarray(other_right, dtype=bool)
    if first.shape != second.shape or first.ndim != 1:
        raise DataError(f"the columns have the shapes {first.shape}, {second.shape}; allowed: two of equal length.")
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    if only_first + only_second == 0:
        return (0.0, 1.0)
    found = test([[0, only_first], [only_second, 0]], exact=exact, correction=True)
    return float(found.statistic), float(found.pvalue)


def auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Give the area under the ROC curve: the chance that a positive row scores above a negative one (ties: half).

    Examples
    --------
    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    return float(_placements(*_checked(labels, scores))[0])


def auc_interval(labels: ArrayLike, scores: ArrayLike, level: float = 95) -> Auc:
    """Give the area under the ROC curve with DeLong's standard error and the normal interval, cut to [0, 1].

    Parameters
    ----------
    labels
        True or 1 for positive rows, False or 0 for negative ones, ``[n]``; two of each at least.
    scores
        Higher for what is more probably positive, ``[n]``.
    level
        Percentage that the interval should cover.

    References
    ----------
    DeLong, DeLong & Clarke-Pearson (1988), equations 2 to 5; by mid-ranks, Sun & Xu (2014).

    Examples
    --------
    >>> found = auc_interval([0, 0, 1, 1, 1], [0.1, 0.4, 0.35, 0.8, 0.9])
    >>> [round(value, 3) for value in found]
    [0.833, 0.236, 0.371, 1.0]
    """
    area, positive, negative = _placements(*_checked(labels, scores, at_least=2))
    error = float(np.sqrt(positive.var(ddof=1) / len(positive) + negative.var(ddof=1) / len(negative)))
    reach = _deviations(level) * error
    return Auc(area, error, max(area - reach, 0.0), min(area + reach, 1.0))


def auc_difference(labels: ArrayLike, scores: ArrayLike, other_scores: ArrayLike, level: float = 95) -> Gain:
    """Compare two areas under the curve of the same rows, by DeLong's covariance.

    References
    ----------
    DeLong, DeLong & Clarke-Pearson (1988), equation 8.

    Examples
    --------
    >>> auc_difference([0, 0, 1, 1, 1], [0.1, 0.4, 0.35, 0.8, 0.9], [0.3, 0.1, 0.2, 0.4, 0.6]).difference
    0.0
    """
    from scipy import stats

    truth, first = _checked(labels, scores, at_least=2)
    _, second = _checked(labels, other_scores, at_least=2)
    area, positive, negative = _placements(truth, first)
    other_area, other_positive, other_negative = _placements(truth, second)
    difference = area - other_area
    apart = (positive - other_positive, negative - other_negative)
    variance = sum(float(part.var(ddof=1)) / len(part) for part in apart)
    if variance == 0:
        return Gain(difference, difference, difference, 1.0 if difference == 0 else 0.0)
    error = float(np.sqrt(variance))
    reach = _deviations(level) * error
    return Gain(difference, difference - reach, difference + reach, float(2 * stats.norm.sf(abs(difference) / error)))


def paired_bootstrap(
    metric: Callable[[Any, Any], float],
    labels: ArrayLike,
    given: ArrayLike,
    other: ArrayLike,
    *,
    level: float = 95,
    resamples: int = 2000,
    seed: int = 0,
) -> Gain:
    """Compare any score of two models on the same rows, by drawing the rows again, each with both answers.

    Parameters
    ----------
    metric
        ``metric(labels, answers)`` of one model, such as :func:`auc`.
    labels, given, other
        What is true, and what each model answers, ``[n]``.
    level, resamples, seed
        Percentage that the interval covers, number of draws, and their seed. Rows are taken as independent.

    Returns
    -------
    The difference ``metric(given) − metric(other)``, its percentile interval, and the p-value: twice the smaller share
    of draws on one side of zero.

    References
    ----------
    Efron & Tibshirani (1993), *An Introduction to the Bootstrap*, sections 13.3 and 15.4.

    Examples
    --------
    >>> truth, good = np.tile([0, 1], 50), np.tile([0, 1, 1, 1], 25)
    >>> gain = paired_bootstrap(lambda y, a: float(np.mean(y == a)), truth, good, 1 - truth)
    >>> gain.difference, gain.pvalue < 0.01
    (0.75, True)
    """
    y, a, b = (np.asarray(values) for values in (labels, given, other))
    if not len(y) == len(a) == len(b):
        raise DataError(f"the columns have {len(y)}, {len(a)} and {len(b)} rows; allowed: the same number in each.")
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(resamples):
        rows = rng.integers(len(y), size=len(y))
        try:
            drawn.append(metric(y[rows], a[rows]) - metric(y[rows], b[rows]))
        except DataError:  # a draw without one of the classes has no such score
            continue
    if not drawn:
        raise DataError("no draw of the rows has both classes; more rows are needed.")
    values = np.array(drawn)
    low, high = np.percentile(values, [50 - level / 2, 50 + level / 2])
    side = min(int((values <= 0).sum()), int((values >= 0).sum()))
    p = min(2 * (side + 1) / (len(values) + 1), 1.0)
    return Gain(float(metric(y, a) - metric(y, b)), float(low), float(high), p)


def _deviations(level: float) -> float:
    """Give the half-width of a normal interval in standard deviations."""
    from scipy import stats

    if not 0 < level < 100:
        raise OptionError(f"level={level} is out of range; allowed: a percentage between 0 and 100, such as 95.")
    return float(stats.norm.ppf(0.5 + level / 200))


def _checked(labels: ArrayLike, scores: ArrayLike, at_least: int = 1) -> tuple[NDArray[np.bool_], Values]:
    truth, values = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    if truth.shape != values.shape or truth.ndim != 1:
        raise DataError(f"labels and scores must be columns of equal length, not {truth.shape} and {values.shape}.")
    if not np.isin(truth, (0, 1)).all():
        raise DataError(f"labels must be 0 and 1 (or False and True); the first other one is {_other(truth)!r}.")
    if not np.isfinite(values).all():
        row = int((~np.isfinite(values)).argmax())
        raise DataError(f"the scores hold {values[row]:g} in row {row}; allowed: finite numbers.")
    counts = int(truth.sum()), int((1 - truth.astype(np.int64)).sum())
    if min(counts) < at_least:
        raise DataError(
            f"{counts[0]} positive and {counts[1]} negative rows are too few: at least {at_least} of each are needed."
        )
    return truth.astype(bool), values


def _other(truth: NDArray[Any]) -> Any:
    return truth[~np.isin(truth, (0, 1))][0].item()


def _placements(truth: NDArray[np.bool_], scores: Values) -> tuple[float, Values, Values]:
    """Give the area and the placements of each positive row among the negative ones, and the other way round."""
    from scipy.stats import rankdata

    positive, negative = scores[truth], scores[~truth]
    joint = rankdata(np.concatenate([positive, negative]))
    m, n = len(positive), len(negative)
    among_negative = (joint[:m] - rankdata(positive)) / n
    among_positive = 1 - (joint[m:] - rankdata(negative)) / m
    return float(among_negative.mean()), among_negative, among_positive
