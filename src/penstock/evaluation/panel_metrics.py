"""The scores of forecasts of series, by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.errors import DataError, OptionError, nearest
from penstock.evaluation.metric import MeanMetric, Metric, OwnMetric, RelativeMetric, WithinMetric
from penstock.evaluation.scored_rows import ScoredRows
from penstock.intervals.scores import winkler

__all__ = ["DEFAULT", "METRIC_NAMES", "WEIGHTS", "MetricGiven", "interval_metrics", "refuse_zeros", "resolve_metrics"]

Values = NDArray[np.float64]
MetricGiven = str | Callable[..., float]
"""A metric as it is asked for: its name, or a function."""

DEFAULT = ("rmse", "mae", "r2", "pearson", "spearman")
"""The scores of a comparison that asks for no others."""

WEIGHTS = ("series", "size")


def _absolute(rows: ScoredRows) -> Values:
    return np.abs(rows.y - rows.yhat)


def _squared(rows: ScoredRows) -> Values:
    return np.square(rows.y - rows.yhat)


def _actual(rows: ScoredRows) -> Values:
    return np.abs(rows.y)


def _symmetric(rows: ScoredRows) -> Values:
    size = np.abs(rows.y) + np.abs(rows.yhat)
    return np.divide(200 * _absolute(rows), size, out=np.zeros(size.shape), where=size > 0)


def _percentage(rows: ScoredRows) -> Values:
    return 100 * _absolute(rows) / np.abs(rows.y)


def _quantiles(rows: ScoredRows) -> tuple[Values, Values]:
    """Return the probabilities of the quantiles in rising order ``[q]``, and their losses ``[q, n, horizon]``."""
    assert rows.bounds is not None  # noqa: S101
    tails = np.array([0.5 - level / 200 for level in rows.levels])
    probability = np.concatenate([tails[::-1], [0.5], 1 - tails])
    value = np.concatenate([rows.bounds[::-1, 0], rows.yhat[None], rows.bounds[:, 1]])
    error = rows.y - value
    at = probability[:, None, None]
    return probability, np.maximum(at * error, (at - 1) * error)


def _pinball(rows: ScoredRows) -> Values:
    return np.asarray(_quantiles(rows)[1].mean(axis=0))


def _crps(rows: ScoredRows) -> Values:
    probability, losses = _quantiles(rows)
    edges = np.concatenate([[0.0], (probability[1:] + probability[:-1]) / 2, [1.0]])
    return np.asarray(2 * np.tensordot(np.diff(edges), losses, axes=1))


def _twice_pinball(rows: ScoredRows) -> Values:
    return 2 * _pinball(rows)


MASE = MeanMetric(
    "mase", "MASE", "4g", "mean |y − ŷ| over the mean |y_t − y_(t−m)| of the training rows",
    cells=lambda rows: _absolute(rows) / rows.scales[0][:, None],
)  # fmt: skip
SMAPE = MeanMetric("smape", "sMAPE", "4g", "mean of 200 |y − ŷ| / (|y| + |ŷ|), in percent", cells=_symmetric)

_PLAIN: dict[str, Metric] = {
    each.key: each
    for each in (
        MeanMetric("rmse", "RMSE", "4g", "root of the mean (y − ŷ)², in units of the series", "size", cells=_squared,
                   root=True),
        MeanMetric("mae", "MAE", "4g", "mean |y − ŷ|, in units of the series", "size", cells=_absolute),
        MASE,
        MeanMetric(
            "rmsse", "RMSSE", "4g", "root of mean (y − ŷ)² over the mean (y_t − y_(t−m))² of the training rows",
            cells=lambda rows: _squared(rows) / rows.scales[1][:, None], root=True,
        ),
        SMAPE,
        MeanMetric("mape", "MAPE", "4g", "mean of 100 |y − ŷ| / |y|, in percent", cells=_percentage),
        MeanMetric("wape", "WAPE", "4g", "sum of |y − ŷ| over the sum of |y|", "size", cells=_absolute, per=_actual),
        WithinMetric("r2", "R²", ".4f", "share of the variance within series that is explained", "size", lower=False),
        WithinMetric("pearson", "Pearson", ".4f", "correlation of forecasts and values, within series", lower=False),
        WithinMetric("spearman", "Spearman", ".4f", "rank correlation of forecasts and values, within series",
                     lower=False),
    )
}  # fmt: skip
_OF_QUANTILES: dict[str, Metric] = {
    each.key: each
    for each in (
        MeanMetric("pinball", "pinball", "4g", "mean loss of the quantiles", "size", intervals=True, cells=_pinball),
        MeanMetric("wql", "WQL", "4g", "twice the sum of the losses over the sum of |y|, mean of the quantiles", "size",
                   intervals=True, cells=_twice_pinball, per=_actual),
        MeanMetric("crps", "CRPS", "4g", "twice the integral of the quantile losses over the probability, each "
                   "standing for the probabilities nearest to it", "size", intervals=True, cells=_crps),
    )
}  # fmt: skip
_OF_INTERVALS = ("coverage", "width", "interval_score", "msis")

METRIC_NAMES = (*_PLAIN, "owa", *_OF_QUANTILES, *_OF_INTERVALS)
"""Every metric by name."""


def interval_metrics(levels: Sequence[float], names: Iterable[str] = _OF_INTERVALS[:3]) -> list[Metric]:
    """Return the scores of the intervals of each level.

    Parameters
    ----------
    levels
        The levels in percent.
    names
        Which of the scores.

    Returns
    -------
    For each level ``coverage``, ``width``, ``interval_score`` and ``msis`` (the interval score in MASE's scale), with
    the level in their keys: ``coverage_80``.
    """
    return [_interval_metric(name, place, level) for place, level in enumerate(levels) for name in names]


def _interval_metric(name: str, place: int, level: float) -> Metric:
    def inside(rows: ScoredRows) -> Values:
        lower, upper = _bounds(rows)
        return ((lower <= rows.y) & (rows.y <= upper)).astype(np.float64)

    def width(rows: ScoredRows) -> Values:
        lower, upper = _bounds(rows)
        return upper - lower

    def score(rows: ScoredRows) -> Values:
        return winkler(rows.y, *_bounds(rows), level)

    def _bounds(rows: ScoredRows) -> tuple[Values, Values]:
        assert rows.bounds is not None  # noqa: S101
        return rows.bounds[place, 0], rows.bounds[place, 1]

    key, at = f"{name}_{level:g}", f"{level:g} %"
    return {
        "coverage": MeanMetric(
            key, f"covered {at}", ".1 %", f"share of the values within the {at} bounds", "size", None, True, inside
        ),
        "width": MeanMetric(key, f"width {at}", "4g", f"mean width of the {at} interval", "size", None, True, width),
        "interval_score": MeanMetric(
            key, f"interval score {at}", "4g", f"width of the {at} interval + 2/α times the distance by which it was "
            "missed, mean", "size", intervals=True, cells=score,
        ),
        "msis": MeanMetric(
            key, f"MSIS {at}", "4g", f"interval score of {at} over MASE's scale", intervals=True,
            cells=lambda rows: score(rows) / rows.scales[0][:, None],
        ),
    }[name]  # fmt: skip


def resolve_metrics(
    given: MetricGiven | Iterable[MetricGiven], levels: Sequence[float], weights: str | None, naive2: Values | None
) -> list[Metric]:
    """Return the metrics that are asked for.

    Parameters
    ----------
    given
        Names and functions.
    levels
        Levels of the intervals, in percent.
    weights
        ``"series"`` or ``"size"``; None: what is usual for each metric.
    naive2
        Forecasts of Naive2, ``[n, horizon]``, for OWA.

    Returns
    -------
    The metrics, each once; one of intervals for each level.

    Raises
    ------
    OptionError
        Where a name is unknown, a function has no name of its own or takes other arguments, or intervals are missing.
    """
    if weights is not None and weights not in WEIGHTS:
        raise OptionError(f"weights={weights!r} is unknown; {nearest(weights, WEIGHTS)}")
    found: dict[str, Metric] = {}
    for each in [given] if isinstance(given, str) or callable(given) else given:
        for metric in _metric(each, levels, naive2):
            if metric.key in found and callable(each):
                raise OptionError(f"two metrics are named {metric.key!r}; give the function another name.")
            if weights is not None and not isinstance(metric, (WithinMetric, RelativeMetric)):
                metric = replace(metric, weights=weights)
            found[metric.key] = metric
    return list(found.values())


def _metric(given: Any, levels: Sequence[float], naive2: Values | None) -> list[Metric]:
    if callable(given):
        return [_own(given)]
    if given == "owa":
        words = "mean of sMAPE and MASE, each relative to that of Naive2"
        return [RelativeMetric("owa", "OWA", "4g", words, parts=(SMAPE, MASE), reference=naive2)]
    if given in (*_OF_QUANTILES, *_OF_INTERVALS) and not levels:
        raise OptionError(
            f"the metric {given!r} scores intervals, and none are asked for; give level=[20, 40, 60, 80, 95] (on the "
            "command line --level 80 --level 95)."
        )
    if given in _OF_INTERVALS:
        return interval_metrics(levels, [given])
    known = {**_PLAIN, **_OF_QUANTILES}
    if given not in known:
        raise OptionError(f"the metric {given!r} is unknown; {nearest(given, METRIC_NAMES)} Or a function f(y, yhat).")
    return [known[given]]


def _own(function: Callable[..., float]) -> OwnMetric:
    """Wrap a user's function, which may also ask for the training rows."""
    name = getattr(function, "__name__", type(function).__name__)
    if not name.isidentifier() or name in METRIC_NAMES:
        called = "a lambda has none" if name == "<lambda>" else f"this one is called {name!r}"
        raise OptionError(
            f"a metric's function needs a name of its own, and {called}; write it as `def my_metric(y, yhat): ...`."
        )
    empty = inspect.Parameter.empty
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:
        parameters = []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    asked = [each for each in parameters if each.kind in kinds and each.default is empty]
    if len(asked) not in (2, 3):
        raise OptionError(
            f"the metric {name!r} takes {len(asked)} arguments; allowed: f(y, yhat), or f(y, yhat, insample) with the "
            "training rows of the series."
        )
    return OwnMetric(name, name, "4g", "a function of yours, less being better", function=function,
                     insample=len(asked) == 3)  # fmt: skip


def refuse_zeros(metrics: Iterable[Metric], panel: Panel, targets: NDArray[np.int64]) -> None:
    """Refuse MAPE where a test value is zero, before anything is fitted.

    Parameters
    ----------
    metrics
        The metrics.
    panel
        The series.
    targets
        Flat rows of the values forecast, ``[n, horizon]``.

    Raises
    ------
    DataError
        Where MAPE is among them and a value is zero.
    """
    rows = np.unique(targets)
    zero = rows[panel.y[rows] == 0]
    if len(zero) and any(metric.key == "mape" for metric in metrics):
        raise DataError(
            f"MAPE divides by the values, and {len(zero):,} of {len(rows):,} test values are zero (the first: "
            f"{panel.place(int(zero[0]))}); use metrics='wape' (errors over the sum of the values) or "
            "metrics='mase' (errors over those of the seasonal naive) instead."
        )
