"""The rhythm of a series, read from its own timestamps: the times after the last, and those missing between."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLOSED", "continue_times", "missing_steps", "next_times", "rhythm"]

CLOSED = 10
"""Business days in a row that a market may be closed for; more are missing rows."""

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
    return continue_times(times, len(times) - 1, steps)


def continue_times(times: NDArray[Any], row: int, steps: int) -> NDArray[Any]:
    """Give the `steps` times that follow the one in `row`, in the rhythm that all of them show."""
    ahead = np.arange(1, steps + 1)
    kind, step = rhythm(times)
    if kind == "count":
        return times[row] + ahead * step
    days = times.astype("datetime64[D]")
    clock = times[row] - days[row]
    if kind == "business":
        return np.busday_offset(days[row], ahead, roll="backward").astype(times.dtype) + clock
    if kind == "months":
        return _months_ahead(days, row, ahead * step).astype(times.dtype) + clock
    return times[row] + ahead * np.timedelta64(step, "ns")


def missing_steps(times: NDArray[Any]) -> NDArray[np.int64]:
    """Count the steps that are missing before each row, ``[rows]``.

    Rows are missing where a series that otherwise keeps its step, a day or longer, skips some: a month of monthly
    values, a week of weekly ones. Of business days at most :data:`CLOSED` in a row may be missing, for holidays are not
    known. Within the day nothing is judged, because markets close; and nothing where more than a tenth of all steps
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
    kind, step = rhythm(times)
    gaps = np.diff(times.astype(np.int64))
    days = times.astype("datetime64[D]") if kind != "count" else times
    if kind == "business":
        skipped = np.busday_count(days[:-1], days[1:]) - 1
        missing[1:] = np.where(skipped > CLOSED, skipped, 0)
        return missing
    if kind == "months":
        taken = np.diff(days.astype("datetime64[M]").astype(np.int64)) / step
    elif kind == "count" or step >= _DAY_NS:
        taken = gaps / step
    else:
        return missing
    whole = np.rint(taken)
    if (np.abs(taken - whole) > 0.25).any() or (whole < 1).any():
        return missing
    if len(gaps) >= 5 and (whole > 1).sum() <= max(1, len(gaps) / 10):
        missing[1:] = whole - 1
    return missing


def rhythm(times: NDArray[Any]) -> tuple[str, int]:
    """Tell the rhythm: counted steps, business days, months, or a fixed step in nanoseconds."""
    dated = times.dtype.kind == "M"
    if len(times) < 2:
        return ("fixed", _DAY_NS) if dated else ("count", 1)
    gaps = np.diff(times.astype(np.int64))
    step = int(np.median(gaps))
    if not dated:
        return "count", max(step, 1)
    days = times.astype("datetime64[D]")
    if gaps.min() == _DAY_NS and np.is_busday(days).all():
        return "business", 1
    months = np.diff(days.astype("datetime64[M]").astype(np.int64))
    if (
        months.min() > 0 and (np.abs(gaps / _DAY_NS / months - 30.4) < 3.5).all()
    ):  # a month may be missing here or there
        return "months", int(np.median(months))
    return "fixed", step


def _months_ahead(days: NDArray[Any], row: int, months: NDArray[np.int64]) -> NDArray[Any]:
    firsts = days.astype("datetime64[M]")
    ends = (firsts + 1).astype("datetime64[D]") - _DAY
    target = firsts[row] + months
    last_day = (target + 1).astype("datetime64[D]") - _DAY
    if (days == ends).all():
        return last_day
    day = (days - firsts.astype("datetime64[D]")).max()
    return np.minimum(target.astype("datetime64[D]") + day, last_day)
