"""The times after the last of a series, and those missing between, in the rhythm that it shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.exchange import days_after, open_days
from penstock.data.month_days import month_days_at, month_places
from penstock.data.rhythm import DAY_NS, WEEK_NS, Rhythm, read_rhythm, since_monday, weekday
from penstock.data.times import show_time
from penstock.errors import DataError

__all__ = ["CLOSED", "continue_times", "missing_steps", "next_times", "off_rhythm", "off_step", "steps_between"]

CLOSED = 10
"""Business days in a row that a market may be closed for; more are missing rows."""

_DAY = np.timedelta64(1, "D")
_NEAR = 0.25  # of a step, by which a row may be early or late


def next_times(times: NDArray[Any], steps: int, rhythm: Rhythm | None = None) -> NDArray[Any]:
    """Continue timestamps by `steps`, in the rhythm that they show, or in one that is given.

    Examples
    --------
    >>> import numpy as np
    >>> fridays = np.array(["2018-12-27", "2018-12-28"], dtype="datetime64[ns]")
    >>> next_times(np.array(["2018-12-26", *fridays], dtype="datetime64[ns]"), 2).astype("datetime64[D]").tolist()
    [datetime.date(2018, 12, 31), datetime.date(2019, 1, 1)]
    """
    return continue_times(times, len(times) - 1, steps, rhythm)


def continue_times(times: NDArray[Any], row: int, steps: int, rhythm: Rhythm | None = None) -> NDArray[Any]:
    """Give the `steps` times that follow the one in `row`, in the rhythm that all of them show (see `read_rhythm`)."""
    rhythm = rhythm or read_rhythm(times)
    _require_within(times[row], steps, rhythm)
    ahead = np.arange(1, steps + 1)
    if rhythm.kind == "count":
        return times[row] + ahead * rhythm.step
    if rhythm.kind == "fixed":
        return times[row] + ahead * np.timedelta64(rhythm.step, "ns")
    if rhythm.kind == "session":
        return _sessions_ahead(times[row], ahead, rhythm)
    days = times.astype("datetime64[D]")
    clock = times[row] - days[row]
    if rhythm.kind == "week" and rhythm.exchange:
        found = days_after(rhythm.exchange, days[row], steps)
    elif rhythm.kind == "week":
        found = np.busday_offset(days[row], ahead, roll="backward", weekmask=rhythm.open_days)
    elif rhythm.kind == "weeks":
        shift = (int(rhythm.anchor) - int(weekday(days[row : row + 1])[0]) + 3) % 7 - 3
        found = days[row] + shift + 7 * rhythm.step * ahead
    elif rhythm.kind == "monthdays":
        found = month_days_at(month_places(days[row : row + 1], rhythm.anchor) + ahead, rhythm.anchor)
    else:
        found = _months_ahead(days, row, ahead * rhythm.step, rhythm.anchor)
    return found.astype(times.dtype) + clock


def _require_within(time: Any, steps: int, rhythm: Rhythm) -> None:
    """Refuse steps beyond what times in 64 bits can count, instead of wrapping around."""
    last = int(np.asarray(time).astype(np.int64))
    step = {
        "week": -(-WEEK_NS // max(sum(rhythm.open_days), 1)), "weeks": rhythm.step * WEEK_NS,
        "months": rhythm.step * 31 * DAY_NS, "monthdays": 16 * DAY_NS, "session": WEEK_NS // max(len(rhythm.slots), 1),
    }.get(rhythm.kind, rhythm.step)  # fmt: skip
    if last + (steps + 1) * step > np.iinfo(np.int64).max:
        limit = "64 bits" if rhythm.kind == "count" else "the year 2261"
        raise DataError(
            f"{steps:,} steps after {show_time(time)} reach beyond {limit}, further than times can be counted; "
            "forecast fewer steps."
        )


def missing_steps(times: NDArray[Any], rhythm: Rhythm | None = None) -> NDArray[np.int64]:
    """Count the steps that are missing before each row, ``[rows]``.

    Rows are missing where a series that otherwise keeps its step skips some: a month of monthly values, an hour of
    hourly ones. Of the days of a week that is not whole at most :data:`CLOSED` in a row may be missing, for holidays
    are not known; of sessions, whole ones and the ends of days. Nothing is judged where more than a tenth of all steps
    (a single one in short series) are irregular.

    Examples
    --------
    >>> import numpy as np
    >>> months = ["2020-01", "2020-02", "2020-03", "2020-04", "2020-07", "2020-08"]
    >>> missing_steps(np.array(months, dtype="datetime64[ns]")).tolist()
    [0, 0, 0, 0, 2, 0]
    """
    missing = np.zeros(len(times), dtype=np.int64)
    if len(times) < 2:
        return missing
    rhythm = rhythm or read_rhythm(times)
    gaps: NDArray[Any] = np.diff(times.astype(np.int64))
    if rhythm.kind == "week":
        skipped = _days_between(times.astype("datetime64[D]"), rhythm)
        missing[1:] = np.where((skipped > CLOSED) | bool(rhythm.exchange), skipped, 0)
        return missing
    taken = steps_between(times, rhythm)
    whole = np.rint(taken)
    if off_step(taken).any():
        return missing
    if len(gaps) >= 5 and (whole > 1).sum() <= max(1, len(gaps) / 10):
        missing[1:] = whole - 1
    return missing


def off_step(taken: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which numbers of steps, from :func:`steps_between`, are not near a whole number of at least one.

    Examples
    --------
    >>> off_step(np.array([1.0, 1.1, 0.3, 1.5, 3.0])).tolist()
    [False, False, True, True, False]
    """
    whole = np.rint(taken)
    off: NDArray[np.bool_] = (np.abs(taken - whole) > _NEAR) | (whole < 1)
    return off


