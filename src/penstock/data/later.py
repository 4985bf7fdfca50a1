"""Later rows put behind those that a fitted model keeps; rows at times that it has seen are recognised."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import described
from penstock.data.calendar import off_step, steps_between
from penstock.data.frames import FrameKind, read_panel
from penstock.data.panel import Panel
from penstock.data.reading.form import FORM, NATIVE
from penstock.data.reading.notes import note
from penstock.data.rhythm import DAY_NS, Rhythm
from penstock.data.times import show_time
from penstock.errors import DataError, OptionError

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
    older
        Rows that were left out because they come before those that the model keeps; it may have been fitted to them.
    without
        Fitted series of which the frame holds no row.
    """

    frame: Any
    kept: dict[Any, int]
    seen: int
    new: int
    older: int
    without: tuple[Any, ...]

    @property
    def counts(self) -> str:
        """How many rows are new, known and older, in words."""
        older = f", {self.older:,} are older than those that the model keeps" if self.older else ""
        return f"{self.new:,} rows are new, {self.seen:,} had been seen{older}"


def join_later(model: Any, frame: Any, *, every: bool = False) -> LaterRows:
    """Put the later rows of a frame behind those that a fitted model keeps.

    Parameters
    ----------
    model
        A fitted model of series.
    frame
        Rows in the columns of its fit. Rows that are no later than those that the model keeps are left out; a series
        that it has not seen is taken whole.
    every
        Whether the rows of fitted series of which the frame holds none are given, too.

    Returns
    -------
    The rows.

    Raises
    ------
    DataError
        Where the frame cannot be read, or a row is less than a step later than the last that the model keeps.
    """
    if not hasattr(model, "tail_"):
        raise OptionError(f"model={described(model)}; allowed: a fitted model of series.")
    tail, old = model.tail_, model.kind_
    rows, kind = read_panel(frame, old.columns, old.missing, old, model.ids_)
    rows = replace(rows.with_only(model.covariates), times=rows.times.copy())
    places = {name: place for place, name in enumerate(tail.ids)}
    if len(rows) == len(tail) == 1 and None in (*rows.ids, *tail.ids):
        places = {rows.ids[0]: 0}
    parts, kept, seen, older = [], {}, 0, 0
    revised: list[tuple[Any, Any]] = []
    for series, name in enumerate(rows.ids):
        span = rows.span(series)
        if name not in places:
            kept[name] = 0
            parts.append(_columns(rows, series, span, name, kind))
            continue
        before = tail.span(places[name])
        known = tail.times[before]
        rows.times[span] = _on_known_clock(rows.times[span], known, old, tail.ids[places[name]])
        first = span.start + int(np.searchsorted(rows.times[span], known[-1], side="right"))
        if first < span.stop:
            _require_a_step(known, rows.times[first], old, tail.ids[places[name]])
        revised += [(name, time) for time in _revised(rows, slice(span.start, first), tail, before)]
        early = int((rows.times[span] < known[0]).sum())
        older, seen = older + early, seen + first - span.start - early
        kept[name] = before.stop - before.start
        parts += [_columns(tail, places[name], before, name, old)]
        parts += [_columns(rows, series, slice(first, span.stop), name, kind)]
    without = tuple(name for name in tail.ids if name not in kept) if len(tail) > 1 else ()
    for name in without if every else ():
        span = tail.span(places[name])
        kept[name] = span.stop - span.start
        parts.append(_columns(tail, places[name], span, name, old))
    if revised:
        name, time = revised[0]
        whose = "" if name is None else f" of {name!r}"
        note(
            f"{len(revised):,} rows that the model knows have other values in the file, the first{whose} at {time}; "
            "they are left out. Fit again on all rows if the history was revised."
        )
    joined = {column: _stacked([part[column] for part in parts]) for column in parts[0]}
    return LaterRows(_frame(joined, kind, frame), kept, seen, rows.rows - seen - older, older, without)


def _frame(rows: dict[str, Any], kind: FrameKind, given: Any) -> Any:
    """Build the frame; where an option says how its text was read, times stay times, and carry that form on."""
    form = getattr(given, "attrs", {}).get(FORM)
    if form is None or form != kind.form:
        return kind.frame(rows)
    frame = replace(kind, form=NATIVE, time=nw.Datetime("ns", form.zone or None)).frame(rows)
    frame.attrs[FORM] = form
    return frame


