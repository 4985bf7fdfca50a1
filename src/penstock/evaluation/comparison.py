"""A comparison: the scores of models that forecast the same rows, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import checked_types
from penstock.data.frames import FrameKind
from penstock.data.panel import Panel
from penstock.engines.work import Work
from penstock.errors import named
from penstock.evaluation.breakdown import score_by_step, score_columns, shares_won
from penstock.evaluation.coverage import Coverage
from penstock.evaluation.entry import Entry, settings_tried
from penstock.evaluation.forecast_frame import forecast_columns
from penstock.evaluation.leaks import Leak
from penstock.evaluation.members import spread
from penstock.evaluation.result import ComparisonResult, entry_of, require_trading
from penstock.evaluation.rolling_origin import RollingOrigin
from penstock.evaluation.scored_rows import ScoredRows
from penstock.evaluation.scoring import ScoreOptions, Scoring, scoring_of
from penstock.evaluation.searches import further_tables, searches_json
from penstock.evaluation.significance import Pairs, every_pair
from penstock.evaluation.superiority import Superiority, judge
from penstock.evaluation.table import Columns, interval_table
from penstock.evaluation.words import covered_words, forecast_words, score_notes, scores_json
from penstock.files import jsonable
from penstock.intervals.conformal import Conformal
from penstock.report.page import write_page
from penstock.report.table import Table

if TYPE_CHECKING:
    from penstock.evaluation.positions import Rule
    from penstock.evaluation.trading import Trading
    from penstock.report.svg import Picture

__all__ = ["Comparison"]


@dataclass(frozen=True, eq=False)
class Comparison(ComparisonResult):
    """Scores, forecasts and a report of models that forecast the same rows from the same past.

    Attributes
    ----------
    panel
        All rows, in the units in which the models were compared.
    kind
        The kind of the frame that was given, in which frames come back.
    split
        The rolling origin.
    origins
        Flat row of each cutoff, ``[n]``.
    entries
        The models by name.
    naive
        The name of the last value among them.
    leaks
        The leaks that were turned on; none unless asked for.
    levels, intervals
        Levels of the intervals as percentages, in rising order, and how the intervals were made, if any were asked for.
    coverage
        What was compared and what was not: series left out or not scored, rows filled, covariates ignored.
    score_options
        Which scores the table shows, the season of their scale, how series weigh, and groups of series.
    work
        Which worker did what, if any.
    """

    panel: Panel
    kind: FrameKind
    split: RollingOrigin
    origins: NDArray[np.int64]
    entries: dict[str, Entry]
    naive: str
    leaks: tuple[Leak, ...] = ()
    levels: tuple[float, ...] = ()
    intervals: Conformal | None = None
    coverage: Coverage | None = None
    score_options: ScoreOptions = field(default_factory=ScoreOptions)
    work: Work | None = None
    rows: list[dict[str, Any]] = field(init=False)

    reference_words: ClassVar[str] = "the last value"

    def __post_init__(self) -> None:
        """Score every model."""
        self._correct([self._row(name) for name in self.entries], "dm_pvalue")

    @cached_property
    def scoring(self) -> Scoring:
        """The metrics, the one that models are judged by, and the test of the difference."""
        return scoring_of(self)

    @property
    def columns(self) -> Columns:
        """Key of each score that the table shows, its heading, and how its numbers are shown."""
        return {
            "model": ("model", ""),
            **self.scoring.columns,
            "skill": ("skill", ".4f"),
            "series_won": ("won", ".0 %"),
            "dm_statistic": (self.scoring.test.heading, ".2f"),
            "dm_pvalue": ("p", "p"),
            "p_holm": ("p Holm", "p"),
            "parameters": ("weights", ","),
            "fit_seconds": ("fit s", ".1f"),
        }

    @property
    def judged(self) -> tuple[str, bool]:
        """The score by which models are judged; less of it is better."""
        return self.scoring.judged.key, True

    @property
    def notes(self) -> Sequence[str]:
        """How to read the table of scores, in sentences."""
        return score_notes(self)

    @property
    def untested(self) -> str:
        """Why a difference has no p-value, where it has none."""
        test = self.scoring.test
        return "the two never differ" if test.name else f"no test of the difference exists here: {test.reason}"

    @cached_property
    def series_won(self) -> dict[str, float]:
        """Share of the series on which each model has the lowest score of all, by the judged metric."""
        return shares_won({name: self.scoring.judged.by_series(self.rows_of(name)) for name in self.entries})

    @property
    def reference(self) -> str:
        """The last value."""
        return self.naive

    @property
    def baselines(self) -> tuple[str, ...]:
        """Names of the models that were not trained epoch by epoch."""
        return tuple(name for name in self.entries if name not in self.networks)

    @property
    def models(self) -> dict[str, Any]:
        """The models by name, each as fitted for the last fold."""
        return {name: entry.model for name, entry in self.entries.items()}

    def __repr__(self) -> str:
        return (
            f"<Comparison of {len(self.entries)} models, {len(self.origins):,} forecasts of {self.split.horizon} "
            f"{'step' if self.split.horizon == 1 else 'steps'} each: {named(self.entries)}>"
        )

    @property
    def targets(self) -> NDArray[np.int64]:
        """Flat rows of the values forecast, ``[n, horizon]``."""
        targets: NDArray[np.int64] = self.origins[:, None] + 1 + np.arange(self.split.horizon)
        return targets

    @property
    def forecasts(self) -> Any:
        """Every forecast, as a frame of the kind given: id, cutoff, time, step, model, y, yhat, bounds (``lo-80``)."""
        return self.kind.frame(forecast_columns(self))

    def scores_by(self, by: str = "unique_id") -> Any:
        """Return the scores of every model by series, step, cutoff or group, as a frame of the kind that was given.

        Parameters
        ----------
        by
            The id column, ``step``, ``cutoff``, a static column, or one of the columns that `compare` was given as
            ``groups``.

        Returns
        -------
        One row for each group and model: the group, the model, ``values`` (their number), and the scores.

        Raises
        ------
        OptionError
            Where there is no such column.
        """
        found = score_columns(self, by)
        return self.kind.frame(found) if by == "cutoff" else self.kind.plain_frame(found)

    @cached_property
    def step_errors(self) -> dict[str, NDArray[np.float64]]:
        """The score that models are judged by, of each model at each step ahead, ``[horizon]``."""
        return score_by_step(self)

    @cached_property
    def pairs(self) -> Pairs:
        """The test of every pair of models."""
        rows, name = {name: self.rows_of(name) for name in self.entries}, self.scoring.test.name or "No test"
        return every_pair(list(rows), lambda one, other: self.scoring.difference(rows[one], rows[other]), name)

    @cached_property
    def losses(self) -> dict[str, NDArray[np.float64]]:
        """Losses of each model in each cluster of the test, by the judged metric, ``[clusters]``."""
        return {name: self.scoring.losses(self.rows_of(name)) for name in self.entries}

    @cached_property
    def superiority(self) -> Superiority | None:
        """Superior predictive ability and the model confidence set; None for fewer than two rivals of the last value.

        Both take the losses of the test of the difference; the resamples have a fixed seed.
        """
        known = ~np.isnan(np.stack(list(self.losses.values()))).any(axis=0)
        losses = {name: loss[known] for name, loss in self.losses.items()}
        by_time = self.scoring.test.by == "time"
        return judge(losses, self.naive, self.split.overlap if by_time else 1, block=None if by_time else 1)

    @property
    def findings(self) -> list[str]:
        """Say what was not compared, and, of more than two challengers, what holds when all are judged together."""
        return covered_words(self) + (self.superiority.sentences if len(self.entries) > 3 and self.superiority else [])

    def interval_table(self) -> Table:
        """Return coverage, width and score of each model's intervals."""
        return interval_table(self.rows, self.levels, self.intervals)

    def tables(self, trading: Trading | None = None) -> list[Table]:
        """Return every table of the page: scores, intervals, and trading if given."""
        tables = [self.table(), *([self.interval_table()] if self.levels else []), *further_tables(self)]
        return tables if (own := require_trading(trading)) is None else [*tables, own.table()]

    def to_json(self) -> dict[str, Any]:
        """Return the scores and how they came about, ready for JSON; a score that does not exist is null."""
        return {
            "split": asdict(self.split),
            "intervals": self.intervals and {"method": repr(self.intervals), "levels": list(self.levels)},
            "series": len(self.panel),
            "coverage": self.coverage and self.coverage.to_json(),
            **super().to_json(),
            "scores": scores_json(self),
            f"{self.scoring.judged.key}_by_step": jsonable({name: e.tolist() for name, e in self.step_errors.items()}),
            "superiority": self.superiority and jsonable(self.superiority.to_json()),
            "leaks": self.warnings,
            "searches": searches_json(self),
            **({} if self.work is None else {"engine": jsonable(self.work.to_json())}),
        }

    def trade(self, rule: str | Rule = "sign", **options: Any) -> Trading:
        """Trade every model's forecasts, one step after they are made, beside holding the series.

        Parameters
        ----------
        rule
            How forecasts become positions: ``"sign"``, ``"quantile"``, ``"volatility"``, or a description of one, such
            as ``Quantile(share=0.1)`` or ``Sign(values="returns")``.
        **options
            Those of :class:`~penstock.evaluation.trading.TradingOptions`, such as ``cost_bps`` and ``delay``.

        Returns
        -------
        What each strategy earned, step by step, and a table of it.
        """
        from penstock.evaluation.positions import resolve_rule
        from penstock.evaluation.trading import trade, trading_options

        forecasts = {name: entry.forecast for name, entry in self.entries.items()}
        asked = trading_options({"trials": settings_tried(self.entries.values()), **options})
        return trade(self.panel, self.kind, self.origins, forecasts, resolve_rule(rule), asked)

    def settings(self) -> dict[str, str]:
        """Say what was forecast, and with which options."""
        return {"forecasts": forecast_words(self), **super().settings()}

    def pictures(self, trading: Trading | None = None) -> list[Picture]:
        """Draw data, split, forecasts, losses, residuals, and the evidence."""
        from penstock.evaluation.page import comparison_pictures

        return comparison_pictures(self, require_trading(trading))

    @checked_types("title", "facts")
    def report(
        self, path: str | Path, title: str = "Comparison", facts: Mapping[str, str] | None = None,
        trading: Trading | None = None,
    ) -> Path:  # fmt: skip
        """Write one self-contained HTML page: verdict, scores, forecasts, tests, intervals, and trading if given."""
        return write_page(path, lambda: self._page(title, facts, self.tables(trading), self.pictures(trading)))

    def _frame(self, columns: Mapping[str, Any]) -> Any:
        return self.kind.plain_frame(columns)

    def rows_of(self, name: str) -> ScoredRows:
        """Return the forecasts of a model with all that its scores are computed from.

        Parameters
        ----------
        name
            Name of a model.

        Returns
        -------
        The rows.
        """
        entry = entry_of(self.entries, name)
        return self.scoring.rows.of(entry.forecast, entry.bounds)

    def _row(self, name: str) -> dict[str, Any]:
        entry, scoring = self.entries[name], self.scoring
        members = [scoring.rows.of(member) for member in entry.yhat] if len(entry.yhat) > 1 else []
        scores = [{**scoring.score(member), **scoring.against(member)} for member in members]
        return {
            "model": name,
            **scoring.score(self.rows_of(name)),
            **scoring.against(self.rows_of(name)),
            **({"series_won": self.series_won[name]} if len(scoring.series) > 1 else {}),
            "parameters": entry.model.parameters,
            "fit_seconds": entry.seconds,
            "scored_series": len(scoring.series),
            "scored_values": len(np.unique(self.targets)),
            "members": spread(scores, scoring.judged.key),
        }
