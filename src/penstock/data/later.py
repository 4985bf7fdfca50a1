"""Later rows put behind those that a fitted model keeps; rows at times that it has seen are recognised."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from penstock.data.frames import FrameKind, read_panel
from penstock.data.panel import Panel
from penstock.data.reading.notes import note
from penstock.data.times import show_time

__all__ = ["LaterRows", "join_later", "read_later"]


class LaterRows(NamedTuple):
    """The rows that a model keeps, followed by later ones.

    Attributes
    ----------
    frame
        All rows, as a frame of the kind that was given; what ``predict`` takes.
    kept
        Rows of each series that the model had kept, by the name of the series.
    seen
        Rows of the file that were left out because the model knew their times.
    new
        Rows that came after.
    """

    frame: Any
    kept: dict[Any, int]
    seen: int
    new: int


def join_later(model: Any, frame: Any) -> LaterRows:
    """Put the later rows of a frame behind those that a fitted model keeps.

    Parameters
    ----------
    model
        A fitted model of series.
    frame
        Rows in the columns of its fit. Rows at times that the model has seen are left out; a series that it has not
        seen is taken whole.

    Returns
    -------
    The rows.

    Raises
    ------
    DataError
        Where the frame cannot be read.
    """
    tail, old = model.tail_, model.kind_
    rows, kind = read_panel(frame, old.columns, old.missing, old, model.ids_)
    rows = rows.with_only(model.covariates)
    places = {name: place for place, name in enumerate(tail.ids)}
    if len(rows) == len(tail) == 1 and None in (*rows.ids, *tail.ids):
        places = {rows.ids[0]: 0}
    parts, kept, seen = [], {}, 0
    revised: list[tuple[Any, Any]] = []
    for series, name in enumerate(rows.ids):
        span = rows.span(series)
        before = None if name not in places else tail.span(places[name])
        first = span.start
        if before is not None:
            first += int(np.searchsorted(rows.times[span], tail.times[before][-1], side="right"))
            revised += [(name, time) for time in _revised(rows, slice(span.start, first), tail, before)]
        seen += first - span.start
        kept[name] = 0 if before is None else before.stop - before.start
        parts += [] if before is None else [_columns(tail, places[name], before, name, old)]
        parts += [_columns(rows, series, slice(first, span.stop), name, kind)]
    if revised:
        name, time = revised[0]
        whose = "" if name is None else f" of {name!r}"
        note(
            f"{len(revised):,} rows that the model knows have other values in the file, the first{whose} at {time}; "
            "they are left out. Fit again on all rows if the history was revised."
        )
    joined = {column: _stacked([part[column] for part in parts]) for column in parts[0]}
    return LaterRows(kind.frame(joined), kept, seen, rows.rows - seen)


def _revised(rows: Panel, span: slice, tail: Panel, before: slice) -> list[Any]:
    """Return the times at which rows that were read have other values than those that the model keeps."""
    times, here, there = np.intersect1d(rows.times[span], tail.times[before], return_indices=True)
    ours, theirs = tail.observed[before][there], rows.observed[span][here]
    changed = ~np.isclose(ours, theirs, rtol=1e-9, atol=0, equal_nan=True)
    return [show_time(time) for time in times[changed]]


def _columns(panel: Panel, series: int, span: slice, name: Any, kind: FrameKind) -> dict[str, Any]:
    """Return the rows of one series by the names of their columns; carried values are missing again."""
    count, columns = span.stop - span.start, kind.columns
    found = {columns.id: [name] * count, columns.time: panel.times[span], columns.target: panel.observed[span]}
    for names, table in ((columns.past, panel.past), (columns.known, panel.known)):
        found |= {each: table[span, place] for place, each in enumerate(names) if table.shape[1]}
    for place, each in enumerate(columns.static):
        if panel.static.shape[1]:
            found.setdefault(each, [panel.static[series, place]] * count)
    return found


def _stacked(parts: list[Any]) -> Any:
    if isinstance(parts[0], list):
        return [each for part in parts for each in part]
    return np.concatenate(parts)


def read_later(model: Any, frame: Any) -> tuple[LaterRows, Panel]:
    """Put later rows behind those that a model keeps, and read them as the model reads its rows.

    Parameters
    ----------
    model
        A fitted model of series.
    frame
        Rows in the columns of its fit.

    Returns
    -------
    The rows, and their panel without covariates that the model does not use.

    Raises
    ------
    DataError
        Where the frame cannot be read, or rows are missing between.
    """
    later, old = join_later(model, frame), model.kind_
    panel, _ = read_panel(later.frame, old.columns, old.missing, old, model.ids_)
    return later, panel.with_only(model.covariates)