def _on_known_clock(times: NDArray[Any], known: NDArray[Any], kind: FrameKind, name: Any) -> NDArray[Any]:
    """Put days at the time of day at which the model has its own, and say so; refuse several times of day."""
    rhythm = kind.rhythms.of(name)
    if rhythm is None or not _counts_days(rhythm):
        return times
    local, utc = kind.local_clock(np.concatenate([known, times]), rhythm)
    clocks = local - local.astype("datetime64[D]")
    usual, given = np.unique(clocks[: len(known)]), np.unique(clocks[len(known) :])
    if len(usual) > 1 or (given == usual[0]).all():
        return times
    whose = "" if name is None else f" of {name!r}"
    if len(given) > 1:
        row = int((clocks[len(known) :] != usual[0]).argmax())
        raise DataError(
            f"the rows{whose} stand at {len(given)} times of day, the first at another than the days that the model "
            f"keeps ({_clock(usual[0])}) is {show_time(local[len(known) + row])}; give one row a day, all at one time."
        )
    note(
        f"the rows{whose} stand at {_clock(given[0])}, those that the model keeps at {_clock(usual[0])}; they are told "
        "by their day."
    )
    return utc(local.astype("datetime64[D]").astype(local.dtype) + usual[0])[len(known) :]


def _counts_days(rhythm: Rhythm) -> bool:
    return rhythm.kind in ("week", "weeks", "months", "monthdays") or (
        rhythm.kind == "fixed" and rhythm.step % DAY_NS == 0
    )


def _clock(since_midnight: Any) -> str:
    return str(np.datetime64(0, "s") + since_midnight.astype("timedelta64[s]"))[11:]


def _require_a_step(known: NDArray[Any], first: Any, kind: FrameKind, name: Any) -> None:
    """Refuse a row in the day, month or step of the last one that the model keeps; say which weekdays have none."""
    rhythm = kind.rhythms.of(name)
    if rhythm is None or rhythm.kind == "session" or not rhythm.agrees(kind.on_clock(known, rhythm)):
        return
    local = kind.on_clock(np.append(known[-2:], first), rhythm)
    whose = "" if name is None else f" of {name!r}"
    if rhythm.kind == "week" and not rhythm.exchange:  # of others, rows that are missing are refused when read
        last, begin = local[-2:].astype("datetime64[D]")
        if skipped := int(np.busday_count(last + 1, begin, weekmask=rhythm.open_days)):
            note(
                f"the rows{whose} begin at {show_time(local[-1])}; {skipped} of the days of the week since "
                f"{show_time(local[-2])}, the last that the model keeps, have no row and are taken for holidays."
            )
    taken = steps_between(local[-2:], rhythm)
    if rhythm.kind in ("fixed", "count") and taken[0] >= 0.5 and off_step(taken)[0]:
        raise DataError(
            f"the row{whose} at {show_time(local[-1])} is {taken[0]:.3g} steps later than {show_time(local[-2])}, the "
            "last that the model keeps, and no whole number of them; give rows in the rhythm of the fit, or fit again "
            "on all rows."
        )
    if taken[0] < 0.5:
        raise DataError(
            f"the row{whose} at {show_time(local[-1])} is less than a step later than {show_time(local[-2])}, the last "
            "that the model keeps; write the times as in the fit (the same day of the month, the same minute), or fit "
            "again on all rows."
        )


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


def read_later(model: Any, frame: Any, *, every: bool = False) -> tuple[LaterRows, Panel]:
    """Put later rows behind those that a model keeps, and read them as the model reads its rows.

    Parameters
    ----------
    model
        A fitted model of series.
    frame
        Rows in the columns of its fit.
    every
        Whether fitted series of which the frame holds no row are given, too.

    Returns
    -------
    The rows, and their panel without covariates that the model does not use.

    Raises
    ------
    DataError
        Where the frame cannot be read, or rows are missing between.
    """
    later, old = join_later(model, frame, every=every), model.kind_
    panel, _ = read_panel(later.frame, old.columns, old.missing, old, model.ids_)
    return later, panel.with_only(model.covariates)
