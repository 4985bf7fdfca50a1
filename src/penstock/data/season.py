"""Seasons: the periods that a frequency suggests, and where in its season each row stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.month_days import month_places
from penstock.data.panel import Panel
from penstock.data.reading.notes import note
from penstock.data.rhythm import DAY_NS, Rhythm, read_rhythm, since_monday
from penstock.data.same_times import first_alike, over_all_rows
from penstock.errors import DataError, OptionError

__all__ = [
    "check_season", "season_note", "season_of", "season_of_panel", "season_places", "season_positions", "season_steps",
]  # fmt: skip

_MINUTE = 60 * 10**9


def season_steps(given: int | Sequence[int] | None) -> tuple[int, ...] | None:
    """Return the periods of an option ``season=``, ascending; () for 1, which is no season, and None for None.

    Raises
    ------
    OptionError
        Where a period is no whole number of steps.

    Examples
    --------
    >>> season_steps((168, 24)), season_steps(12), season_steps(1)
    ((24, 168), (12,), ())
    """
    if given is None:
        return None
    periods = tuple(given) if isinstance(given, Sequence) else (given,)
    for period in periods:
        if isinstance(period, bool) or not isinstance(period, (int, np.integer)) or period < 1:
            raise OptionError(
                f"season={given!r} holds {period!r}; allowed: steps as whole numbers, such as 12 or (24, 168)."
            )
    return tuple(sorted({int(period) for period in periods} - {1}))


def season_of(times: NDArray[Any], rows: int) -> tuple[int, ...]:
    """Return the periods that the frequency of a series suggests, of which `rows` hold two at least.

    Months have 12, quarters 4, business days 5 (or as many days as their week holds), days 7, weeks 52; below a day, a
    day and a week, or a session and those of a week. Counted steps have no frequency, and years no season.

    Examples
    --------
    >>> months = np.arange("2020-01", "2023-01", dtype="datetime64[M]").astype("datetime64[ns]")
    >>> hours = np.arange("2020-01-01", "2020-01-09", dtype="datetime64[h]").astype("datetime64[ns]")
    >>> season_of(months, 36), season_of(hours, 192), season_of(np.arange(9), 9)
    ((12,), (24,), ())
    """
    rhythm = read_rhythm(times)
    step = rhythm.step
    found: tuple[int, ...] = ()
    if rhythm.kind == "week":
        found = (sum(rhythm.week),)
    elif rhythm.kind == "months" and 12 % step == 0:
        found = (12 // step,)
    elif rhythm.kind == "monthdays":
        found = (12 * len(rhythm.anchor.split("+")),)
    elif rhythm.kind == "weeks" and 52 % step == 0:
        found = (52 // step,)
    elif rhythm.kind == "session":
        bars = np.bincount(np.array(rhythm.slots) // DAY_NS)
        daily = int(bars.max())
        found = (daily, len(rhythm.slots)) if (bars[bars > 0] == daily).all() else (len(rhythm.slots),)
    elif rhythm.kind == "fixed" and len(times) > 1:
        if step == DAY_NS:
            found = (7,)
        elif _MINUTE <= step < DAY_NS and DAY_NS % step == 0:
            found = (DAY_NS // step, 7 * DAY_NS // step)
    return tuple(period for period in found if 1 < period <= rows // 2)


def season_of_panel(panel: Panel) -> tuple[int, ...]:
    """Return the periods that the frequency of the longest series suggests, of which the median series holds two.

    A warning names a series whose frequency suggests others.

    Examples
    --------
    >>> season_of_panel(Panel(np.zeros(4), np.arange(4), np.array([0, 4]), (None,)))
    ()
    """
    longest, rows = int(np.argmax(panel.lengths)), int(np.median(panel.lengths))
    found = season_of(panel.times[panel.span(longest)], rows)
    for series in np.unique(first_alike(panel)).tolist():
        other = season_of(panel.times[panel.span(series)], rows)
        if other != found and panel.lengths[series] > max(rows // 2, 1):
            note(
                f"the frequency of {panel.ids[longest]!r} suggests a season of {_steps(found)}, that of "
                f"{panel.ids[series]!r} of {_steps(other)}; the first is taken for all. Give season=, or fit series of "
                "one frequency together."
            )
            break
    return found


def season_note(periods: Iterable[int]) -> str:
    """Say which season was taken from the frequency.

    Examples
    --------
    >>> season_note((24, 168)), season_note((1,))
    ('season of 24 and 168 steps, taken from the frequency', 'no season in the frequency')
    """
    taken = tuple(int(period) for period in periods if period > 1)
    return f"season of {_steps(taken)}, taken from the frequency" if taken else "no season in the frequency"


def _steps(season: tuple[int, ...]) -> str:
    return f"{' and '.join(map(str, season))} steps" if season else "none"


def season_positions(panel: Panel, season: tuple[int, ...]) -> NDArray[np.float64]:
    """Return sine and cosine of where in each period every row of a panel stands, ``[rows, 2 · periods]``.

    Series of one frequency stand alike at the same time; counted steps are taken by their number.

    Examples
    --------
    >>> panel = Panel(np.zeros(4), np.arange(4), np.array([0, 4]), (None,))
    >>> season_positions(panel, (4,)).round(6).tolist()
    [[0.0, 1.0], [1.0, 0.0], [0.0, -1.0], [-1.0, -0.0]]
    """
    periods = np.array(season, dtype=np.int64)
    angles = 2 * np.pi * (season_places(panel)[:, None] % periods) / periods
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(panel.rows, -1)


def season_places(panel: Panel) -> NDArray[np.int64]:
    """Count the steps since the epoch, in each series' own frequency, at every row of a panel.

    A row's place in a season is the remainder of its division by the period.
    """
    return over_all_rows(panel, lambda times, _: _places(times))


def check_season(season: tuple[int, ...], panel: Panel) -> None:
    """Refuse a period that is longer than every series.

    Raises
    ------
    DataError
        Where no series has as many rows as the longest period.
    """
    longest = int(panel.lengths.max())
    if season and season[-1] > longest:
        raise DataError(
            f"season={season[-1]} steps is longer than every series (the longest has {longest} training rows); give "
            "more rows, a shorter season, or season=1 for none."
        )


def _places(times: NDArray[Any]) -> NDArray[np.int64]:
    """Count the steps of a series' own frequency since the epoch, at each of its times."""
    rhythm = read_rhythm(times)
    step = rhythm.step
    if rhythm.kind == "count":
        return np.asarray(times, dtype=np.int64) // step
    days = times.astype("datetime64[D]")
    monday = np.datetime64("1970-01-05")
    if rhythm.kind == "week":
        return np.asarray(np.busday_count(monday, days, weekmask=rhythm.open_days), dtype=np.int64)
    if rhythm.kind == "months":
        return days.astype("datetime64[M]").astype(np.int64) // step
    if rhythm.kind == "monthdays":
        return month_places(days, rhythm.anchor)
    if rhythm.kind == "weeks":  # a holiday shifts a day, and not its week
        return (days - monday).astype(np.int64) // (7 * step)
    if rhythm.kind == "session":
        return _bars(times, rhythm)
    return times.astype("datetime64[ns]").astype(np.int64) // step


def _bars(times: NDArray[Any], rhythm: Rhythm) -> NDArray[np.int64]:
    """Count the bars of all sessions since the first Monday of the epoch."""
    since: NDArray[Any] = since_monday(times)
    mondays: NDArray[Any] = times.astype("datetime64[ns]").astype(np.int64) - since
    weeks = (mondays - 4 * DAY_NS) // (7 * DAY_NS)
    return np.asarray(weeks * len(rhythm.slots) + np.searchsorted(np.array(rhythm.slots), since), dtype=np.int64)
