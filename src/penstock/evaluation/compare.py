"""Comparing models: the same rows, the same past, the last value always beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from penstock.argument_types import checked_types
from penstock.baselines.naive import Naive
from penstock.baselines.naive2 import Naive2
from penstock.baselines.seasonal_indices import fitted_season
from penstock.checkpoints import checkpoints, in_words, text_of
from penstock.data.columns import COVARIATES, Columns
from penstock.data.panel import Panel
from penstock.data.scaling import fit_scaling
from penstock.engines.choice import engine_of
from penstock.engines.task import SharedPanel
from penstock.engines.work import Work
from penstock.errors import DataError, OptionError
from penstock.estimator import Estimator
from penstock.evaluation.comparison import Comparison
from penstock.evaluation.coverage import Coverage, joining
from penstock.evaluation.groups import read_grouped
from penstock.evaluation.leaks import Leak
from penstock.evaluation.others import GivenForecasts, as_estimator
from penstock.evaluation.panel_metrics import DEFAULT, MetricGiven, refuse_zeros, resolve_metrics
from penstock.evaluation.result import unique_name
from penstock.evaluation.rolling_origin import RollingOrigin
from penstock.evaluation.scoring import ScoreOptions
from penstock.evaluation.walk_forward import walk_forward
from penstock.intervals.conformal import Conformal, resolve_intervals
from penstock.intervals.levels import checked_levels

__all__ = ["compare"]


@checked_types("metrics", "groups", "leaks", "strict", "weights")
def compare(
    models: Any,
    frame: Any,
    split: RollingOrigin,
    *,
    id: str = "unique_id",
    time: str = "ds",
    target: str = "y",
    past: str | Sequence[str] = (),
    known: str | Sequence[str] = (),
    static: str | Sequence[str] = (),
    missing: str = "error",
    calendar: str | None = None,
    level: float | Sequence[float] | None = None,
    intervals: str | Conformal = "conformal",
    metrics: MetricGiven | Sequence[MetricGiven] = DEFAULT,
    season: int | None = None,
    weights: str | None = None,
    groups: str | Sequence[str] = (),
    leaks: Leak | Sequence[Leak] = (),
    strict: bool = False,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    checkpoint_minutes: float = 1.0,
    engine: Any = None,
    address: str | None = None,
) -> Comparison:
    """Fit fresh copies of models on the past of each fold and score their forecasts of the same rows.

    Parameters
    ----------
    models
        Models, or models by name. They are cloned: what you pass in stays as it is, and no earlier fit is used.
        The last value joins them if it is not there. Each forecasts ``split.horizon`` steps. Models of other libraries
        (statsforecast, sktime, darts, neuralforecast, a scikit-learn regressor on lags), objects with ``fit(frame)``
        and ``predict(frame)``, and functions ``forecast(frame, horizon)`` are given the rows up to each cutoff; a frame
        of forecasts made elsewhere has the id, ``cutoff`` (the time of the last row that was known), the time and
        ``yhat``, and may have ``lo-80``, ``hi-80``. The result says what leak they cannot exclude.
    frame
        pandas, polars or pyarrow frame: one row per series and time, in order.
    split
        The rolling origin.
    id, time, target
        Names of the frame's columns.
    past, known, static
        Columns of covariates, as in ``fit``. Each model takes those that it uses; one that none uses is refused.
    missing
        ``error``, ``ffill`` to carry the last value forward where one is missing, or ``indicator``, as in ``fit``.
    calendar
        The exchange whose trading days the rows hold, as in ``fit``.
    level
        Levels of intervals, as percentages: 95, or [80, 95]; none if left out.
    intervals
        How they are made: ``"conformal"``, ``"adaptive"`` (which follows drift), ``"own"`` (what each model's own
        quantiles, distribution or standard errors give), or a description of one, such as
        ``Conformal(symmetric=False)``. The bounds at a cutoff come from residuals whose targets were known there: of
        the validation tail, or of a tail that a twin of the model was not fitted on, and of past forecasts.
    metrics
        Scores that the table shows: ``rmse``, ``mae``, ``mase``, ``rmsse``, ``smape``, ``mape``, ``wape``, ``owa``
        (Naive2 then joins the models), ``r2``, ``pearson``, ``spearman``; with `level` also ``pinball``, ``wql``,
        ``crps``, ``coverage``, ``width``, ``interval_score``, ``msis``; or a function ``f(y, yhat)`` or ``f(y, yhat,
        insample)`` of the values of one series. Models are judged and tested by the first that is a loss.
    season
        Steps in the season of the scale of ``mase``, ``rmsse``, ``msis`` and ``owa``; left out: from the frequency.
    weights
        ``"series"``: scores are means over the series; ``"size"``: over all values. Left out: what is usual for each
        (the table says which).
    groups
        Columns that are the same in every row of a series, for ``result.scores_by``; no model reads them.
    leaks
        Leaks to turn on, to meet a figure that was published with them; the result names each.
    strict
        Whether a series with too few rows before the first cutoff is an error; else it is left out, named and counted.
    checkpoint, resume
        Folder in which finished parts are kept, and in this process networks in training; and whether to go on
        with what it holds: what had ended is not done again (:func:`penstock.training.checkpoints`).
    checkpoint_minutes
        Minutes between two checkpoints of a training at most; always where one takes less than a twentieth of the time.
    engine, address
        Where the models are fitted: in this process if left out; ``"processes"``, ``"dask"``, ``"ray"``, ``"joblib"``,
        a client of Dask, or an engine such as ``Processes(2)``. What is computed is the same, bit for bit. `address` is
        that of a scheduler of Dask or a cluster of Ray that runs already.

    Returns
    -------
    Scores, forecasts and tests of all models on the same rows.

    Raises
    ------
    OptionError
        Where an argument is not allowed, or none of the models uses a covariate that is named.
    DataError
        Where the frame cannot be used, or a model cannot be fitted to it.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from penstock.baselines.drift import Drift
    >>> steps = np.random.default_rng(0).normal(size=300)
    >>> frame = pd.DataFrame({"ds": range(300), "y": 100 + np.cumsum(steps)})
    >>> result = compare([Drift()], frame, RollingOrigin(test=50))
    >>> [row["model"] for row in result.rows]
    ['Drift', 'Naive']
    """
    if not isinstance(split, RollingOrigin):
        raise OptionError(f"split={split!r} is no split; allowed: RollingOrigin(test=252) and the like.")
    if season is not None and (isinstance(season, bool) or not isinstance(season, int) or season < 1):
        raise OptionError(
            f"season={season!r}: the scale of MASE has one season; allowed: a number of rows, such as 12."
        )
    columns = Columns(id, time, target, past, known, static)  # type: ignore[arg-type]
    named = _named(models, split.horizon, columns)
    leaks = (leaks,) if isinstance(leaks, Leak) else leaks
    levels, method = checked_levels(level), resolve_intervals(intervals)
    if not levels and intervals != "conformal":
        raise OptionError(
            f"intervals={intervals!r} says how intervals are made, and none are asked for; give their level: level=80."
        )
    wanted = [metrics] if isinstance(metrics, str) or callable(metrics) else list(metrics)
    checked = resolve_metrics(wanted, levels, weights, None)
    naive2 = _naive2(named, season, split.horizon) if "owa" in wanted else None
    for covariate in COVARIATES:
        if getattr(columns, covariate) and not any(covariate in model.covariates for model in named.values()):
            raise OptionError(f"none of these models uses {covariate} covariates; leave {covariate}= out.")
    groups = (groups,) if isinstance(groups, str) else groups
    panel, kind, grouped = read_grouped(frame, columns, groups, missing, calendar)
    panel, left_out = joining(panel, split, named, strict=strict)
    for model in named.values():
        if reason := model.not_scored(panel):
            raise OptionError(f"{reason}.")
        if leaks and isinstance(model, GivenForecasts):
            raise OptionError(f"{model.label} holds forecasts that were made elsewhere; leave leaks= out.")
    if Leak.SCALING in leaks:
        panel = _scaled_on_all_rows(panel)
    folds = list(split.folds(panel))
    if not folds:
        raise DataError(
            f"no horizon of the {split.test} test rows is free of values carried forward; choose a larger test, or a "
            "shorter horizon."
        )
    origins = np.concatenate([fold.origins for fold in folds])
    refuse_zeros(checked, panel, origins[:, None] + 1 + np.arange(split.horizon))
    before = panel.between(folds[0].starts, folds[0].ends)
    for model in named.values():
        model.check_rows(before)
    scores = ScoreOptions(
        wanted, fitted_season(season, before), season is not None, weights,
        {name: [of[each] for each in panel.ids] for name, of in grouped.items()}, naive2,
    )  # fmt: skip
    coverage = Coverage.of(panel, split, origins, left_out, named, columns)
    with engine_of(engine, address) as chosen:
        what = {
            **in_words(named.values()), "split": text_of(split), "leaks": text_of(leaks), "rows": str(panel.rows),
            "levels": text_of(levels), "intervals": text_of(method),
            "engine": "workers" if chosen.divides else "this process",
        }  # fmt: skip
        work = Work(chosen.name)
        with checkpoints(checkpoint, resume=resume, minutes=checkpoint_minutes, what=what):
            entries = walk_forward(
                named, SharedPanel(panel, kind), folds, levels, method, chosen, work, stopping=Leak.STOPPING in leaks
            )
    naive = next(name for name, model in named.items() if type(model) is Naive)
    intervals_kept = method if levels else None
    return Comparison(
        panel, kind, split, origins, entries, naive, tuple(leaks), levels, intervals_kept, coverage, scores,
        work if chosen.divides else None,
    )  # fmt: skip


def _naive2(named: dict[str, Estimator], season: int | None, horizon: int) -> str:
    """Return the name of Naive2 among the models, which joins them if it is not there."""
    for name, model in named.items():
        if isinstance(model, Naive2):
            return name
    name = unique_name("Naive2", named)
    named[name] = Naive2(season, horizon=horizon)
    return name


def _named(models: Any, horizon: int, columns: Columns) -> dict[str, Estimator]:
    """Clone the models, give each a name of its own, set their horizon, and see that the last value is there."""
    listed = models if isinstance(models, Sequence) and not isinstance(models, str) else [models]
    pairs = models.items() if isinstance(models, Mapping) else [(None, model) for model in listed]
    named: dict[str, Estimator] = {}
    for name, given in pairs:
        model = as_estimator(given, columns, horizon, name)
        if model.horizon not in (1, horizon):
            raise OptionError(
                f"{model.label} forecasts {model.horizon} steps but the split asks for {horizon}; "
                f"allowed: horizon={horizon}, or leave it out."
            )
        named[unique_name(name or model.label, named)] = model.clone().set_params(horizon=horizon)
    if not any(type(model) is Naive for model in named.values()):
        named["Naive" if "Naive" not in named else "Naive (last value)"] = Naive(horizon=horizon)
    return named


def _scaled_on_all_rows(panel: Panel) -> Panel:
    series = panel.series_of(np.arange(panel.rows))
    return panel.with_values(fit_scaling("minmax", panel).transform(panel.y, series))
