"""A comparison of series as parts of a study's result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penstock.evaluation.comparison import Comparison
from penstock.evaluation.table import COLUMNS, columns
from penstock.evaluation.verdict import standing
from penstock.layers.transformer import TransformerEncoder
from penstock.networks.network import Network
from penstock.studies.tables import Figure, StudyTable

if TYPE_CHECKING:
    from penstock.report.svg import Picture

__all__ = [
    "TRANSFORMER",
    "comparison_figure",
    "comparison_pictures",
    "comparison_tables",
    "row_of",
    "said_of",
    "score_rows",
]

TRANSFORMER = Network([TransformerEncoder(16, heads=2, blocks=1)])
"""The architecture that dispenses with recurrence: it stands beside the recurrent one, trained alike."""

_FORMS = {
    "model": "", "rmse": "4g", "mae": "4g", "parameters": ",", "fit_seconds": ".1f", "dm_statistic": ".2f",
    "dm_pvalue": "p", "p_holm": "p",
}  # fmt: skip
_LOWER = ("rmse", "mae")


def row_of(comparison: Comparison, model: str) -> dict[str, Any]:
    """Find the scores of a model."""
    return next(row for row in comparison.rows if row["model"] == model)


def comparison_figure(
    comparison: Comparison,
    score: str,
    model: str,
    published: float | None,
    *,
    unit: float = 1.0,
    form: str = ".4f",
    name: str | None = None,
) -> Figure:
    """Put a published score beside ours: the median of the members, their spread, and the best other model.

    Parameters
    ----------
    score
        ``rmse``, ``mae``, ``r2``, ``pearson`` or ``spearman``.
    model
        The network, among the comparison's models.
    unit
        What the comparison's errors are divided by, to stand in the units of the source.
    """
    row = row_of(comparison, model)
    others = [each for each in comparison.rows if each["model"] not in comparison.networks]
    best = (min if score in _LOWER else max)(others, key=lambda each: each[score])
    scale = unit if score in _LOWER else 1.0
    members = row["members"][score]
    several = row["members"]["count"] > 1
    return Figure(
        name or COLUMNS[score],
        published,
        members["median"] / scale,
        members["low"] / scale if several else None,
        members["high"] / scale if several else None,
        best["model"],
        best[score] / scale,
        form,
    )


def comparison_tables(comparison: Comparison) -> list[StudyTable]:
    """Give the scores with the spread of the members, the intervals, and the test of each pair."""
    keys = columns(comparison.rows)
    rows = score_rows(comparison, {key: COLUMNS[key] for key in keys})
    notes = (
        "Skill is 1 − MSE / MSE of the last value; DM is the Diebold-Mariano statistic against the last value "
        "(Harvey-Leybourne-Newbold corrected), negative where the model is better; p Holm is its p-value corrected for "
        "the number of models. A model of several members forecasts their mean.",
    )
    forms = {COLUMNS[key]: _FORMS.get(key, ".4f") for key in keys}
    tables = [StudyTable("Scores on the test rows", forms, rows, notes)]
    if comparison.levels:
        tables.append(_intervals(comparison))
    if len(comparison.entries) > 2:
        tables.append(_pairs(comparison))
    return tables


def _pairs(comparison: Comparison) -> StudyTable:
    pairs = comparison.pairs
    rows = [
        {"model": name} | {other: pairs.pvalue[row, column] for column, other in enumerate(pairs.names)}
        for row, name in enumerate(pairs.names)
    ]
    note = "Each for its own pair, not corrected for the number of pairs."
    forms = {"model": "", **dict.fromkeys(pairs.names, "p")}
    return StudyTable("p-values of the Diebold-Mariano test, every pair", forms, rows, [note])


def score_rows(comparison: Comparison, headings: Mapping[str, str]) -> list[dict[str, Any]]:
    """Give the scores of each model under headings, and below a network's those of its members: median, least, most."""
    rows: list[dict[str, Any]] = []
    for row in comparison.rows:
        rows.append({heading: row[key] for key, heading in headings.items()} | {"mark": standing(row)})
        members = row["members"]
        if members["count"] == 1:
            continue
        for part, label in (
            ("median", f"· median of {members['count']} members"),
            ("low", "· lowest"),
            ("high", "· highest"),
        ):
            spread = {heading: members[key][part] for key, heading in headings.items() if key in members}
            rows.append({headings["model"]: label, "mark": "minor"} | spread)
    return rows


def _intervals(comparison: Comparison) -> StudyTable:
    forms = {"model": "", "level": ".0%", "covered": ".1%", "mean width": "4g", "interval score": "4g"}
    rows = [
        {
            "model": row["model"],
            "level": level / 100,
            "covered": row[f"coverage_{level:g}"],
            "mean width": row[f"width_{level:g}"],
            "interval score": row[f"winkler_{level:g}"],
        }
        for row in comparison.rows
        for level in comparison.levels
    ]
    return StudyTable(f"Intervals, {comparison.intervals!r}", forms, rows)


def said_of(comparison: Comparison) -> list[str]:
    """Give the verdicts on the networks, and what holds when all models are judged together."""
    return [*(comparison.verdicts[name] for name in comparison.networks), *comparison.findings]


def comparison_pictures(comparison: Comparison) -> Sequence[Picture]:
    """Draw what the page of a comparison shows."""
    from penstock.evaluation.page import comparison_pictures as draw

    return draw(comparison)
