"""What the studies of text share: the table of a comparison, the spread of members, pictures of the losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penstock.evaluation.verdict import SIGNIFICANT
from penstock.report.pictures import loss_picture
from penstock.studies.tables import Figure, StudyTable
from penstock.text.comparison import TextComparison

if TYPE_CHECKING:
    from penstock.report.svg import Picture

__all__ = ["WATCHED_TEST", "figure_of", "losses_of", "merged", "shuffled", "text_table"]

WATCHED_TEST = "Early stopping saw the TEST documents and kept the weights that score best on them."

_NOTES = (
    "AUC with DeLong's interval (95 %); p AUC and p McNemar test the difference from the baseline with the lowest log "
    "loss, two-sided. A network of several members answers with their mean; the small rows are single members.",
)
_VALUE_NOTES = (
    "p tests the difference of the mean squared errors from the best baseline's by a paired bootstrap, two-sided; "
    "rank IC is Spearman's correlation of forecast and outcome.",
)


def text_table(
    result: TextComparison, title: str, members: Mapping[str, NDArray[np.float64]] | None = None
) -> StudyTable:
    """Lay a comparison out, with the least, the median and the largest score of single members beneath a network.

    Parameters
    ----------
    result, title
        The comparison, and what stands above it.
    members
        For each network the answers of its members, ``[members, documents, classes]``.
    """
    rows = []
    for row in result.rows():
        rows.append({**row, "mark": _mark(result, row)})
        own = (members or {}).get(row["model"])
        for how, answers in [] if own is None or len(own) < 2 else _spread(result, own):
            each = TextComparison(result.truth, {"one": answers}, result.classes, ()).rows()[0]
            rows.append({**each, "model": f"· {how} member", "mark": "minor"})
    notes = _NOTES if result.classes is not None else _VALUE_NOTES
    return StudyTable(title, {"model": "", **result.columns}, rows, notes)


def figure_of(
    result: TextComparison,
    score: str,
    name: str,
    published: float | None,
    members: NDArray[np.float64] | None = None,
    label: str | None = None,
) -> Figure:
    """Put a score beside the source's: the median of the members, from the least to the largest, and the baseline."""
    row = next(row for row in result.rows() if row["model"] == name)
    best = result.best_baseline
    ours, low, high = row[score], None, None
    if members is not None and len(members) > 1:
        each = [TextComparison(result.truth, {"one": part}, result.classes, ()).rows()[0][score] for part in members]
        ours, low, high = float(np.median(each)), min(each), max(each)
    baseline = None if best is None else next(row for row in result.rows() if row["model"] == best)[score]
    return Figure(label or f"{score} of {name}", published, ours, low, high, best, baseline)


def losses_of(networks: Mapping[str, Any], watched: str) -> list[Picture]:
    """Draw the losses of fitted networks by epoch."""
    return [
        loss_picture(name, model.history_.training_loss, model.history_.validation_loss, watched)
        for name, model in networks.items()
    ]


def merged(parts: Sequence[TextComparison]) -> TextComparison:
    """Join comparisons on different test documents, such as folds, into one."""
    first = parts[0]
    return TextComparison(
        np.concatenate([part.truth for part in parts]),
        {name: np.concatenate([part.answers[name] for part in parts]) for name in first.answers},
        first.classes,
        first.baselines,
        first.weights,
        {name: sum(part.seconds[name] for part in parts) for name in first.seconds},
    )


def shuffled(count: int, seed: int) -> NDArray[np.int64]:
    """Give an order of rows drawn by a seed."""
    return np.random.default_rng(seed).permutation(count)


def _mark(result: TextComparison, row: dict[str, Any]) -> str:
    """Tell whether a row is better or worse than the best baseline by more than chance."""
    p = row.get("p McNemar", row.get("p"))
    if p is None or p >= SIGNIFICANT:
        return ""
    best = next(each for each in result.rows() if each["model"] == result.best_baseline)
    better = row["accuracy"] > best["accuracy"] if "accuracy" in row else row["RMSE"] < best["RMSE"]
    return "better" if better else "worse"


def _spread(result: TextComparison, members: NDArray[np.float64]) -> list[tuple[str, NDArray[np.float64]]]:
    score = "accuracy" if result.classes is not None else "RMSE"
    each = [TextComparison(result.truth, {"one": part}, result.classes, ()).rows()[0][score] for part in members]
    order = np.argsort(each)
    return [
        (how, members[order[place]]) for how, place in (("lowest", 0), ("median", len(order) // 2), ("highest", -1))
    ]
