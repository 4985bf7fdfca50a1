"""Times as numbers: months (201901), quarters (20234), days (20220105), years with a share, epochs; else counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.reading.form import Form

__all__ = ["MonthsOrQuartersError", "are_dates", "decimal_years", "whole_times"]

_FIRST, _LAST = 1800, 2200  # years that a number is taken for a date of
_EPOCHS = (("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9))
_SINCE, _UNTIL = 631_152_000, 4_102_444_800  # 1990 to 2100, in seconds


class MonthsOrQuartersError(ValueError):
    """The numbers 1 to 4 behind one year: months or quarters."""


def whole_times(numbers: NDArray[np.int64], kind: str = "int", like: str = "") -> tuple[NDArray[Any], Form, str] | None:
    """Read whole numbers as dates, each different one once; None where they count steps.

    Parameters
    ----------
    numbers
        The numbers.
    kind
        How they are written: ``int`` or ``text``.
    like
        The pattern of an earlier frame of the same kind, which decides where the numbers leave it open.

    Returns
    -------
    The times, their form, and one line that says how they were read.

    Raises
    ------
    MonthsOrQuartersError
        For the numbers 201001 to 201004 of a single year, which may be months or quarters.

    Examples
    --------
    >>> times, form, said = whole_times(np.array([201911, 201912]))
    >>> times.astype("datetime64[M]").astype(str).tolist(), form.write(times + np.timedelta64(31, "D")).tolist()
    (['2019-11', '2019-12'], [201912, 202001])
    >>> whole_times(np.array([2018, 2019])) is None
    True
    """
    least, most = int(numbers.min()), int(numbers.max())
    for digits, pattern in _STAMPS.items():
        if least >= _FIRST * 10 ** (digits - 4) and most < (_LAST + 1) * 10 ** (digits - 4):
            times = _stamps(numbers, digits)
            if times is not None:
                return times, Form(kind, pattern), f"read as days and hours: {least} is {_show(times.min(), 's')}"
    if least >= _FIRST * 10_000 and most < (_LAST + 1) * 10_000:
        days = _dates(numbers // 10_000, numbers // 100 % 100, numbers % 100)
        if days is not None:
            return days, Form(kind, "%Y%m%d"), f"read as days: {least} is {_show(days.min(), 'D')}"
    if least >= _FIRST * 100 and most < (_LAST + 1) * 100:
        quarters = _two_digit_quarters(numbers, like)
        if quarters is not None:
            said = f"read as quarters: {least} is quarter {least % 100} of {least // 100}"
            return quarters, Form(kind, _QUARTERS), said
        months = _dates(numbers // 100, numbers % 100, np.ones_like(numbers))
        if months is not None:
            return months, Form(kind, "%Y%m"), f"read as months: {least} is {_show(months.min(), 'M')}"
        weeks = _weeks(numbers // 100, numbers % 100)
        if weeks is not None:
            return weeks, Form(kind, "%G%V"), f"read as weeks: {least} is week {least % 100} of {least // 100}"
    if least >= _FIRST * 1000 and most < (_LAST + 1) * 1000:
        starts = _dates(numbers // 1000, np.ones_like(numbers), np.ones_like(numbers))
        days = None if starts is None else starts + (numbers % 1000 - 1).astype("timedelta64[D]")
        if days is not None and ((numbers % 1000 >= 1) & (_years(days) == numbers // 1000)).all():
            return days, Form(kind, "%Y%j"), f"read as days of years: {least} is {_show(days.min(), 'D')}"
    quarter = numbers % 10
    if (
        least >= _FIRST * 10 and most < (_LAST + 1) * 10
        and ((quarter >= 1) & (quarter <= 4)).all() and len(np.unique(quarter)) > 1
    ):  # fmt: skip
        starts = _dates(numbers // 10, 3 * quarter - 2, np.ones_like(numbers))
        if starts is not None:
            return starts, Form(kind, "%Y%q"), f"read as quarters: {least} is quarter {least % 10} of {least // 10}"
    for unit, scale in _EPOCHS:
        if _SINCE * scale <= least and most < _UNTIL * scale and not (numbers % min(60 * scale, 60 * 10**9)).any():
            nanoseconds = numbers * (10**9 // scale)
            times = nanoseconds.astype("datetime64[ns]")
            said = f"read as {_WORDS[unit]} since 1970: {least} is {_show(times.min(), 's')}"
            return times, Form(kind, f"epoch:{unit}"), said
    return None


def are_dates(numbers: NDArray[np.int64]) -> bool:
    """Whether whole numbers, each different one once, name dates."""
    try:
        return whole_times(numbers) is not None
    except MonthsOrQuartersError:
        return True


_QUARTERS = "%Y0%q"


def _two_digit_quarters(numbers: NDArray[np.int64], like: str) -> NDArray[Any] | None:
    """Read 201001 to 201004 as quarters, where several years hold all four and no more; None where they are months."""
    part = {*(numbers % 100).tolist()}
    if not part <= {1, 2, 3, 4} or like == "%Y%m":
        return None
    if like != _QUARTERS:
        if part != {1, 2, 3, 4}:
            return None
        if len(numbers) == 4 and len({*(numbers // 100).tolist()}) == 1:
            raise MonthsOrQuartersError
    return _dates(numbers // 100, 3 * (numbers % 100) - 2, np.ones_like(numbers))


_STAMPS = {10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


def _stamps(numbers: NDArray[np.int64], digits: int) -> NDArray[Any] | None:
    """Read days and clocks written as one number; None where one does not exist."""
    base = 10 ** (digits - 8)
    day, clock = numbers // base, numbers % base
    days = _dates(day // 10_000, day // 100 % 100, day % 100)
    parts = [clock // 100**place % 100 for place in range(digits // 2 - 5, -1, -1)]
    if days is None or (parts[0] > 23).any() or any((part > 59).any() for part in parts[1:]):
        return None
    seconds = sum(part * 60 ** (2 - place) for place, part in enumerate(parts))
    return days + np.asarray(seconds).astype("timedelta64[s]")


def _weeks(years: NDArray[np.int64], weeks: NDArray[np.int64]) -> NDArray[Any] | None:
    """Give the Mondays of ISO weeks; None where one does not exist."""
    if not ((weeks >= 1) & (weeks <= 53) & (years >= 1678) & (years <= 2261)).all():
        return None
    fourth = (years - 1970).astype("datetime64[Y]").astype("datetime64[D]") + 3
    mondays = fourth - (fourth.astype(np.int64) + 3) % 7 + 7 * (weeks - 1)
    return mondays.astype("datetime64[ns]") if (_years(mondays + 3) == years).all() else None


def _years(days: NDArray[Any]) -> NDArray[np.int64]:
    return np.asarray(days.astype("datetime64[Y]").astype(np.int64) + 1970)


_WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}


def decimal_years(
    numbers: NDArray[np.float64], digits: int, kind: str = "float"
) -> tuple[NDArray[Any], Form, str] | None:
    """Read years with a share (1990.25) or a month (1871.01) behind the point; None where they are something else.

    Parameters
    ----------
    numbers
        The numbers, each different one once.
    digits
        Digits behind the point; negative: at most so many.
    kind
        How they are written: ``float`` or ``text``.

    Examples
    --------
    >>> decimal_years(np.array([1990.0, 1990.25, 1990.5]), 2)[0].astype("datetime64[M]").astype(str).tolist()
    ['1990-01', '1990-04', '1990-07']
    >>> decimal_years(np.array([1871.09, 1871.1, 1871.11]), 2)[0].astype("datetime64[M]").astype(str).tolist()
    ['1871-09', '1871-10', '1871-11']
    """
    if not np.isfinite(numbers).all() or numbers.min() < _FIRST - 100 or numbers.max() > _LAST:
        return None
    years = np.floor(numbers + 1e-9)
    share = numbers - years
    hundredths = np.rint(share * 100)
    if (np.abs(share * 100 - hundredths) < 1e-6).all() and ((hundredths >= 1) & (hundredths <= 12)).all():
        months, pattern = hundredths, "year.month"
    else:
        months = np.rint(share * 12)
        if (np.abs(share * 12 - months) > 0.08).any():
            return None
        months, pattern = months + 1, f"year.{digits}"
    times = _dates((years + (months > 12)).astype(np.int64), ((months - 1) % 12 + 1).astype(np.int64), None)
    if times is None or len(np.unique(times)) < len(np.unique(numbers)):
        return None
    first = int(numbers.argmax())
    return times, Form(kind, pattern), f"read as months of years: {numbers[first]:g} is {_show(times[first], 'M')}"


def _dates(years: NDArray[np.int64], months: NDArray[np.int64], days: NDArray[np.int64] | None) -> NDArray[Any] | None:
    """Give the first of these months, or these days of them; None where one does not exist."""
    if not ((months >= 1) & (months <= 12) & (years >= 1678) & (years <= 2261)).all():
        return None
    starts = ((years - 1970) * 12 + months - 1).astype("datetime64[M]")
    dates = starts.astype("datetime64[D]")
    if days is not None:
        dates = dates + (days - 1)
        if not ((days >= 1) & (dates.astype("datetime64[M]") == starts)).all():
            return None
    return dates.astype("datetime64[ns]")


def _show(time: Any, unit: str) -> str:
    return str(time.astype(f"datetime64[{unit}]"))