def steps_between(times: NDArray[Any], rhythm: Rhythm) -> NDArray[np.float64]:
    """Count the steps of a rhythm from each row to the next, ``[rows - 1]``; days of a week by the calendar.

    Examples
    --------
    >>> steps_between(np.array(["2024-01-01", "2024-01-31", "2024-03-01"], dtype="datetime64[ns]"), Rhythm("months"))
    array([0., 2.])
    """
    if rhythm.kind == "months":
        return np.asarray(np.diff(times.astype("datetime64[M]").astype(np.int64)) / rhythm.step)
    gaps: NDArray[Any] = np.diff(times.astype(np.int64))
    if rhythm.kind == "monthdays":
        return np.diff(month_places(times.astype("datetime64[D]"), rhythm.anchor)).astype(np.float64)
    if rhythm.kind == "weeks":
        return np.rint(gaps / WEEK_NS) / rhythm.step
    if rhythm.kind == "week":
        return np.diff(times.astype("datetime64[D]").astype(np.int64)).astype(np.float64)
    if rhythm.kind == "session":
        return _session_steps(times, rhythm)
    return gaps / rhythm.step


def off_rhythm(history: NDArray[Any], steps: NDArray[Any], rhythm: Rhythm) -> NDArray[np.bool_]:
    """Tell which steps after a history cannot be of its rhythm, even where a holiday is left out, ``[steps]``.

    A holiday may be as long as the longest in the history, and a day at least.
    """
    both = np.concatenate([history, steps])
    days = both.astype("datetime64[D]")
    if rhythm.kind in ("months", "weeks", "monthdays"):
        expected = continue_times(history, len(history) - 1, len(steps), rhythm).astype("datetime64[D]")
        off = np.abs((days[len(history) :] - expected).astype(np.int64))
        shifts = rhythm.kind == "weeks" or (rhythm.kind == "months" and rhythm.anchor not in ("day", "end"))
        return off > (3 if shifts else 0)
    clock = both - days
    if rhythm.kind == "session":
        held = np.isin(since_monday(both), rhythm.slots)
    else:
        held = np.array(rhythm.week)[weekday(days)] & (clock == clock[0])
    if rhythm.exchange:
        held &= np.isin(days, open_days(rhythm.exchange, days.min(), days.max()))
    skipped = _days_between(days, rhythm)
    longest = 0 if rhythm.exchange else max(1, int(skipped[: len(history) - 1].max(initial=0)))
    wrong: NDArray[np.bool_] = ~held[len(history) :] | (skipped[len(history) - 1 :] > longest)
    if rhythm.kind == "session":
        wrong |= _session_steps(both, rhythm)[len(history) - 1 :] > 1
    return wrong


