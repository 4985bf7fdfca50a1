"""Calendar features: where in its hour, week, month or year each row stands, as known covariates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.calendar import continue_times
from penstock.data.panel import Panel
from penstock.data.rhythm import read_rhythm
from penstock.data.same_times import first_alike
from penstock.errors import DataError

__all__ = ["CALENDAR_FEATURES", "calendar_columns", "with_calendar"]

Values = NDArray[np.float64]


def _hour(times: NDArray[Any]) -> Values:
    return (times - times.astype("datetime64[D]")) / np.timedelta64(1, "D")


def _dayofweek(times: NDArray[Any]) -> Values:
    return (times.astype("datetime64[D]").astype(np.int64) + 3) % 7 / 7  # the epoch was a Thursday


def _day(times: NDArray[Any]) -> Values:
    months = times.astype("datetime64[M]")
    first, after = months.astype("datetime64[D]"), (months + 1).astype("datetime64[D]")
    return np.asarray((times.astype("datetime64[D]") - first) / (after - first), dtype=np.float64)


def _dayofyear(times: NDArray[Any]) -> Values:
    years = times.astype("datetime64[Y]")
    first, after = years.astype("datetime64[D]"), (years + 1).astype("datetime64[D]")
    return np.asarray((times.astype("datetime64[D]") - first) / (after - first), dtype=np.float64)


def _month(times: NDArray[Any]) -> Values:
    return times.astype("datetime64[M]").astype(np.int64) % 12 / 12


CALENDAR_FEATURES: dict[str, Callable[[NDArray[Any]], Values]] = {
    "hour": _hour,
    "dayofweek": _dayofweek,
    "day": _day,
    "dayofyear": _dayofyear,
    "month": _month,
}
"""Calendar features by the names that pandas gives them; each maps times to the share of its period that has passed."""


def calendar_columns(times: NDArray[Any], names: Sequence[str]) -> Values:
    """Return sine and cosine of the share of each period that has passed, ``[n, 2 · names]``.

    Parameters
    ----------
    times
        ``datetime64``, ``[n]``; those of a column with a time zone are in UTC.
    names
        Among :data:`CALENDAR_FEATURES`; ``hour`` counts minutes too.

    Raises
    ------
    DataError
        Where times are counts, which have no calendar.

    Examples
    --------
    >>> calendar_columns(np.array(["2024-01-01", "2024-04-01", "2024-07-01"], dtype="datetime64[ns]"), ["month"])
    array([[ 0.,  1.],
           [ 1.,  0.],
           [ 0., -1.]])
    """
    if times.dtype.kind != "M":
        raise DataError(
            f"calendar_features={list(names)} are read from dates, but the times are counts; give dates, or leave "
            "calendar_features= out."
        )
    angles = 2 * np.pi * np.stack([CALENDAR_FEATURES[name](times) for name in names], axis=1)
    return np.round(np.stack([np.sin(angles), np.cos(angles)], axis=-1), 15).reshape(len(times), -1) + 0.0


def with_calendar(panel: Panel, names: Sequence[str], steps: int) -> Panel:
    """Put calendar features behind the known covariates of a panel.

    Parameters
    ----------
    panel
        The series.
    names
        Among :data:`CALENDAR_FEATURES`.
    steps
        Steps ahead that they are continued by, in each series' own frequency, where the panel has no known covariates;
        else as many as it has of these.

    Examples
    --------
    >>> days = np.arange("2024-01-01", "2024-01-09", dtype="datetime64[D]").astype("datetime64[ns]")  # from a Monday on
    >>> panel = with_calendar(Panel(np.zeros(8), days, np.array([0, 8]), (None,)), ["dayofweek"], 4)
    >>> panel.known.shape, panel.ahead[0, :, 1].round(3).tolist()
    ((8, 2), [0.623, -0.223, -0.901, -0.901])
    """
    if not names:
        return panel
    if panel.known.shape[1]:
        steps = panel.ahead.shape[1]
    known = calendar_columns(panel.times, names)
    ahead = np.empty((len(panel), steps, known.shape[1]))
    if steps:
        alike = first_alike(panel)
        for series in np.unique(alike).tolist():
            times = panel.times[panel.span(series)]
            following = continue_times(times, len(times) - 1, steps, read_rhythm(times))
            ahead[alike == series] = calendar_columns(following, names)
    given = panel.ahead if panel.known.shape[1] else np.zeros((len(panel), steps, 0))
    return replace(panel, known=np.hstack([panel.known, known]), ahead=np.concatenate([given, ahead], axis=2))
