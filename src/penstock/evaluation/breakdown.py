"""Scores by series, by step ahead, by cutoff, or by group; the share of series won; typical series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from penstock.data.columns import Columns
from penstock.errors import OptionError, nearest
from penstock.evaluation.scored_rows import ScoredRows

if TYPE_CHECKING:
    from penstock.evaluation.comparison import Comparison

__all__ = ["Breakdown", "break_down", "score_by_step", "score_columns", "shares_won", "typical_series"]

Values = NDArray[np.float64]


class Breakdown(NamedTuple):
    """Values in groups.

    Attributes
    ----------
    labels
        What each group is called.
    group
        Number of the group of each value, ``[n, horizon]``.
    """

    labels: Sequence[Any]
    group: NDArray[np.int64]


def break_down(rows: ScoredRows, by: str, columns: Columns, groups: Mapping[str, Sequence[Any]]) -> Breakdown:
    """Part the values of a comparison into groups.

    Parameters
    ----------
    rows
        The forecasts of any model.
    by
        The id column (or ``series``), ``step``, ``cutoff``, a static column, or a column of groups.
    columns
        The columns of the frame.
    groups
        The group of each series, by column.

    Returns
    -------
    The groups, in the order of series, steps, times, or names.

    Raises
    ------
    OptionError
        Where there is no such column.
    """
    shape, panel = rows.yhat.shape, rows.panel
    if by in (columns.id, "series"):
        scored = np.unique(rows.series)
        return Breakdown(
            [panel.ids[place] for place in scored], _wide(np.searchsorted(scored, rows.series), shape)
        )  # fmt: skip
    if by == "step":
        steps = np.arange(shape[1])
        return Breakdown((steps + 1).tolist(), np.broadcast_to(steps, shape))
    if by == "cutoff":
        times, place = np.unique(panel.times[rows.origins], return_inverse=True)
        return Breakdown(times, _wide(place, shape))
    named = dict(groups)
    for place, name in enumerate(columns.static):
        named.setdefault(name, panel.static[:, place].tolist())
    if not isinstance(by, str) or by not in named:
        allowed = [columns.id, "step", "cutoff", *named]
        raise OptionError(
            f"there are no scores by {by!r}; {nearest(by, allowed)} Other columns that are the same in every row of a "
            f"series: compare(..., groups={by!r})."
        )
    own = [named[by][place] for place in rows.series]
    labels = sorted(set(own), key=lambda label: (isinstance(label, str), label))
    number = {label: place for place, label in enumerate(labels)}
    return Breakdown(labels, _wide(np.array([number[label] for label in own], dtype=np.int64), shape))


def score_columns(comparison: Comparison, by: str) -> dict[str, Any]:
    """Return the scores of every model in groups, as the columns of a frame.

    Parameters
    ----------
    comparison
        The comparison.
    by
        What groups the values (see :func:`break_down`).

    Returns
    -------
    The group, the model, ``values`` (how many the group holds), and each score, ``[models · groups]``.
    """
    rows = comparison.scoring.rows
    labels, group = break_down(rows, by, comparison.kind.columns, comparison.score_options.groups)
    count, names = len(labels), list(comparison.entries)
    known = [metric for metric in comparison.scoring.metrics if not metric.intervals or comparison.levels]
    models = [comparison.rows_of(name) for name in names]
    return {
        by: np.tile(labels, len(names)) if isinstance(labels, np.ndarray) else [*labels] * len(names),
        "model": [name for name in names for _ in range(count)],
        "values": np.tile(np.bincount(group.ravel(), minlength=count), len(names)),
        **{each.key: np.concatenate([each.grouped(model, group, count) for model in models]) for each in known},
    }


def shares_won(scores: Mapping[str, Values]) -> dict[str, float]:
    """Return the share of series on which each model has the lowest score; models that tie share a series.

    Parameters
    ----------
    scores
        Scores of each model by series, ``[series]``, less being better; NaN where a series has none.

    Returns
    -------
    The shares, which add up to 1; NaN where no series has scores.

    Examples
    --------
    >>> shares_won({"a": np.array([1.0, 2.0, 3.0, np.nan]), "b": np.array([2.0, 2.0, 1.0, np.nan])})
    {'a': 0.5, 'b': 0.5}
    """
    every = np.stack(list(scores.values()))
    every = every[:, ~np.isnan(every).any(axis=0)]
    if not every.shape[1]:
        return dict.fromkeys(scores, np.nan)
    lowest = every == every.min(axis=0)
    shares = (lowest / lowest.sum(axis=0)).mean(axis=1)
    return {name: float(share) for name, share in zip(scores, shares, strict=True)}


def typical_series(scores: Values) -> dict[str, int]:
    """Return the places of the worst, the median and the best series; of one or two, what there is.

    Parameters
    ----------
    scores
        Scores by series, ``[series]``, less being better; NaN where a series has none.

    Returns
    -------
    The places by name, the median first; empty where no series has a score.

    Examples
    --------
    >>> typical_series(np.array([3.0, 1.0, np.nan, 2.0])), typical_series(np.array([np.nan, 1.0]))
    ({'median': 3, 'worst': 0, 'best': 1}, {'only': 1})
    """
    order = np.argsort(scores, kind="stable")[: int((~np.isnan(scores)).sum())]
    if len(order) < 2:
        return dict.fromkeys(["only"][: len(order)], int(order[0]) if len(order) else 0)
    found = {"median": order[(len(order) - 1) // 2], "worst": order[-1], "best": order[0]}
    if len(order) == 2:
        del found["median"]
    return {name: int(place) for name, place in found.items()}


def _wide(group: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.int64]:
    return np.broadcast_to(group[:, None], shape)


def score_by_step(comparison: Comparison) -> dict[str, NDArray[np.float64]]:
    """Return the score that models are judged by, of each model at each step ahead, ``[horizon]``."""
    shape = comparison.targets.shape
    steps = np.broadcast_to(np.arange(shape[1]), shape)
    judged = comparison.scoring.judged
    return {name: judged.grouped(comparison.rows_of(name), steps, shape[1]) for name in comparison.entries}
