"""Folds in time for scikit-learn's searches over models of series."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.columns import Columns
from penstock.data.frames import read_panel
from penstock.data.reading.labels import group
from penstock.data.reading.table import as_table
from penstock.data.times import read_times
from penstock.errors import OptionError
from penstock.evaluation.rolling_origin import RollingOrigin

__all__ = ["folds"]

Rows = NDArray[np.int64]


def folds(
    frame: Any,
    split: RollingOrigin,
    *,
    id: str = "unique_id",
    time: str = "ds",
    target: str = "y",
    missing: str = "error",
    calendar: str | None = None,
) -> list[tuple[Rows, Rows]]:
    """Return the folds of a rolling origin as numbers of rows, for ``cv=`` of scikit-learn's searches.

    scikit-learn's own splitters cut by the number of the row: of a frame of several series they would put whole series
    aside. These cut by time, so that no series is trained on a row that is later than another's first test row.
    ``model.score`` takes every test row of a fold as a cutoff; ``split.refit`` says how many cutoffs a fold has.

    Parameters
    ----------
    frame
        pandas, polars or pyarrow frame that the search will be fitted to.
    split
        The rolling origin; its horizon is that of the models.
    id, time, target, missing, calendar
        As in ``fit``.

    Returns
    -------
    Training rows and test rows of each fold.

    Raises
    ------
    DataError
        Where the frame cannot be read, or has too few rows.
    OptionError
        For a split with `purge` or `embargo`: a score forecasts from the row after the last training row.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"unique_id": list("ab") * 6, "ds": np.arange(12) // 2, "y": np.arange(12.0)})
    >>> [(train.tolist(), test.tolist()) for train, test in folds(frame, RollingOrigin(test=2, refit=1))]
    [([0, 1, 2, 3, 4, 5, 6, 7], [8, 9]), ([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [10, 11])]
    """
    if not isinstance(split, RollingOrigin):
        raise OptionError(f"split={split!r} is no split; allowed: RollingOrigin(test=252) and the like.")
    if split.gap:
        raise OptionError(
            f"purge={split.purge} and embargo={split.embargo} leave a gap between training and test rows, which "
            "scikit-learn's searches cannot forecast across; use penstock.compare, or a split without them."
        )
    columns = Columns(id, time, target)
    panel, kind = read_panel(frame, columns, missing, calendar=calendar)
    table = as_table(frame, columns)
    times, _ = read_times(table[time], kind.form)
    order, offsets, ids = group(table[id] if id in table.columns else None, len(table))
    places = {name: series for series, name in enumerate(panel.ids)}
    found = np.full(panel.rows, -1, dtype=np.int64)  # row of the frame that each row of the panel was read from
    for series, name in enumerate(ids):
        if name in places:
            rows = order[offsets[series] : offsets[series + 1]]
            span = panel.span(places[name])
            own = panel.times[span]
            at = np.searchsorted(own, times[rows])
            there = own[np.minimum(at, len(own) - 1)] == times[rows]
            found[span.start + at[there]] = rows[there]
    return [
        (
            _rows(found, fold.starts, fold.ends),
            _rows(found, fold.ends, _ends(panel.series_of(fold.origins), fold.origins + split.horizon + 1, fold.ends)),
        )
        for fold in split.folds(panel)
    ]


def _ends(series: Rows, ends: Rows, least: Rows) -> Rows:
    """Return the row behind the last target of each series; series without a cutoff end where they start."""
    found = least.copy()
    np.maximum.at(found, series, ends)
    return found


def _rows(found: Rows, starts: Rows, ends: Rows) -> Rows:
    """Return the rows of the frame in these spans of the panel, in the order of the frame."""
    rows = np.concatenate([found[start:end] for start, end in zip(starts, ends, strict=True)])
    return np.sort(rows[rows >= 0])
