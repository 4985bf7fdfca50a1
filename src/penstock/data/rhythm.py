"""The rhythm of a series, told from its own timestamps: which days and hours it holds, and how it goes on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.month_days import MONTH_DAYS, month_days, month_days_at, month_places

__all__ = ["DAY_NS", "IRREGULAR", "WEEK_NS", "Rhythm", "read_rhythm", "since_monday", "weekday"]

DAY_NS = 86_400 * 10**9
WEEK_NS = 7 * DAY_NS
IRREGULAR = 0.1
"""Share of steps that may differ from the usual one."""

_DAY = np.timedelta64(1, "D")
_OPEN = 0.5  # share of weeks in which a weekday, or an hour of the week, occurs where a series holds it
_MOST_CLOSED = 0.05  # share of rows on days that a series does not usually hold
_FULL = 0.7  # share of the days that it holds for which it has rows
_ANCHORED = 0.8  # share of months whose row stands on the first or last business day; holidays shift the others
_LONGEST = {"count": 2**53, "fixed": 100 * 366 * DAY_NS, "week": 1, "weeks": 5000, "months": 1200, "session": WEEK_NS,
            "monthdays": 1}  # fmt: skip
_NTH = tuple(f"{number}/{day}" for number in range(5) for day in range(7))
_ANCHORS = {"weeks": tuple("0123456"), "months": ("day", "end", "first", "last", *_NTH), "monthdays": MONTH_DAYS}
_READ: dict[bytes, Rhythm] = {}  # by a digest of the times: the series of a panel mostly share them, and are read often
_MOST_READ = 4096
_WORKDAYS = (True, True, True, True, True, False, False)


@dataclass(frozen=True)
class Rhythm:
    """How a series goes on.

    Attributes
    ----------
    kind
        ``count``: whole numbers; ``fixed``: a step in nanoseconds; ``week``: the days of the week in `week`; ``weeks``:
        one day every `step` weeks; ``months``: a day every `step` months; ``monthdays``: the days of the month in
        `anchor`; ``session``: the times of the week in `slots`.
    step
        Steps, nanoseconds, weeks or months from one row to the next.
    week
        Whether the series holds each day of the week, from Monday on.
    anchor
        For months: ``day``, ``end``, ``first`` or ``last`` (business day), ``3/4`` for the third Friday, ``0/4`` for
        the last one; for weeks: the weekday, 0 for Monday; for days of the month: ``1+15``, 31 for the last.
    slots
        Nanoseconds since Monday at which a session has its bars.
    exchange
        For days and sessions: the exchange whose holidays are left out; empty where none was named.
    """

    kind: str
    step: int = 1
    week: tuple[bool, ...] = _WORKDAYS
    anchor: str = ""
    slots: tuple[int, ...] = ()
    exchange: str = ""

    @property
    def open_days(self) -> list[bool]:
        """The days of the week that the series holds, from Monday on, as NumPy takes a week mask."""
        if self.kind != "session":
            return list(self.week)
        return (np.bincount(np.array(self.slots) // DAY_NS, minlength=7) > 0).tolist()

    def to_json(self) -> list[Any]:
        """Describe the rhythm for a model file."""
        found = [self.kind, self.step, [int(each) for each in self.week], self.anchor, list(self.slots)]
        return [*found, self.exchange] if self.exchange else found

    @classmethod
    def from_json(cls, given: list[Any]) -> Rhythm:
        """Read back what :meth:`to_json` gave.

        Raises
        ------
        ValueError
            Where no series goes on like that.
        """
        kind, step, week, anchor, slots, *exchange = given
        found = cls(kind, step, tuple(map(bool, week)), anchor, tuple(slots), *exchange)
        rising = all(type(slot) is int and 0 <= slot < WEEK_NS for slot in slots) and sorted({*slots}) == slots
        whole = type(step) is int and 1 <= step <= _LONGEST.get(kind, 0) and len(week) == 7
        anchored = anchor in _ANCHORS.get(kind, ("",)) and bool(slots) == (kind == "session")
        of_exchange = not exchange or (kind in ("week", "session") and type(exchange[0]) is str and exchange[0])
        if not (of_exchange and whole and rising and anchored and (kind != "week" or any(found.week))):
            raise ValueError(f"no series goes on by {str(given)[:80]}")
        return found

    def agrees(self, times: NDArray[Any]) -> bool:
        """Whether the timestamps of other rows do not contradict this rhythm."""
        if (times.dtype.kind == "M") == (self.kind == "count"):
            return False
        gaps: NDArray[Any] = np.diff(times.astype(np.int64))
        if self.kind in ("count", "fixed"):
            return bool((gaps % self.step == 0).all())
        days = times.astype("datetime64[D]")
        if self.kind == "week":
            clocks = np.unique((times - days).astype(np.int64))
            return len(clocks) == 1 and bool(np.array(self.week)[weekday(days)].mean() >= 1 - _MOST_CLOSED)
        if self.kind == "session":
            return bool(np.isin(since_monday(times), self.slots).mean() >= 1 - _MOST_CLOSED)
        if self.kind == "weeks":
            weeks = gaps / WEEK_NS
            return bool((np.abs(weeks - np.rint(weeks)) <= 3 / 7).all())
        if self.kind == "monthdays":
            return bool((month_days_at(month_places(days, self.anchor), self.anchor) == days).all())
        months: NDArray[Any] = np.diff(days.astype("datetime64[M]").astype(np.int64))
        return bool((months % self.step == 0).all() and (months > 0).all())


def weekday(days: NDArray[Any]) -> NDArray[np.int64]:
    """Give the day of the week of each day, 0 for Monday."""
    since: NDArray[Any] = days.astype("datetime64[D]").astype(np.int64)
    return (since + 3) % 7


def since_monday(times: NDArray[Any]) -> NDArray[np.int64]:
    """Give the nanoseconds since the start of Monday of each time."""
    return (times.astype("datetime64[ns]").astype(np.int64) + 3 * DAY_NS) % WEEK_NS


def read_rhythm(times: NDArray[Any]) -> Rhythm:
    """Tell the rhythm of one series.

    Parameters
    ----------
    times
        Its timestamps, rising, on the clock of their own place: datetime64[ns], or int64 for counted steps.

    Returns
    -------
    Counted steps by their usual step; days by the weekdays that they usually fall on, one row on another day changing
    nothing; weeks by their usual weekday, though a holiday shifts one; months and quarters by their day, their end, or
    their first or last business day; within the day, sessions by the hours of the week that occur, and series that hold
    all of them by their step.

    Examples
    --------
    >>> import numpy as np
    >>> days = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]")
    >>> business = days[np.is_busday(days)].astype("datetime64[ns]")
    >>> read_rhythm(business).week
    (True, True, True, True, True, False, False)
    """
    key = hashlib.blake2b(
        np.ascontiguousarray(times).view(np.uint8).data, digest_size=16, key=times.dtype.str.encode()
    ).digest()
    if key not in _READ:
        if len(_READ) >= _MOST_READ:
            _READ.clear()
        _READ[key] = _rhythm_of(times)
    return _READ[key]


def _rhythm_of(times: NDArray[Any]) -> Rhythm:
    dated = times.dtype.kind == "M"
    if len(times) < 2:
        return Rhythm("fixed", DAY_NS) if dated else Rhythm("count")
    gaps: NDArray[Any] = np.diff(times.astype(np.int64))
    step = int(np.median(gaps))
    if not dated:
        return Rhythm("count", max(step, 1))
    if step < DAY_NS:
        return _within_days(times, gaps) or Rhythm("fixed", max(step, 1))
    days = times.astype("datetime64[D]")
    if anchor := month_days(days):
        return Rhythm("monthdays", anchor=anchor)
    return _months(days, gaps) or _days(days, gaps) or _weeks(days, gaps) or Rhythm("fixed", step)


def _days(days: NDArray[Any], gaps: NDArray[Any]) -> Rhythm | None:
    """Days of the week that a series holds; None where it is no daily series."""
    if np.median(gaps) >= WEEK_NS or (gaps % DAY_NS).any() or gaps.min() <= 0:
        return None
    counts = np.bincount(weekday(days), minlength=7)
    every = np.arange(days[0], days[-1] + _DAY)
    possible = np.bincount(weekday(every), minlength=7)
    held: NDArray[Any] = counts >= np.maximum(_OPEN * possible, 1)
    unseen = possible == 0
    held[:5] |= unseen[:5]
    weekend = held[5:].any()
    held[5:] |= unseen[5:] & weekend  # who trades on Saturdays, and was not seen on a Sunday, may hold all days
    if not unseen.any() and held.all():
        return None if (gaps == DAY_NS).mean() <= _OPEN else Rhythm("fixed", DAY_NS)
    inside = held[weekday(days)]
    full = inside.sum() / max(1, possible[held].sum())
    if inside.mean() < 1 - _MOST_CLOSED or (full < _FULL and gaps.min() != DAY_NS) or full < _OPEN:
        return None
    if held.all():
        return Rhythm("fixed", DAY_NS)
    return Rhythm("week", 1, tuple(held.tolist()))


def _weeks(days: NDArray[Any], gaps: NDArray[Any]) -> Rhythm | None:
    """One day every so many weeks, shifted by a day or two where a holiday falls on it."""
    weeks = np.rint(gaps / WEEK_NS)
    if (weeks < 1).any() or (np.abs(gaps / WEEK_NS - weeks) > 2.1 / 7).any():
        return None
    if (weeks % int(np.median(weeks)) != 0).mean() > IRREGULAR:
        return None  # now four weeks, now five
    counts = np.bincount(weekday(days), minlength=7)
    if counts.max() < _FULL * len(days):
        return None
    return Rhythm("weeks", int(np.median(weeks)), anchor=str(int(counts.argmax())))


def _months(days: NDArray[Any], gaps: NDArray[Any]) -> Rhythm | None:
    """Tell a day every so many months; a month may be missing here or there."""
    firsts = days.astype("datetime64[M]")
    months: NDArray[Any] = np.diff(firsts.astype(np.int64))
    if months.min() > 0 and (anchor := _nth_weekday(days, firsts)):
        return Rhythm("months", int(np.median(months)), anchor=anchor)
    if months.min() <= 0 or not (np.abs(gaps / DAY_NS / months - 30.4) < 4).all():
        return None
    step = int(np.median(months))
    ends = (firsts + 1).astype("datetime64[D]") - _DAY
    if (days == ends).all():
        return Rhythm("months", step, anchor="end")
    starts = firsts.astype("datetime64[D]")
    anchors = (
        ("first", np.busday_offset(starts, 0, roll="forward"), not (days == starts).all()),
        ("last", np.busday_offset(ends, 0, roll="backward"), True),
    )
    for name, usual, possible in anchors:
        near = np.abs((days - usual).astype(np.int64)) <= 4
        varied = len(np.unique((days - starts).astype(np.int64))) > 1
        if possible and varied and len(days) > 2 and near.all() and (days == usual).mean() >= _ANCHORED:
            return Rhythm("months", step, anchor=name)
    return Rhythm("months", step, anchor="day")


def _nth_weekday(days: NDArray[Any], firsts: NDArray[Any]) -> str:
    """Tell that all rows stand on the third Friday of their month, say, or on the last one; empty where they do not."""
    if len(days) < 4:
        return ""
    own = np.bincount(weekday(days), minlength=7)
    usual = int(own.argmax())
    into: NDArray[Any] = (days - firsts.astype("datetime64[D]")).astype(np.int64)
    left: NDArray[Any] = ((firsts + 1).astype("datetime64[D]") - days).astype(np.int64) - 1
    if len(np.unique(into)) < 3 or len(np.unique(left)) < 3:
        return ""
    for number, place in [*((n, into // 7 == n - 1) for n in (1, 2, 3, 4)), (0, left < 7)]:
        if (place & (weekday(days) == usual)).mean() >= 1 - _MOST_CLOSED:
            return f"{number}/{usual}"
    return ""


def _within_days(times: NDArray[Any], gaps: NDArray[Any]) -> Rhythm | None:
    """Hours of the week that a series holds; None where its steps are no multiples of one."""
    step = int(np.median(gaps))
    if step <= 0 or WEEK_NS % step or (gaps % step).any():
        return None
    slots = since_monday(times)
    phase = slots[0] % step
    day_slots = DAY_NS // step if DAY_NS % step == 0 else 0
    if not day_slots:
        return Rhythm("fixed", step)
    span = int(times[-1].astype("datetime64[ns]").astype(np.int64) - times[0].astype("datetime64[ns]").astype(np.int64))
    clock = slots % DAY_NS
    seen = np.unique(clock)
    if span < 2 * DAY_NS and len(seen) < day_slots and len(np.unique(times.astype("datetime64[D]"))) < 2:
        return Rhythm("fixed", step)  # within one day, where no night has been seen
    places = ((slots - phase) // step).astype(np.int64)
    counts = np.bincount(places, minlength=WEEK_NS // step)
    every = (np.arange(span // step + 1) + int(places[0])) % (WEEK_NS // step)
    possible = np.bincount(every, minlength=WEEK_NS // step)
    held: NDArray[Any] = counts >= np.maximum(_OPEN * possible, 1)
    if (possible == 0).any():  # less than a week: what a day holds, all of these days hold
        held = _by_the_day(held, possible, day_slots)
    if held.all():
        return Rhythm("fixed", step)
    inside = held[places]
    if inside.mean() < 1 - _MOST_CLOSED:
        return None
    return Rhythm("session", step, slots=tuple((np.flatnonzero(held) * step + phase).tolist()))


def _by_the_day(held: NDArray[np.bool_], possible: NDArray[np.int64], day_slots: int) -> NDArray[np.bool_]:
    """Return which slots of a week are open, ``[slots]``, where some slots were never observed.

    Every open day is given the same hours. Days that were never observed are open, except weekends where no weekend day
    that was observed is open.
    """
    by_day, seen = held.reshape(7, day_slots), possible.reshape(7, day_slots) > 0
    whole: Any = seen.any(axis=1)
    trading: Any = by_day.any(axis=1)
    counts = (seen & trading[:, None]).sum(axis=0)
    hours: Any = (by_day & seen).sum(axis=0) >= np.maximum(_OPEN * counts, 1)
    open_days = np.where(whole, trading, True)
    if not trading[5:].any() and not whole[5:].all():
        open_days[5:] = hours.all() & ~whole[5:]
    return (open_days[:, None] & hours[None, :]).ravel()
