"""The table of scores by series, step, cutoff or group: the judged score, model beside model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from penstock.evaluation.breakdown import break_down
from penstock.report.table import Table

if TYPE_CHECKING:
    from penstock.evaluation.comparison import Comparison

__all__ = ["by_table"]

_MOST = 24


def by_table(comparison: Comparison, by: str) -> Table:
    """Lay out the score that models are judged by, group by group.

    Parameters
    ----------
    comparison
        The comparison.
    by
        What groups the values (see :meth:`penstock.evaluation.comparison.Comparison.scores_by`).

    Returns
    -------
    One row a group; of more than 24, those on which the first network (or else the first model) is worst and best.
    """
    labels, group = break_down(comparison.scoring.rows, by, comparison.kind.columns, comparison.score_options.groups)
    judged, names = comparison.scoring.judged, list(comparison.entries)
    scores = {name: judged.grouped(comparison.rows_of(name), group, len(labels)) for name in names}
    size = np.bincount(group.ravel(), minlength=len(labels))
    order, notes = np.arange(len(labels)), [f"{judged.heading} of each, from so many values."]
    if len(labels) > _MOST:
        leading = next(iter([*comparison.networks, *names]))
        worst = np.argsort(-scores[leading], kind="stable")
        worst = worst[: int((~np.isnan(scores[leading])).sum())]
        order = np.concatenate([worst[: _MOST // 2], worst[-_MOST // 2 :]])
        notes.append(
            f"The {_MOST // 2} on which {leading} is worst and the {_MOST // 2} on which it is best, of "
            f"{len(labels):,}; all of them are in result.scores_by({by!r})."
        )
    cells = [
        [str(labels[int(place)]), int(size[place]), *(float(scores[name][place]) for name in names)] for place in order
    ]
    columns = {by: "", "values": ",", **dict.fromkeys(names, judged.form)}
    return Table.of(f"{judged.heading} by {by}", columns, cells, notes)
