"""Missing values and missing rows: refused, or filled from the past where that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.calendar import CLOSED
from penstock.data.columns import Columns
from penstock.data.panel import Panel
from penstock.data.times import show_time
from penstock.errors import DataError

__all__ = ["MISSING", "fill_forward", "refuse_huge", "refuse_infinite", "refuse_missing"]

MISSING = ("error", "ffill", "indicator")
"""What to do where a value or a row is missing: refuse it; carry the last value of its series forward; or do that and
tell models that can be told which targets are filled, so that they do not learn from them."""

HUGE = 1e100
"""Beyond this, squares and their sums leave float64."""

Times = NDArray[Any]


def _values(panel: Panel) -> list[NDArray[np.float64]]:
    """Give the columns of numbers, in the order of :attr:`Columns.numbers`."""
    return [panel.y, *panel.past.T, *panel.known.T]


def refuse_infinite(panel: Panel, columns: Columns) -> None:
    """Refuse values that are infinite: no choice can fill them."""
    for (role, name), values in zip(columns.numbers, _values(panel), strict=True):
        what = f"the {role} column {name!r}"
        _refuse(panel, np.isinf(values), what, "infinite", "drop or mend {these}")
        refuse_huge(panel, values, what)


def refuse_huge(panel: Panel, values: NDArray[np.float64], what: str) -> None:
    """Refuse values whose squares no float64 holds: every score would be infinite."""
    with np.errstate(invalid="ignore"):
        _refuse(panel, np.abs(values) > HUGE, what, f"beyond {HUGE:g} in size", "give them in a larger unit")


def refuse_missing(panel: Panel, columns: Columns, missing: NDArray[np.int64]) -> None:
    """Refuse values that are not finite, and rows that are missing between others.

    `missing` counts the rows that are missing before each row, as ``calendar.missing_steps`` does for one series.
    """
    for (role, name), values in zip(columns.numbers, _values(panel), strict=True):
        what = f"the {role} column {name!r}"
        mend = "drop {these}, or carry the last value forward with missing='ffill'"
        if np.isinf(values).any():
            mend = "drop or mend {these}"
        elif not np.isfinite(values).any():
            mend = "the column holds no value at all: leave it out, or name another"
        _refuse(panel, ~np.isfinite(values), what, "missing or infinite", mend)
        refuse_huge(panel, values, what)
    if missing.any():
        row, count = int(missing.argmax()), int(missing.sum())
        longest = f" (up to {CLOSED} business days in a row may be missing)" if missing[row] > CLOSED else ""
        raise DataError(
            f"the time column {columns.time!r} skips {count} step{'s' if count > 1 else ''} of its own rhythm, the "
            f"first {int(missing[row])} after {show_time(panel.times[row - 1])}, before {panel.place(row)}; give these "
            f"rows, or carry the last value forward with missing='ffill'{longest}."
        )


def fill_forward(
    panel: Panel,
    columns: Columns,
    missing: NDArray[np.int64],
    between: Callable[[Times, int, int, Hashable], Times],
) -> Panel:
    """Fill missing values and rows with the last ones before them in their series; nothing is filled from the future.

    Rows at the start of a series, before each column has had a first value, are dropped: no past could fill them.

    Parameters
    ----------
    missing
        How many rows are missing before each row, ``[rows]``.
    between
        Gives their times (``calendar.continue_times``).

    Returns
    -------
    The panel; `filled` marks the rows whose target was missing.
    """
    panel = _with_missing_rows(panel, missing, between)
    values = np.column_stack(_values(panel))
    there = np.isfinite(values)
    rows = np.arange(panel.rows)
    first = panel.offsets[:-1][panel.series_of(rows)]
    last_seen = np.maximum.accumulate(np.where(there, rows[:, None], first[:, None]), axis=0)
    whole: NDArray[np.bool_] = np.all(there[last_seen, np.arange(values.shape[1])], axis=1)
    firsts = np.where(whole, rows, panel.rows)
    starts = np.minimum.reduceat(firsts, panel.offsets[:-1])
    if (starts == panel.rows).any():
        series = int((starts == panel.rows).argmax())
        held = np.any(there[panel.span(series)], axis=0)
        empty = [name for (_, name), has in zip(columns.numbers, held, strict=True) if not has]
        raise DataError(f"the column {empty[0]!r}{panel.name(series)} holds no value at all; leave it out.")
    values = np.take_along_axis(values, last_seen, axis=0)
    cut = 1 + panel.past.shape[1]
    full = replace(panel, y=values[:, 0], past=values[:, 1:cut], known=values[:, cut:], filled=~there[:, 0])
    return full.between(starts, panel.offsets[1:])


def _with_missing_rows(
    panel: Panel, missing: NDArray[np.int64], between: Callable[[Times, int, int, Hashable], Times]
) -> Panel:
    if not missing.any():
        return panel
    rows = np.arange(panel.rows)
    place = rows + np.cumsum(missing)  # where each row that is there comes to stand
    total = panel.rows + int(missing.sum())
    times = np.empty(total, dtype=panel.times.dtype)
    times[place] = panel.times
    for row in np.flatnonzero(missing):
        series = int(panel.series_of(np.array([row]))[0])
        own, count = panel.times[panel.span(series)], int(missing[row])
        times[place[row] - count : place[row]] = between(
            own, int(row - panel.offsets[series] - 1), count, panel.ids[series]
        )

    def spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
        out = np.full((total, *values.shape[1:]), np.nan)
        out[place] = values
        return out

    offsets = panel.offsets + np.concatenate([[0], np.cumsum(missing)])[panel.offsets]
    past, known = spread(panel.past), spread(panel.known)
    return replace(
        panel,
        y=spread(panel.y),
        times=times,
        offsets=offsets,
        past=past,
        known=known,
        filled=~np.isin(np.arange(total), place),
    )


def _refuse(panel: Panel, wrong: NDArray[np.bool_], what: str, why: str, mend: str) -> None:
    if wrong.any():
        row, count = int(wrong.argmax()), int(wrong.sum())
        values, these = (f"{count:,} values that are", "these rows") if count > 1 else ("1 value that is", "this row")
        raise DataError(
            f"{what} has {values} {why}, the first in {panel.place(row)} "
            f"(at {show_time(panel.times[row])}); {mend.format(these=these)}."
        )
