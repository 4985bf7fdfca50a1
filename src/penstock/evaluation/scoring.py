"""How a comparison scores: its metrics, the one that models are judged by, and the test of the difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penstock.errors import named
from penstock.evaluation.design_effect import design_effect, past_paths
from penstock.evaluation.difference import DifferenceTest, choose_test
from penstock.evaluation.metric import Metric
from penstock.evaluation.panel_metrics import DEFAULT, MetricGiven, interval_metrics, resolve_metrics
from penstock.evaluation.scored_rows import ScoredRows

if TYPE_CHECKING:
    from penstock.evaluation.comparison import Comparison

__all__ = ["ScoreOptions", "Scoring", "scoring_of"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ScoreOptions:
    """What was asked of the scores.

    Attributes
    ----------
    metrics
        The metrics, by name or as functions.
    season
        Steps in the season of MASE's scale, and whether it was given or read from the frequency.
    weights
        ``"series"`` or ``"size"``; None: what is usual for each metric.
    groups
        For each column of groups, the group of each series.
    naive2
        Name of the model that OWA is relative to.
    """

    metrics: Sequence[MetricGiven] = DEFAULT
    season: int = 1
    season_given: bool = False
    weights: str | None = None
    groups: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    naive2: str | None = None


@dataclass(frozen=True, eq=False)
class Scoring:
    """Metrics, and the test of a difference, of the rows of one comparison.

    Attributes
    ----------
    rows
        The rows, with the forecasts of the last value.
    metrics
        Every metric that is computed.
    shown
        Keys of those that the table shows.
    test
        The test of the difference.
    test_rows
        Rows of the test period.
    """

    rows: ScoredRows
    metrics: tuple[Metric, ...]
    shown: tuple[str, ...]
    test: DifferenceTest
    test_rows: int

    @cached_property
    def judged(self) -> Metric:
        """The metric that models are judged by: the first that is shown and is a loss; the first of all otherwise."""
        losses = [metric for metric in self.metrics if metric.lower]
        return next((metric for metric in losses if metric.key in self.shown), losses[0])

    @property
    def columns(self) -> dict[str, tuple[str, str]]:
        """Heading and form of each score that is shown, by key."""
        return {each.key: (each.heading, each.form) for each in self.metrics if each.key in self.shown}

    @cached_property
    def series(self) -> Rows:
        """Places of the series that are scored, in their order."""
        return np.unique(self.rows.series)

    @cached_property
    def times(self) -> NDArray[Any]:
        """Times of the first values that are forecast, in order."""
        return np.unique(self.rows.panel.times[self.rows.origins + 1])

    def by_time(self, rows: ScoredRows) -> Values:
        """Return the losses of forecasts at each of :attr:`times`, by the judged metric.

        Parameters
        ----------
        rows
            The forecasts.

        Returns
        -------
        The losses, ``[times]``.
        """
        when = np.searchsorted(self.times, self.rows.panel.times[self.rows.origins + 1])
        return self.judged.clustered(rows, when, len(self.times), by_series=False)

    def losses(self, rows: ScoredRows) -> Values:
        """Return the losses of forecasts in each cluster of the test, by the judged metric.

        Parameters
        ----------
        rows
            The forecasts.

        Returns
        -------
        The losses, ``[clusters]``.
        """
        if self.test.by == "time":
            return self.by_time(rows)
        place = np.searchsorted(self.series, self.rows.series)
        return self.judged.clustered(rows, place, len(self.series), by_series=True)

    def score(self, rows: ScoredRows) -> dict[str, float]:
        """Return every score of forecasts; those of intervals where there are bounds.

        Parameters
        ----------
        rows
            The forecasts.

        Returns
        -------
        The scores by key.
        """
        known = [metric for metric in self.metrics if rows.bounds is not None or not metric.intervals]
        return {metric.key: metric.value(rows) for metric in known}

    @cached_property
    def paths(self) -> Values:
        """What came in earlier stretches of time, from which the test by series learns how series move together."""
        return past_paths(self.rows, self.test_rows)

    def difference(self, rows: ScoredRows, other: ScoredRows) -> tuple[float, float]:
        """Test the difference of two models.

        Parameters
        ----------
        rows, other
            The forecasts of both.

        Returns
        -------
        statistic, p
            Negative where `rows` are better, and the two-sided p-value; NaN where there is none.
        """
        loss, second = self.losses(rows), self.losses(other)
        known = ~np.isnan(loss) & ~np.isnan(second)
        if self.test.by == "series" and known.sum() > 1 and np.ptp((loss - second)[known]) > 0:
            effect = design_effect(self.judged, rows, other, self.paths)
            return effect.test((loss - second)[known])
        return self.test(loss[known], second[known])

    def against(self, rows: ScoredRows) -> dict[str, float]:
        """Return skill over the last value, and the test of the difference from it.

        Parameters
        ----------
        rows
            The forecasts.

        Returns
        -------
        ``skill``, ``dm_statistic`` and ``dm_pvalue``; NaN where they do not exist.
        """
        if self.judged.intervals and rows.bounds is None:
            return {"skill": np.nan, "dm_statistic": np.nan, "dm_pvalue": np.nan}
        statistic, p = self.difference(rows, self.rows)
        loss, naive = self.losses(rows), self.losses(self.rows)
        known = ~np.isnan(loss) & ~np.isnan(naive)
        total = float(naive[known].sum())
        skill = 1 - float(loss[known].sum()) / total if total > 0 else np.nan
        return {"skill": skill, "dm_statistic": statistic, "dm_pvalue": p}

    def notes(self, options: ScoreOptions) -> list[str]:
        """Say what each score that is shown is, and how series weigh in it.

        Parameters
        ----------
        options
            What was asked.

        Returns
        -------
        The sentences.
        """
        several = len(self.series) > 1
        shown = [metric for metric in self.metrics if metric.key in self.shown]
        said = [f"{'; '.join(f'{metric.heading}: {metric.words}' for metric in shown)}."]
        for weights, what in (("series", "series"), ("size", "value")) if several else ():
            if mine := [metric.heading for metric in shown if metric.weights == weights]:
                said.append(f"Every {what} weighs the same in {', '.join(mine)}.")
        if any(metric.key in ("mase", "rmsse", "owa") or metric.key.startswith("msis") for metric in shown):
            rows = "1 row" if self.rows.season == 1 else f"{self.rows.season} rows"
            origin = "as given" if options.season_given else "from the frequency" if self.rows.season > 1 else (
                "since none was given and the times suggest none: season="
            )  # fmt: skip
            said.append(f"The season m is {rows}, {origin}; each cutoff has the training rows of its own fold.")
        return said

    @property
    def left_out(self) -> list[str]:
        """Say for which series a metric that is shown does not exist."""
        said = []
        for metric in self.metrics:
            if metric.key not in self.shown or not metric.lower or metric.intervals:
                continue
            missing = self.series[np.isnan(metric.by_series(self.rows)[self.series])]
            if len(missing):
                why = ": constant, or no longer than the season, in the training rows" if metric.key in (
                    "mase", "rmsse", "owa") else ""  # fmt: skip
                names = named([self.rows.panel.ids[place] for place in missing])
                said.append(
                    f"{metric.heading} does not exist for {len(missing):,} of {len(self.series):,} series, which are "
                    f"left out of it{why}: {names}."
                )
        return said


def scoring_of(comparison: Comparison) -> Scoring:
    """Return how a comparison scores.

    Parameters
    ----------
    comparison
        The comparison, of which nothing is read that scores are needed for.

    Returns
    -------
    Its metrics and test.
    """
    panel, split, options = comparison.panel, comparison.split, comparison.score_options
    naive = comparison.entries[comparison.naive]
    rows = ScoredRows(
        panel, list(split.folds(panel)), comparison.origins, options.season, naive.forecast, comparison.levels,
        naive.bounds,
    )  # fmt: skip
    naive2 = None if options.naive2 is None else comparison.entries[options.naive2].forecast
    asked = resolve_metrics(options.metrics, comparison.levels, options.weights, naive2)
    if not any(metric.lower for metric in asked):  # nothing to judge by
        asked = [*resolve_metrics("rmse", (), options.weights, None), *asked]
    every = {metric.key: metric for metric in resolve_metrics(DEFAULT[:2], (), options.weights, None)}
    every |= {metric.key: metric for metric in asked}
    every |= {metric.key: metric for metric in interval_metrics(comparison.levels) if metric.key not in every}
    metrics = [*asked, *(metric for key, metric in every.items() if key not in {each.key for each in asked})]
    firsts = panel.times[comparison.origins + 1]
    test = choose_test(
        split.cutoffs,
        split.overlap,
        len(np.unique(rows.series)),
        times=len(np.unique(firsts)),
        own_rows=bool(comparison.coverage is not None and comparison.coverage.own_rows),
        dated=not comparison.kind.counts_steps,
    )
    return Scoring(rows, tuple(metrics), tuple(metric.key for metric in asked), test, split.test)
