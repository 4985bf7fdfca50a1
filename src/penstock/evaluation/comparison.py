"""A comparison: the scores of models that forecast the same rows, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from penstock.data.frames import FrameKind
from penstock.data.panel import Panel
from penstock.errors import OptionError, named, nearest
from penstock.evaluation.coverage import Coverage
from penstock.evaluation.entry import Entry
from penstock.evaluation.leaks import Leak
from penstock.evaluation.metrics import measure
from penstock.evaluation.result import ComparisonResult, spread
from penstock.evaluation.rolling_origin import RollingOrigin
from penstock.evaluation.significance import Pairs, diebold_mariano, every_pair
from penstock.evaluation.superiority import Superiority, judge
from penstock.evaluation.table import Columns, interval_table
from penstock.evaluation.verdict import SIGNIFICANT
from penstock.files import jsonable
from penstock.intervals.conformal import Conformal
from penstock.intervals.scores import interval_scores
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
    split
        The rolling origin.
    origins
        Flat row of each cutoff, ``[n]``.
    entries
        The models by name; ``naive`` names the last value among them.
    leaks
        The leaks that were turned on; none unless asked for.
    levels, intervals
        Levels of the intervals as percentages, in rising order, and how the intervals were made, if any were asked for.
    coverage
        What was compared and what was not: series left out or not scored, rows filled, covariates ignored.
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
    rows: list[dict[str, Any]] = field(init=False)

    columns: ClassVar[Columns] = {
        "model": ("model", ""),
        "rmse": ("RMSE", "4g"),
        "mae": ("MAE", "4g"),
        "r2": ("R²", ".4f"),
        "pearson": ("Pearson", ".4f"),
        "spearman": ("Spearman", ".4f"),
        "skill": ("skill", ".4f"),
        "dm_statistic": ("DM", ".2f"),
        "dm_pvalue": ("p", "p"),
        "p_holm": ("p Holm", "p"),
        "parameters": ("weights", ","),
        "fit_seconds": ("fit s", ".1f"),
    }
    judged: ClassVar[tuple[str, bool]] = ("rmse", True)
    reference_words: ClassVar[str] = "the last value"
    notes: ClassVar[Sequence[str]] = (
        "RMSE and MAE are in the units of the series. Pearson and Spearman correlate forecasts with actual LEVELS, "
        "which the last value alone already does well. Skill is 1 − MSE / MSE of the last value: above zero is better. "
        "A model of several members forecasts their mean or median.",
        "DM is the Diebold-Mariano statistic against the last value (squared errors, Harvey-Leybourne-Newbold "
        "corrected), negative where the model is better, and p its p-value; p Holm is corrected for the number of "
        f"models. ▲ and ▼ mark differences whose corrected p is below {SIGNIFICANT}.",
    )

    def __post_init__(self) -> None:
        """Score every model."""
        self._correct([self._row(name) for name in self.entries], "dm_pvalue")

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
    def loss_times(self) -> NDArray[Any]:
        """Time of the first value forecast from each cutoff, in order: to these belong :meth:`losses`."""
        return np.unique(self.panel.times[self.targets[:, 0]])

    @property
    def forecasts(self) -> Any:
        """Every forecast, as a frame of the kind that was given: id, cutoff, time, step, model, y, yhat, bounds.

        The bounds of each level stand in columns of their own, such as ``lo-80`` and ``hi-80``.
        """
        columns, shape = self.kind.columns, self.targets.shape
        series = np.repeat(self.panel.series_of(self.origins), shape[1])
        count, models = len(series), len(self.entries)
        return self.kind.frame(
            {
                columns.id: [self.panel.ids[s] for s in series] * models,
                "cutoff": np.tile(np.repeat(self.panel.times[self.origins], shape[1]), models),
                columns.time: np.tile(self.panel.times[self.targets].ravel(), models),
                "step": np.tile(np.tile(np.arange(1, shape[1] + 1), shape[0]), models),
                "model": [name for name in self.entries for _ in range(count)],
                "y": np.tile(self.panel.y[self.targets].ravel(), models),
                "yhat": np.concatenate([entry.forecast.ravel() for entry in self.entries.values()]),
                **self._bounds(),
            }
        )

    @property
    def step_errors(self) -> dict[str, NDArray[np.float64]]:
        """Root mean squared error of each model at each step ahead, ``[horizon]``."""
        y = self.panel.y[self.targets]
        return {name: np.sqrt(((y - entry.forecast) ** 2).mean(axis=0)) for name, entry in self.entries.items()}

    @cached_property
    def pairs(self) -> Pairs:
        """The Diebold-Mariano test of every pair of models."""
        losses = {name: self.losses(entry.forecast) for name, entry in self.entries.items()}
        return every_pair(losses, self.split.overlap)

    @cached_property
    def superiority(self) -> Superiority | None:
        """Superior predictive ability and the model confidence set; None for fewer than two rivals of the last value.

        Models are judged by the losses at each cutoff that the Diebold-Mariano test takes; the resamples have a fixed
        seed, so that the same forecasts give the same numbers.
        """
        losses = {name: self.losses(entry.forecast) for name, entry in self.entries.items()}
        return judge(losses, self.naive, self.split.overlap)

    @property
    def findings(self) -> list[str]:
        """Say what was not compared, and, of more than two challengers, what holds when all are judged together."""
        few = len(self.entries) <= 3
        covered = self.coverage.sentences if self.coverage is not None else []
        return covered + ([] if few or self.superiority is None else self.superiority.sentences)

    def interval_table(self) -> Table:
        """Lay out how well the intervals held."""
        return interval_table(self.rows, self.levels, self.intervals)

    def tables(self, trading: Trading | None = None) -> list[Table]:
        """Return every table of the page: scores, intervals, and trading if given."""
        tables = [self.table(), *([self.interval_table()] if self.levels else [])]
        return tables if trading is None else [*tables, trading.table()]

    def to_json(self) -> dict[str, Any]:
        """Return the scores and how they came about, ready for JSON; a score that does not exist is null."""
        return {
            "split": asdict(self.split),
            "intervals": self.intervals and {"method": repr(self.intervals), "levels": list(self.levels)},
            "series": len(self.panel),
            "coverage": self.coverage and self.coverage.to_json(),
            **super().to_json(),
            "rmse_by_step": {name: errors.tolist() for name, errors in self.step_errors.items()},
            "superiority": self.superiority and jsonable(self.superiority.to_json()),
            "leaks": self.warnings,
        }

    def trade(self, rule: str | Rule = "sign", **options: Any) -> Trading:
        """Trade every model's forecasts, one step after they are made, beside holding the series.

        Parameters
        ----------
        rule
            How forecasts become positions: ``"sign"``, ``"quantile"``, ``"volatility"``, or a description of one, such
            as ``Quantile(share=0.1)`` or ``Sign(values="returns")``.
        options
            Those of :class:`~penstock.evaluation.trading.TradingOptions`: ``cost_bps``, ``delay``, ``periods`` and
            ``trials``.
        """
        from penstock.evaluation.positions import resolve_rule
        from penstock.evaluation.trading import TradingOptions, trade

        wrong = [name for name in options if name not in TradingOptions.__dataclass_fields__]
        if wrong:
            raise OptionError(
                f"trade has no option {wrong[0]!r}; {nearest(wrong[0], TradingOptions.__dataclass_fields__)}"
            )
        forecasts = {name: entry.forecast for name, entry in self.entries.items()}
        return trade(self.panel, self.kind, self.origins, forecasts, resolve_rule(rule), TradingOptions(**options))

    def settings(self) -> dict[str, str]:
        """Say what was forecast, and with which options."""
        from penstock.evaluation.page import forecast_words

        return {"forecasts": forecast_words(self), **super().settings()}

    def pictures(self, trading: Trading | None = None) -> list[Picture]:
        """Draw data, split, forecasts, losses, residuals, and the evidence."""
        from penstock.evaluation.page import comparison_pictures

        return comparison_pictures(self, trading)

    def report(
        self,
        path: str | Path,
        title: str = "Comparison",
        facts: Mapping[str, str] | None = None,
        trading: Trading | None = None,
    ) -> Path:
        """Write one self-contained HTML page: verdict, scores, forecasts, tests, intervals, and trading if given."""
        return self._report(path, title, facts, self.tables(trading), lambda: self.pictures(trading))

    def _frame(self, columns: Mapping[str, Any]) -> Any:
        return self.kind.plain_frame(columns)

    def _row(self, name: str) -> dict[str, Any]:
        entry = self.entries[name]
        return {
            "model": name,
            **self._score(entry.forecast),
            **self._interval_scores(entry),
            "parameters": entry.model.parameters,
            "fit_seconds": entry.seconds,
            "scored_series": len(np.unique(self.panel.series_of(self.origins))),
            "scored_values": len(np.unique(self.targets)),
            "members": spread([self._score(member) for member in entry.yhat]),
        }

    def _score(self, yhat: NDArray[np.float64]) -> dict[str, float]:
        """Score forecasts ``[n, horizon]``: the metrics, then skill and the test against the last value."""
        loss, loss_naive = self.losses(yhat), self.losses(self.entries[self.naive].forecast)
        statistic, p = diebold_mariano(loss, loss_naive, self.split.overlap)
        skill = 1 - float(loss.sum() / loss_naive.sum()) if loss_naive.sum() > 0 else np.nan
        return {**measure(self.panel.y[self.targets], yhat), "skill": skill, "dm_statistic": statistic, "dm_pvalue": p}

    def _interval_scores(self, entry: Entry) -> dict[str, float]:
        """Score the intervals of each level: ``coverage_80``, ``width_80``, ``winkler_80``."""
        if entry.bounds is None:
            return {}
        y = self.panel.y[self.targets]
        scores = {
            level: interval_scores(y, bounds[0], bounds[1], level)
            for level, bounds in zip(self.levels, entry.bounds, strict=True)
        }
        return {f"{key}_{level:g}": value for level, each in scores.items() for key, value in each.items()}

    def _bounds(self) -> dict[str, NDArray[np.float64]]:
        return {
            f"{side}-{level:g}": np.concatenate(
                [entry.bounds[place, which].ravel() for entry in self.entries.values() if entry.bounds is not None]
            )
            for place, level in enumerate(self.levels)
            for which, side in enumerate(("lo", "hi"))
        }

    def losses(self, yhat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum the squared errors of forecasts ``[n, horizon]`` over series and steps, cutoff by cutoff in time's order.

        Sums, not means: their total is that of the pooled RMSE, so that RMSE, skill and the test agree in direction
        also where some cutoffs have fewer series.
        """
        targets = self.targets
        _, when = np.unique(self.panel.times[targets[:, 0]], return_inverse=True)
        squared = ((self.panel.y[targets] - yhat) ** 2).sum(axis=1)
        return np.bincount(when, weights=squared).astype(np.float64)
