"""Columns that say the same in every row of a series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.errors import DataError

__all__ = ["static_values"]


def static_values(
    table: nw.DataFrame[Any], names: Sequence[str], panel: Panel, order: NDArray[np.int64]
) -> NDArray[Any]:
    """Read what is the same in every row of a series, ``[series, static]``.

    Parameters
    ----------
    table, names
        The frame and its static columns.
    panel, order
        The series, and the row of the table that each flat row was.

    Raises
    ------
    DataError
        Where a value is missing, or changes within a series.
    """
    static = np.empty((len(panel), len(names)), dtype=object)
    for place, name in enumerate(names):
        values = np.empty(panel.rows, dtype=object)
        values[:] = table[name].to_list()
        values = values[order]
        static[:, place] = first = values[panel.offsets[:-1]]
        for series in np.flatnonzero([each is None or each != each for each in first])[:1].tolist():
            raise DataError(f"the static column {name!r} has a missing value{panel.name(series)}; fill it.")
        changed = np.asarray(values != np.repeat(first, panel.lengths), dtype=bool)
        if changed.any():
            row = int(changed.argmax())
            series = int(panel.series_of(np.array([row]))[0])
            raise DataError(
                f"the static column {name!r} is not the same in every row{panel.name(series)}: {first[series]!r} at "
                f"first, {values[row]!r} in row {row - int(panel.offsets[series])}; name it in past={name!r} or "
                f"known={name!r}."
            )
    return static
