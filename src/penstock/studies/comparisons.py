"""A comparison of series as parts of a study's result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from penstock.evaluation.comparison import Comparison
from penstock.evaluation.result import ComparisonResult
from penstock.evaluation.table import pairs_table, score_table
from penstock.layers.transformer import TransformerEncoder
from penstock.networks.network import Network
from penstock.report.table import Table
from penstock.studies.figures import Figure

if TYPE_CHECKING:
    pass

__all__ = [
    "TRANSFORMER",
    "comparison_figure",
    "comparison_tables",
    "of_members",
    "score_rows",
]

TRANSFORMER = Network([TransformerEncoder(16, heads=2, blocks=1)])
"""The architecture that dispenses with recurrence: it stands beside the recurrent one, trained alike."""

_LOWER = ("rmse", "mae", "log_loss")


def comparison_figure(
    comparison: ComparisonResult,
    score: str,
    model: str,
    published: float | None,
    *,
    unit: float = 1.0,
    form: str = ".4f",
    name: str | None = None,
) -> Figure:
    """Put a published score beside ours: the median of the members, their spread, and the best baseline.

    Parameters
    ----------
    score
        Key of the score, such as ``rmse`` or ``auc``.
    model
        The network, among the comparison's models.
    unit
        What the comparison's errors are divided by, to stand in the units of the source.
    """
    row, several = comparison.row(model), comparison.row(model)["members"]["count"] > 1
    sign, scale = (1, unit) if score in _LOWER else (-1, 1.0)
    known = [each for each in map(comparison.row, comparison.baselines) if not math.isnan(each[score])]
    best = min(known, key=lambda each: sign * each[score], default=None)
    members = of_members(row, score)
    return Figure(
        name or comparison.columns[score][0],
        published,
        members["median"] / scale,
        members["low"] / scale if several else None,
        members["high"] / scale if several else None,
        None if best is None else best["model"],
        None if best is None else best[score] / scale,
        form,
    )


def comparison_tables(comparison: ComparisonResult) -> list[Table]:
    """Return the tables of a comparison, and the test of each pair where there are more than two models."""
    pairs = [pairs_table(comparison.pairs)] if len(comparison.rows) > 2 else []
    return [*comparison.tables(), *pairs]


def score_rows(comparison: Comparison, headings: Mapping[str, str]) -> list[dict[str, Any]]:
    """Give the scores of each model under headings, and below a network's those of its members: median, least, most."""
    columns = {key: (heading, "") for key, heading in headings.items()}
    marks = [comparison.standing(row) for row in comparison.rows]
    return [dict(row) for row in score_table(comparison.rows, columns, marks).rows]


def of_members(row: Mapping[str, Any], score: str) -> dict[str, Any]:
    """Return the ``median``, ``low`` and ``high`` of a score over a network's members; of one, its score alone."""
    found: dict[str, Any] = row["members"].get(score, {"median": row[score], "low": None, "high": None})
    return found
