"""Times as numbers: months (201901), quarters (20234), days (20220105), years with a share, epochs; else counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.reading.form import Form

__all__ = ["decimal_years", "whole_times"]

_FIRST, _LAST = 1800, 2200  # years that a number is taken for a date of
_EPOCHS = (("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9))
_SINCE, _UNTIL = 631_152_000, 4_102_444_800  # 1990 to 2100, in seconds


def whole_times(numbers: NDArray[np.int64], kind: str = "int") -> tuple[NDArray[Any], Form, str] | None:
    """Read whole numbers as dates, each different one once; None where they count steps.

    Parameters
    ----------
    numbers
        The numbers.
    kind
        How they are written: ``int`` or ``text``.

    Returns
    -------
    The times, their form, and one line that says how they were read.

    Examples
    --------
    >>> times, form, said = whole_times(np.array([201911, 201912]))
    >>> times.astype("datetime64[M]").astype(str).tolist(), form.write(times + np.timedelta64(31, "D")).tolist()
    (['2019-11', '2019-12'], [201912, 202001])
    >>> whole_times(np.array([2018, 2019])) is None
    True
    """
    least, most = int(numbers.min()), int(numbers.max())
    if least >= _FIRST * 10_000 and most < (_LAST + 1) * 10_000:
        days = _dates(numbers // 10_000, numbers // 100 % 100, numbers % 100)
        if days is not None:
            return days, Form(kind, "%Y%m%d"), f"read as days: {least} is {_show(days.min(), 'D')}"
    if least >= _FIRST * 100 and most < (_LAST + 1) * 100:
        months = _dates(numbers // 100, numbers % 100, np.ones_like(numbers))
        if months is not None:
            return months, Form(kind, "%Y%m"), f"read as months: {least} is {_show(months.min(), 'M')}"
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
        Digits behind the point, at most.
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
