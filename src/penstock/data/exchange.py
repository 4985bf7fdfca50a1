"""Trading days of exchanges, holidays left out, from `pandas_market_calendars` (the extra ``calendars``)."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import checked_choice, described
from penstock.errors import DataError, OptionError

__all__ = ["days_after", "open_days", "require_exchange"]

_MARGIN = 30  # days beyond those that business days would take


def require_exchange(name: str) -> None:
    """Refuse an exchange that is not known, or say what to install.

    Raises
    ------
    OptionError
        Where its calendar is not there.
    """
    if not isinstance(name, str):
        raise OptionError(f"calendar={described(name)}; allowed: the name of an exchange, such as 'NYSE'.")
    checked_choice("calendar", name, _library().get_calendar_names())


def open_days(name: str, first: Any, last: Any) -> NDArray[Any]:
    """Give the trading days from `first` to `last`, both included, as datetime64[D].

    Examples
    --------
    >>> open_days("NYSE", "2024-12-23", "2024-12-27").astype(str).tolist()  # doctest: +SKIP
    ['2024-12-23', '2024-12-24', '2024-12-26', '2024-12-27']
    """
    first, last = np.datetime64(first, "D"), np.datetime64(last, "D")
    years: NDArray[Any] = np.array([first, last]).astype("datetime64[Y]").astype(np.int64) + 1970
    parts = [_year(name, int(year)) for year in range(int(years[0]), int(years[1]) + 1)]
    days = np.concatenate(parts)
    return days[(days >= first) & (days <= last)]


def days_after(name: str, day: Any, steps: int) -> NDArray[Any]:
    """Give the `steps` trading days after a day.

    Raises
    ------
    DataError
        Where the calendar does not reach so far.
    """
    first = np.datetime64(day, "D") + 1
    found = open_days(name, first, first + _MARGIN + 2 * steps)
    if len(found) < steps:
        raise DataError(f"{name} has {len(found)} known trading days after {day}; {steps} are needed: forecast fewer.")
    return found[:steps]


def _library() -> Any:
    try:
        return import_module("pandas_market_calendars")
    except ImportError as error:
        raise OptionError(
            "calendar= needs pandas_market_calendars, which is not installed: pip install 'penstock[calendars]'."
        ) from error


@lru_cache(512)
def _year(name: str, year: int) -> NDArray[Any]:
    require_exchange(name)
    days = _library().get_calendar(name).valid_days(f"{year}-01-01", f"{year}-12-31")
    return np.asarray(days.tz_localize(None).to_numpy().astype("datetime64[D]"))
