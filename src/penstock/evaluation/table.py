"""The tables of a comparison: scores, intervals, errors by step, every pair."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.evaluation.significance import Pairs
from penstock.evaluation.verdict import SIGNIFICANT
from penstock.report.table import Marked, Table

__all__ = ["Columns", "interval_table", "pairs_table", "score_table", "several_tested", "step_table"]

Columns = Mapping[str, tuple[str, str]]
"""Key of a score, its heading, and how its numbers are shown."""

_MOST_STEPS = 8


def several_tested(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether more than one model was tested, so that the corrected p-value can differ from the other."""
    return sum(not math.isnan(row["p_holm"]) for row in rows) > 1


def score_table(
    rows: Sequence[Mapping[str, Any]],
    columns: Columns,
    marks: Sequence[str],
    notes: Sequence[str] = (),
    title: str = "Scores on the test rows",
) -> Table:
    """Lay scores out, one row a model, and below a model of several members the spread of theirs.

    Parameters
    ----------
    rows
        Scores by key; ``members`` is what :func:`~penstock.evaluation.members.spread` returns.
    columns
        The columns; of a key that no row has, none is made.
    marks
        For each row ``better``, ``worse`` or nothing.
    """
    several = several_tested(rows)
    columns = {key: each for key, each in columns.items() if key in rows[0] and (several or key != "p_holm")}
    name, *_ = (heading for heading, _ in columns.values())
    laid: list[dict[str, Any]] = []
    for row, mark in zip(rows, marks, strict=True):
        laid.append({heading: row[key] for key, (heading, _) in columns.items()} | {"mark": mark})
        members = row["members"]
        for label, scores in _members(members, columns) if members["count"] > 1 else ():
            found = {heading: scores[key] for key, (heading, _) in columns.items() if key in scores}
            laid.append({name: label, **found, "mark": "minor"})
    return Table(title, dict(columns.values()), laid, notes)


def _members(members: Mapping[str, Any], columns: Columns) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the rows of the members: the median of each score, and the best and the worst member, whole."""
    medians = {key: members[key]["median"] for key in columns if key in members}
    rows: list[tuple[str, Mapping[str, Any]]] = [(f"· median of {members['count']} members", medians)]
    heading = columns[members["by"]][0] if members.get("by") in columns else members.get("by")
    return rows + [(f"· {name} member by {heading}", members[name]) for name in ("best", "worst") if name in members]


def interval_table(rows: Sequence[Mapping[str, Any]], levels: Sequence[float], method: Any) -> Table:
    """Lay out how well the intervals of all models held."""
    columns = {"model": "", "level": "g %", "covered": ".1 %", "mean width": "4g", "interval score": "4g"}
    cells = [
        [row["model"], level / 100, *(row[f"{score}_{level:g}"] for score in ("coverage", "width", "interval_score"))]
        for row in rows
        for level in levels
    ]
    note = (
        f"Made by {method!r} from what was known at each cutoff. Good intervals cover as often as their level says and "
        "are narrow; the interval score weighs both."
    )
    return Table.of("Intervals on the test rows", columns, cells, (note,))


def step_table(errors: Mapping[str, NDArray[np.float64]], score: str = "RMSE") -> Table:
    """Lay out a score of each model at each step ahead, or at some of many."""
    horizon = len(next(iter(errors.values())))
    steps = np.unique(np.linspace(1, horizon, min(horizon, _MOST_STEPS)).round().astype(int)).tolist()
    name = f"{score} by step ahead"
    rows = [{name: model, **{str(step): float(each[step - 1]) for step in steps}} for model, each in errors.items()]
    return Table(name, {name: "", **dict.fromkeys(map(str, steps), "4g")}, rows)


def pairs_table(pairs: Pairs) -> Table:
    """Lay out the corrected p-value of every pair; ▲ where the row's model has the lower loss by more than chance."""
    name = f"{pairs.test}, every pair"
    numbers = [str(place + 1) for place in range(len(pairs.names))]
    rows = [
        {name: f"{number}  {model}", **dict(zip(numbers, map(_pair, statistic, p), strict=True))}
        for number, model, statistic, p in zip(
            numbers, pairs.names, pairs.statistic.tolist(), pairs.corrected.tolist(), strict=True
        )
    ]
    note = (
        "p-values, corrected for the number of pairs (Holm); ▲ the row's model is better than the column's by more "
        f"than chance (p < {SIGNIFICANT:g}), ▼ it is worse."
    )
    return Table(name, {name: "", **dict.fromkeys(numbers, "p")}, rows, (note,))


def _pair(statistic: float, p: float) -> Any:
    return Marked(p, "better" if statistic < 0 else "worse") if p < SIGNIFICANT else p
