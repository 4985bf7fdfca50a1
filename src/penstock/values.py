"""Names and labels as JSON holds them: text, numbers, booleans, dates and times."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterable
from typing import Any

from penstock.errors import DataError

__all__ = ["from_plain", "storable", "stored_count", "to_plain"]


def to_plain(value: Any) -> Any:
    """Return a value as JSON holds it, dates and times as ``{"date": ...}`` and ``{"datetime": ...}``.

    Raises
    ------
    TypeError
        For a value of another type, or of a precision that would be lost: a time of nanoseconds.

    Examples
    --------
    >>> import numpy as np
    >>> to_plain(datetime.date(2024, 2, 29)), to_plain(np.int64(3)), from_plain({"date": "2024-02-29"})
    ({'date': '2024-02-29'}, 3, datetime.date(2024, 2, 29))
    """
    numpy = sys.modules.get("numpy")  # no value is one of its own before it is imported
    if numpy is not None and isinstance(value, numpy.generic):
        value = value.item()
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, datetime.datetime) and not getattr(value, "nanosecond", 0):
        return {"datetime": value.isoformat()}
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return {"date": value.isoformat()}
    raise TypeError(f"{value!r} is of the type {type(value).__name__}")


def from_plain(value: Any) -> Any:
    """Return the value that :func:`to_plain` was given; a time comes back as :class:`datetime.datetime`."""
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return {"date": datetime.date, "datetime": datetime.datetime}[kind].fromisoformat(text)
    return value


def storable(values: Iterable[Any], what: str) -> list[Any]:
    """Return names or labels as JSON holds them, or refuse those that no model file can hold.

    Parameters
    ----------
    values
        The names or labels.
    what
        What they are, for the message: ``"labels"``.

    Raises
    ------
    DataError
        For a value that :func:`to_plain` does not know.

    Examples
    --------
    >>> storable([("a", 1)], "labels")
    Traceback (most recent call last):
    penstock.errors.DataError: labels: ('a', 1) is of the type tuple, which no model file can hold; allowed: text, \
numbers, True and False, dates, and times of microseconds. Turn it into text first: str(...).
    """
    try:
        return [to_plain(value) for value in values]
    except TypeError as error:
        raise DataError(
            f"{what}: {error}, which no model file can hold; allowed: text, numbers, True and False, dates, and times "
            "of microseconds. Turn it into text first: str(...)."
        ) from None


def stored_count(value: Any, what: str, most: int = 1_000_000) -> int:
    """Return a number of a model file that memory is made for, or refuse one that no fit leaves.

    Raises
    ------
    ValueError
        Where it is no whole number from 1 to `most`.

    Examples
    --------
    >>> stored_count(63, "steps")
    63
    >>> stored_count(10**9, "steps")
    Traceback (most recent call last):
    ValueError: 1000000000 steps are not possible; allowed: 1 to 1,000,000
    """
    if type(value) is not int or not 1 <= value <= most:
        raise ValueError(f"{str(value)[:40]} {what} are not possible; allowed: 1 to {most:,}")
    return value
