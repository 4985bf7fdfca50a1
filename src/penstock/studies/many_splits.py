"""Models over many random splits of one table: means, paired differences with intervals, a picture."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penstock.evaluation.verdict import SIGNIFICANT
from penstock.report.table import Table

__all__ = ["Paired", "corrected_test", "splits_tables", "splits_verdict"]

Values = NDArray[np.float64]


_SHARE = 0.5  # test rows over training rows: a third against two


class Paired(NamedTuple):
    """The mean of paired differences, its 95 % interval, and the p-value of no difference."""

    mean: float
    low: float
    high: float
    pvalue: float


def corrected_test(difference: Values, share: float = _SHARE) -> Paired:
    """Test the mean of paired differences ``[splits]``, corrected for splits that share their rows.

    Parameters
    ----------
    share
        Test rows over training rows of each split.

    Examples
    --------
    >>> found = corrected_test(np.array([1.0, 2.0, 3.0]))
    >>> [round(value, 3) for value in found]  # the standard error is √(1/3 + 1/2)
    [2.0, -1.928, 5.928, 0.16]

    References
    ----------
    Nadeau & Bengio (2003), *Machine Learning* 52, section 4: the variance of the mean is (1/n + test / train) S².
    """
    from scipy import stats

    n, mean = len(difference), float(difference.mean())
    error = float(np.sqrt((1 / n + share) * difference.var(ddof=1)))
    reach = float(stats.t.ppf(0.975, n - 1)) * error
    return Paired(mean, mean - reach, mean + reach, float(2 * stats.t.sf(abs(mean) / error, n - 1)))


def splits_tables(many: dict[str, Values]) -> tuple[Table, Table]:
    """Give the paired differences and the means of each model's error on every split, ``[splits]``."""
    rows = []
    for one, other in combinations(many, 2):
        difference = many[one] - many[other]
        rows.append([f"{one} − {other}", *corrected_test(difference), float((difference < 0).mean())])
    columns = {
        "pair": "", "difference": "+.2f", "95 % low": "+.2f", "95 % high": "+.2f", "p": "p", "first is lower": ".0%",
    }  # fmt: skip
    note = (
        "Paired on the same splits; interval and p-value are Nadeau & Bengio's, since splits of one table share their "
        "rows and plain standard errors would be far too small."
    )
    pairs = Table.of("Differences of the mean absolute error over the random splits", columns, rows, [note])
    won = np.argmin(np.stack(list(many.values())), axis=0)
    summary = Table.of(
        "Mean absolute error over the random splits",
        {"model": "", "mean": ".2f", "lowest": ".2f", "highest": ".2f", "splits won": ".0%"},
        [
            [name, *map(float, (each.mean(), each.min(), each.max(), (won == place).mean()))]
            for place, (name, each) in enumerate(many.items())
        ],
    )
    return pairs, summary


def splits_verdict(many: dict[str, Values]) -> str:
    """Say whether the network beats the best of the others."""
    means = {name: float(values.mean()) for name, values in many.items()}
    others = {name: value for name, value in means.items() if name != "network"}
    best = min(others, key=lambda name: others[name])
    mean, low, high, pvalue = corrected_test(many["network"] - many[best])
    claim = "more than" if pvalue < SIGNIFICANT else "within"
    return (
        f"Over {len(many[best])} random splits the network errs by {means['network']:.1f} on average and {best}, the "
        f"best of the others, by {means[best]:.1f}: {mean:+.1f} ({low:+.1f} to {high:+.1f}), {claim} chance."
    )
