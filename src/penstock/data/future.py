"""The rows after the last: known covariates of the steps that are to be forecast."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.calendar import continue_times, off_rhythm
from penstock.data.columns import Columns
from penstock.data.frames import FrameKind
from penstock.data.panel import Panel
from penstock.data.reading.labels import group
from penstock.data.reading.table import as_table, require_column, require_order
from penstock.data.reading.values import numbers
from penstock.data.rhythm import read_rhythm
from penstock.data.times import read_times, show_time, time_type
from penstock.errors import DataError, named

__all__ = ["read_future"]


def read_future(frame: Any, panel: Panel, kind: FrameKind, steps: int) -> tuple[Panel, list[NDArray[np.generic]]]:
    """Read the known covariates of the `steps` steps after each series of a panel.

    Parameters
    ----------
    frame
        The id, the time and the known covariates of each step; a target in it is not looked at, and rows that are not
        later than the last of their series are left out.
    panel, kind
        The series that are forecast, and how their frame names its columns.

    Returns
    -------
    The panel with its `ahead`, and the times of the steps of each series.

    Raises
    ------
    DataError
        For a series without rows, fewer rows than `steps`, a step left out, or values that are not finite.
    """
    columns: Columns = kind.columns
    table = as_table(frame, columns)
    has_id = columns.id in table.columns
    for name in (columns.time, *columns.known, *([columns.id] if panel.ids != (None,) else [])):
        require_column(table, name, frame)
    if len(table) == 0:
        raise DataError(f"the future frame is empty; {steps} rows a series are needed.")
    order, offsets, ids = group(table[columns.id] if has_id else None, len(table))
    times, form = read_times(table[columns.time], kind.form)
    times = times[order]
    if times.dtype.kind != panel.times.dtype.kind:
        raise DataError(
            f"the time column {columns.time!r} of the future frame holds {table[columns.time].dtype}, that of the "
            f"history {kind.time}; give the same kind."
        )
    there = form.zone or getattr(time_type(table[columns.time]), "time_zone", None)
    if (there is None) != (kind.zone is None):
        has, lacks = ("the future frame", "the history") if there else ("the history", "the future frame")
        raise DataError(
            f"the time column {columns.time!r} of {has} has a time zone ({there or kind.zone}), that of {lacks} has "
            f"none; give both the same: future[{columns.time!r}] = future[{columns.time!r}].dt.tz_localize("
            f"{kind.zone!r})."
        )
    values = np.column_stack([numbers(table[name], "known", table) for name in columns.known])[order]
    future = Panel(np.zeros(len(times)), times, offsets, ids, known=values)
    require_order(future, columns)
    ahead = np.empty((len(panel), steps, len(columns.known)))
    taken = []
    for series, own in enumerate(panel.ids):
        place = 0 if own is None and len(ids) == 1 else _place(ids, own)
        last = panel.times[panel.span(series)][-1]
        rows = np.arange(*future.span(place).indices(future.rows)[:2])
        rows = rows[times[rows] > last][:steps]
        if len(rows) < steps:
            raise DataError(
                f"the future frame has {len(rows)} rows{panel.name(series)} after {show_time(last)}, where its history "
                f"ends; {steps} are needed, one for each step of the horizon."
            )
        _require_rhythm(panel, series, times[rows], kind)
        ahead[series] = values[rows]
        taken.append(times[rows])
    for place, name in enumerate(columns.known):
        wrong = ~np.isfinite(ahead[:, :, place])
        if wrong.any():
            series, step = (int(index[0]) for index in np.nonzero(wrong))
            raise DataError(
                f"the known column {name!r} of the future frame has {int(wrong.sum())} values that are NaN or infinite,"
                f" the first{panel.name(series)} at {show_time(taken[series][step])}; fill them."
            )
    return replace(panel, ahead=ahead), taken


def _place(ids: tuple[Any, ...], name: Any) -> int:
    if name not in ids:
        raise DataError(f"the future frame has no rows of series {name!r}; it has {named(ids)}. Add its rows.")
    return ids.index(name)


def _require_rhythm(panel: Panel, series: int, times: NDArray[np.generic], kind: FrameKind) -> None:
    """Refuse steps that do not follow the history in its rhythm; holidays of its own length may be left out."""
    name = panel.ids[series]
    own = panel.times[panel.span(series)]
    rhythm = kind.rhythms.of(name)
    both = kind.on_clock(np.concatenate([own, times]), rhythm)
    history, steps = both[: len(own)], both[len(own) :]
    rhythm = rhythm or read_rhythm(history)
    if not rhythm.agrees(history):
        return  # without a rhythm of its own, there is nothing to hold the steps against
    expected = continue_times(history, len(history) - 1, len(steps), rhythm)
    wrong = steps != expected
    if rhythm.kind in ("week", "session", "weeks", "months", "monthdays"):
        wrong &= off_rhythm(history, steps, rhythm)
    if wrong.any():
        step = int(wrong.argmax())
        raise DataError(
            f"the future frame does not go on as its history does{panel.name(series)}: step {step + 1} is "
            f"{show_time(steps[step])}, where {show_time(expected[step])} follows {show_time(history[-1])}; give every "
            "step after the last row of the history, in its rhythm."
        )
