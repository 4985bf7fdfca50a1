"""The times after the last: how a series steps, read from its own timestamps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["next_times"]

_DAY = np.timedelta64(1, "D")
_DAY_NS = 86_400 * 10**9


def next_times(times: NDArray[Any], steps: int) -> NDArray[Any]:
    """Continue timestamps by `steps`, in the rhythm that they show.

    Counted steps go on by their usual step. Daily dates that never fall on a weekend go on by business days (holidays
    are not known); dates once a month, quarter or year keep their place in the month; all else goes on by the median
    step.

    Examples
    --------
    >>> import numpy as np
    >>> fridays = np.array(["2018-12-27", "2018-12-28"], dtype="datetime64[ns]")
    >>> next_times(np.array(["2018-12-26", *fridays], dtype="datetime64[ns]"), 2).astype("datetime64[D]").tolist()
    [datetime.date(2018, 12, 31), datetime.date(2019, 1, 1)]
    """
    ahead = np.arange(1, steps + 1)
    if len(times) < 2:
        return times[-1] + ahead * (_DAY if times.dtype.kind == "M" else 1)
    gaps = np.diff(times.astype(np.int64))
    step = np.median(gaps)
    if times.dtype.kind != "M":
        return times[-1] + ahead * max(int(step), 1)
    days = times.astype("datetime64[D]")
    clock = times[-1] - days[-1]
    if gaps.min() == _DAY_NS and np.is_busday(days).all():
        return np.busday_offset(days[-1], ahead, roll="backward").astype(times.dtype) + clock
    months = np.diff(days.astype("datetime64[M]").astype(np.int64))
    if (
        months.min() > 0 and (np.abs(gaps / _DAY_NS / months - 30.4) < 3.5).all()
    ):  # a month may be missing here or there
        return _months_ahead(days, ahead * int(np.median(months))).astype(times.dtype) + clock
    return times[-1] + ahead * np.timedelta64(int(step), "ns")


def _months_ahead(days: NDArray[Any], months: NDArray[np.int64]) -> NDArray[Any]:
    firsts = days.astype("datetime64[M]")
    ends = (firsts + 1).astype("datetime64[D]") - _DAY
    target = firsts[-1] + months
    last_day = (target + 1).astype("datetime64[D]") - _DAY
    if (days == ends).all():
        return last_day
    day = (days - firsts.astype("datetime64[D]")).max()
    return np.minimum(target.astype("datetime64[D]") + day, last_day)
