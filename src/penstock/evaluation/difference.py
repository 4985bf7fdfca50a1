"""The test of a difference in accuracy: by time, by stretches of time, or by series, as the rows allow."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.evaluation.significance import diebold_mariano

__all__ = ["DifferenceTest", "choose_test"]

Values = NDArray[np.float64]

_FEWEST_STRETCHES = 3  # independent stretches of time below which time says nothing
_FEWEST_SERIES = 10
_SHORT, _LONG = 10, 20  # stretches up to which blocks of one, and of two of them are the clusters


@dataclass(frozen=True)
class DifferenceTest:
    """A test of equal accuracy, its clusters, why it was chosen, and what it assumes.

    Attributes
    ----------
    name
        ``Diebold-Mariano``, ``t-test of blocks`` or ``t-test of series``; empty where none can be made.
    heading
        Heading of its statistic in tables.
    by
        What a cluster of losses is: ``time`` or ``series``.
    clusters
        Number of clusters.
    overlap
        Cutoffs whose forecasts share a target.
    block
        Cutoffs in a block.
    reason, assumption
        Why this one, and what it takes for granted, in words.
    """

    name: str
    heading: str
    by: str
    clusters: int
    overlap: int
    block: int
    reason: str
    assumption: str

    def __call__(self, loss: Values, other: Values) -> tuple[float, float]:
        """Test whether two models are equally accurate, each series being as good as another.

        Parameters
        ----------
        loss, other
            Loss of each in each cutoff or series, ``[clusters]``.

        Returns
        -------
        statistic, p
            Negative where `loss` is smaller, and the two-sided p-value; NaN where the two never differ.
        """
        if not self.name:
            return np.nan, np.nan
        if self.name == "Diebold-Mariano":
            return diebold_mariano(loss, other, self.overlap)
        from scipy import stats

        difference = loss - other
        blocks = len(difference) // self.block
        difference = difference[len(difference) - blocks * self.block :].reshape(blocks, self.block).mean(axis=1)
        if np.ptp(difference) == 0:
            return np.nan, np.nan
        found = stats.ttest_1samp(difference, 0.0)
        return float(found.statistic), float(found.pvalue)

    @property
    def sentence(self) -> str:
        """What it is, why, and what it assumes."""
        if not self.name:
            return f"No test of the difference: {self.reason}."
        return f"The test: {self.name}, {self.reason}; {self.assumption}."

    def to_json(self) -> dict[str, Any]:
        """Return everything by name."""
        return asdict(self)


def choose_test(cutoffs: int, overlap: int, series: int, *, times: int, own_rows: bool, dated: bool) -> DifferenceTest:
    """Choose the test of a difference that the rows allow.

    Where there are several cutoffs, losses are summed over the series at each of them, so that series may move
    together as they like: the Diebold-Mariano test of many cutoffs; of few whose forecasts overlap, on which it rejects
    too often, a t-test of the means of blocks as long as the overlap (at most ten of them) or twice as long. Where
    there are fewer than three such blocks, each series is a cluster, if there are ten or more.

    Parameters
    ----------
    cutoffs
        Cutoffs of each series.
    overlap
        Cutoffs whose forecasts share a target.
    series
        Series that are scored.
    times
        Different times of cutoffs of all series.
    own_rows
        Whether series are tested at different times.
    dated
        Whether times are dates, which are the same for all series, or counts.

    Returns
    -------
    The test.

    References
    ----------
    Diebold & Mariano (1995); Harvey, Leybourne & Newbold (1997); Ibragimov & Müller (2010), *t-statistic based
    correlation and heterogeneity robust inference*, for blocks and for series.

    Examples
    --------
    >>> choose_test(250, 1, 30, times=250, own_rows=False, dated=True).name
    'Diebold-Mariano'
    >>> choose_test(1, 1, 1428, times=1, own_rows=False, dated=True).name
    't-test of series'
    """
    stretches = cutoffs // overlap
    together = f" of the sums over {series:,} series" if series > 1 else ""
    by_time = stretches >= _FEWEST_STRETCHES and (dated or not own_rows or series < _FEWEST_SERIES)
    if not by_time and series >= _FEWEST_SERIES:
        few = "1 cutoff" if cutoffs == 1 else f"{cutoffs} cutoffs"
        shared = f" whose forecasts overlap by {overlap}" if overlap > 1 and cutoffs > 1 else ""
        why = f"the {few} of a series{shared} are too few" if stretches < _FEWEST_STRETCHES else "times are counts"
        return DifferenceTest(
            "t-test of series", "t", "series", series, overlap, 1,
            f"a cluster for each of {series:,} series, since {why} to test by time",
            "it assumes that series move together no more than they did in the training rows, by which it widens the "
            "variance (design effect), or, where these hold no three stretches as long as the test, not at all",
        )  # fmt: skip
    if not by_time:
        return DifferenceTest(
            "", "t", "time", times, overlap, 1,
            f"{times} cutoff{'s' * (times > 1)}, {overlap} of which share a target, and {series} series are too few; "
            f"needed are {_FEWEST_STRETCHES * overlap} cutoffs (a longer test) or {_FEWEST_SERIES} series", "",
        )  # fmt: skip
    moves = "; series may move together" if series > 1 else ""
    if overlap == 1 or times >= _LONG * overlap:
        shared = f", allowing for {overlap} cutoffs that share a target" if overlap > 1 else ""
        return DifferenceTest(
            "Diebold-Mariano", "DM", "time", times, overlap, 1, f"{times:,} cutoffs{together}{shared}",
            f"it assumes that the difference of losses has a stable mean over time{moves}",
        )  # fmt: skip
    block = overlap if times < _SHORT * overlap else 2 * overlap
    return DifferenceTest(
        "t-test of blocks", "t", "time", times, overlap, block,
        f"{times // block} blocks of {block} cutoffs{together}, since {times} cutoffs of which {overlap} share a "
        "target are too few for Diebold-Mariano",
        f"it assumes that blocks are nearly independent of each other{moves}",
    )  # fmt: skip
