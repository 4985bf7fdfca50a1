"""Series with two or three days in each month: the 1st and the 15th, the 15th and the last, the 1st, 11th and 21st."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

__all__ = ["MONTH_DAYS", "month_days", "month_days_at", "month_places"]

_END = 31  # stands for the last day of a month, whichever it is
_DAY = np.timedelta64(1, "D")
_MOST_MISSING = 0.1

MONTH_DAYS = frozenset(
    "+".join(map(str, days)) for count in (2, 3) for days in combinations([*range(1, 29), _END], count)
)
"""All anchors: days of the month joined by a plus, 31 for the last."""


def month_days(days: NDArray[np.datetime64]) -> str:
    """Tell the two or three days of the month on which all rows stand; empty where there are no such days.

    Parameters
    ----------
    days
        Rising days, datetime64[D]; at least two of each.

    Examples
    --------
    >>> month_days(np.array(["2024-01-01", "2024-01-15", "2024-02-01", "2024-02-15"], dtype="datetime64[D]"))
    '1+15'
    >>> month_days(np.array(["2024-01-15", "2024-01-31", "2024-02-15", "2024-02-29"], dtype="datetime64[D]"))
    '15+31'
    """
    number = _numbers(days)
    found = np.unique(number)
    if not 2 <= len(found) <= 3 or len(days) < 2 * len(found) or "+".join(map(str, found)) not in MONTH_DAYS:
        return ""
    anchor = "+".join(map(str, found))
    steps: NDArray[np.int64] = np.diff(month_places(days, anchor))
    whole = (np.diff(found) >= 7).all() and steps.min() >= 1 and (steps > 1).mean() <= _MOST_MISSING
    return anchor if whole else ""


def month_places(days: NDArray[np.datetime64], anchor: str) -> NDArray[np.int64]:
    """Count the rows of such a series since 1970 at each of its days."""
    own = np.array([int(each) for each in anchor.split("+")])
    months = days.astype("datetime64[M]").astype(np.int64)
    return months * len(own) + np.minimum(np.searchsorted(own, _numbers(days)), len(own) - 1)


def month_days_at(places: NDArray[np.int64], anchor: str) -> NDArray[np.datetime64]:
    """Give the days at which the rows of these places stand; what :func:`month_places` counts.

    Examples
    --------
    >>> days = np.array(["2024-01-31", "2024-02-15"], dtype="datetime64[D]")
    >>> month_days_at(month_places(days, "15+31") + 1, "15+31").astype(str).tolist()
    ['2024-02-15', '2024-02-29']
    """
    own = np.array([int(each) for each in anchor.split("+")])
    months = (places // len(own)).astype("datetime64[M]")
    last = (months + 1).astype("datetime64[D]") - _DAY
    return np.minimum(months.astype("datetime64[D]") + (own[places % len(own)] - 1), last)


def _numbers(days: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Give the days of the month, 31 for the last one."""
    months = days.astype("datetime64[M]")
    last = (months + 1).astype("datetime64[D]") - _DAY
    number: NDArray[np.int64] = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    return np.where(days == last, _END, number)
