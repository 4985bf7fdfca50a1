"""The design effect: by how much series that move together widen the variance of a mean over series."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penstock.evaluation.metric import Metric
from penstock.evaluation.scored_rows import ScoredRows

__all__ = ["DesignEffect", "design_effect", "past_paths"]

Values = NDArray[np.float64]

_MOST_STRETCHES = 20
_FEWEST_STRETCHES = 3


class DesignEffect(NamedTuple):
    """How much wider the variance of a mean over series is than if they were independent.

    Attributes
    ----------
    factor
        The factor, 1 or more.
    variance
        Variance of the sum over series in the stretches.
    stretches
        Stretches of time from which it was estimated; 0 where there are too few, and the factor is 1.
    """

    factor: float = 1.0
    variance: float = 0.0
    stretches: int = 0

    def test(self, difference: Values) -> tuple[float, float]:
        """Test whether the mean over series is zero.

        Parameters
        ----------
        difference
            Differences of the losses of two models, ``[series]``.

        Returns
        -------
        statistic, p
            The mean over its standard error, and the two-sided p-value of Student's t. Where series move together, the
            variance is that between series times the effect, or that of the stretches if it is larger, with a degree of
            freedom less than there are stretches.
        """
        from scipy import stats

        count = len(difference)
        variance, free = float(difference.var(ddof=1)) * count, count - 1
        if self.factor > 1:
            factor = min(self.factor, count - 1)
            between = variance * factor * (count - 1) / (count - factor)  # what is shared is missing between series
            variance, free = max(between, self.variance), self.stretches - 1
        statistic = float(difference.sum() / np.sqrt(variance))
        return statistic, float(2 * stats.t.sf(abs(statistic), free))


def past_paths(rows: ScoredRows, test: int) -> Values:
    """Return what came in earlier stretches of time, as errors of the seasonal naive.

    All cutoffs are moved back by one test period, by two, and so on, so that what was at the same time stays so.

    Parameters
    ----------
    rows
        The forecasts of any model.
    test
        Rows of the test period.

    Returns
    -------
    Errors around their mean over the stretches, ``[stretches, n, horizon]``; NaN before the first row of a series.
    There are 20 stretches at most, and none that fewer than half of the cutoffs have.
    """
    panel, horizon, season = rows.panel, rows.yhat.shape[1], rows.season
    steps = np.arange(1, horizon + 1)
    back = season * -(-steps // season)  # to the same place of the last season that is known
    first = panel.offsets[rows.series]
    found = []
    for number in range(1, _MOST_STRETCHES + 1):
        origins = rows.origins - number * test
        there = origins - season + 1 >= first
        if there.mean() < 0.5:
            break
        ahead = np.maximum(origins, first + season - 1)[:, None] + steps
        found.append(np.where(there[:, None], panel.y[ahead] - panel.y[ahead - back], np.nan))
    if not found:
        return np.empty((0, *rows.yhat.shape))
    paths = np.stack(found)
    known = np.maximum((~np.isnan(paths)).sum(axis=0), 1)
    return np.asarray(paths - np.nansum(paths, axis=0) / known)


def design_effect(metric: Metric, one: ScoredRows, other: ScoredRows, paths: Values) -> DesignEffect:
    """Estimate the design effect of the difference of two models' losses from the rows before the test.

    What came is replaced by the middle of both forecasts plus an earlier stretch's errors, stretch by stretch. The
    effect is the variance over the stretches of the sum over series, over the sum of the series' own variances.

    Parameters
    ----------
    metric
        What the losses are.
    one, other
        The forecasts of both models.
    paths
        What :func:`past_paths` returned.

    Returns
    -------
    The effect.

    References
    ----------
    Kish (1965), *Survey sampling*, section 8.2, for the effect of clusters on the variance of a mean.
    """
    if len(paths) < _FEWEST_STRETCHES:
        return DesignEffect()
    middle = (one.yhat + other.yhat) / 2
    differences = []
    for path in paths:
        came = np.where(np.isnan(path), middle, middle + np.nan_to_num(path))
        losses = []
        for rows in (one, other):
            moved = rows.of(rows.yhat, rows.bounds)
            moved.__dict__["y"] = came
            losses.append(metric.clustered(moved, rows.series, len(rows.panel), by_series=True))
        missing = np.bincount(one.series, np.isnan(path).any(axis=1), len(one.panel)) > 0
        differences.append(np.where(missing, np.nan, losses[0] - losses[1]))
    found = np.stack(differences)
    count = (~np.isnan(found)).sum(axis=0)
    found = np.nan_to_num(found - np.nansum(found, axis=0) / np.maximum(count, 1))
    own = float(np.square(found).sum())
    if own == 0:
        return DesignEffect()
    together = float(np.square(found.sum(axis=1)).sum())
    return DesignEffect(max(together / own, 1.0), together / (len(paths) - 1), len(paths))