def _days_between(days: NDArray[Any], rhythm: Rhythm) -> NDArray[np.int64]:
    """Count the days that the series holds between each row and the one before it, ``[rows - 1]``."""
    if rhythm.exchange:
        trading = open_days(rhythm.exchange, days.min(), days.max())
        between = np.searchsorted(trading, days[1:]) - np.searchsorted(trading, days[:-1], side="right")
        return np.maximum(between, 0)
    first = np.minimum(days[:-1] + _DAY, days[1:])
    return np.asarray(np.busday_count(first, days[1:], weekmask=rhythm.open_days))


def _session_steps(times: NDArray[Any], rhythm: Rhythm) -> NDArray[np.float64]:
    """Count the bars from one row to the next where both stand in one day; the next day is one step away."""
    slots = np.array(rhythm.slots)
    place = np.searchsorted(slots, since_monday(times))
    steps = np.diff(place).astype(np.float64)
    days = times.astype("datetime64[D]")
    return np.where(days[1:] == days[:-1], np.maximum(steps, 1), 1.0)


def _sessions_ahead(time: Any, ahead: NDArray[np.int64], rhythm: Rhythm) -> NDArray[Any]:
    """Give the next bars: those of this session, then from the first of the next one on."""
    slots = np.array(rhythm.slots, dtype=np.int64)
    now = int(since_monday(np.array([time]))[0])
    monday = np.datetime64(time, "ns") - np.timedelta64(now, "ns")
    first = int(np.searchsorted(slots, now, side="right"))
    if rhythm.exchange:
        return _exchange_sessions(monday, slots, first, len(ahead), rhythm.exchange)
    places = first + ahead - 1
    offsets = slots[places % len(slots)] + places // len(slots) * WEEK_NS
    found: NDArray[Any] = monday + offsets.astype("timedelta64[ns]")
    return found


def _exchange_sessions(monday: Any, slots: NDArray[np.int64], first: int, steps: int, exchange: str) -> NDArray[Any]:
    """Give the next bars of sessions on trading days, from the slot `first` of the week that begins on `monday`."""
    count = 2 * steps + 5 * len(slots)  # the longest holidays close an exchange for two weeks or so
    places = np.arange(first, first + count)
    offsets = slots[places % len(slots)] + places // len(slots) * WEEK_NS
    times: NDArray[Any] = monday + offsets.astype("timedelta64[ns]")
    days = times.astype("datetime64[D]")
    return times[np.isin(days, open_days(exchange, days[0], days[-1]))][:steps]


def _months_ahead(days: NDArray[Any], row: int, months: NDArray[np.int64], anchor: str) -> NDArray[Any]:
    firsts = days.astype("datetime64[M]")
    target = firsts[row] + months
    starts = target.astype("datetime64[D]")
    last_day = (target + 1).astype("datetime64[D]") - _DAY
    if anchor == "end":
        return last_day
    if anchor in ("first", "last"):
        roll = "forward" if anchor == "first" else "backward"
        found: NDArray[Any] = np.busday_offset(starts if anchor == "first" else last_day, 0, roll=roll)  # type: ignore[call-overload]
        return found
    if "/" in anchor:
        number, own = map(int, anchor.split("/"))
        if number:
            return starts + (own - weekday(starts)) % 7 + 7 * (number - 1)
        return last_day - (weekday(last_day) - own) % 7
    day = (days - firsts.astype("datetime64[D]")).max()
    return np.minimum(starts + day, last_day)
