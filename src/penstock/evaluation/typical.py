"""Which series the pictures of a comparison show: the median, the worst and the best of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.evaluation.breakdown import typical_series
from penstock.evaluation.metric import Metric
from penstock.evaluation.panel_metrics import MASE

if TYPE_CHECKING:
    from penstock.evaluation.comparison import Comparison

__all__ = ["scale_free", "shown_series"]

_SCALE_FREE = ("mase", "rmsse", "smape", "mape", "wape", "owa", "wql", "msis")


def scale_free(comparison: Comparison) -> Metric:
    """Return the score by which series are compared with each other.

    Parameters
    ----------
    comparison
        The comparison.

    Returns
    -------
    The metric that models are judged by, where it does not depend on the units of a series, else MASE.
    """
    judged = comparison.scoring.judged
    return judged if judged.key.split("_")[0] in _SCALE_FREE else MASE


def shown_series(comparison: Comparison) -> dict[int, str]:
    """Return the places of the series that pictures show, each with what captions say of it.

    Parameters
    ----------
    comparison
        The comparison.

    Returns
    -------
    The only series; or the median, the worst and the best of those that are scored, by the :func:`scale_free` score of
    the first network, or of the first model where there is none.
    """
    scoring, panel = comparison.scoring, comparison.panel
    if len(scoring.series) == 1:
        place = int(scoring.series[0])
        return {place: "" if len(panel) == 1 else f" (series {panel.ids[place]!r}, the only one that is scored)"}
    name = next(iter([*comparison.networks, *comparison.entries]))
    metric, rows = scale_free(comparison), comparison.rows_of(name)
    scores = metric.by_series(rows)
    found = typical_series(scores)
    if not found:  # constant series have no scale
        place = int(scoring.series[0])
        return {place: f" (series {panel.ids[place]!r}, the first of {len(scoring.series):,})"}
    return {
        place: f" (series {panel.ids[place]!r}, the {which} of {len(scoring.series):,} by {name}'s {metric.heading}, "
        f"{scores[place]:.3g})"
        for which, place in found.items()
    }
