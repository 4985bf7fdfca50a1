"""Offsets from UTC in text: one zone, one place whose clocks change, or a question that only the reader can answer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SeveralZonesError", "read_offsets"]


_DAILY = 20 * 3600 * 10**9  # nanoseconds; the days of a place are not all of 24 hours


class SeveralZonesError(ValueError):
    """Offsets of more than one place, of a place whose hour comes twice, or of some cells only; `why` says which."""

    def __init__(self, cell: str, why: str) -> None:
        super().__init__(cell)
        self.cell, self.why = cell, why


def read_offsets(
    cells: list[str], offsets: list[str | None], clock: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], str, str]:
    """Read the offsets of cells whose times on their own clocks are known.

    Parameters
    ----------
    cells
        The cells, for messages.
    offsets
        ``Z``, ``UTC`` or an offset such as ``-05:00``; None where a cell has none.
    clock
        The times as the cells show them.

    Returns
    -------
    The times on the clock; the times to count with (UTC where all offsets are one, else those on the clock); the zone,
    empty for times on the clock of a place whose offset changes; and one line that says so.

    Raises
    ------
    SeveralZonesError
        Where this cannot be told.

    Examples
    --------
    >>> clock = np.array(["2024-03-08", "2024-03-11"], dtype="datetime64[ns]")
    >>> read_offsets(["", ""], ["-05:00", "-05:00"], clock)[1].astype("datetime64[h]").astype(str).tolist()
    ['2024-03-08T05', '2024-03-11T05']
    """
    if None in offsets:
        raise SeveralZonesError(cells[offsets.index(None)], "has no offset from UTC, others have one")
    minutes = np.array([_minutes(each or "") for each in offsets])
    utc = clock - (minutes * 60 * 10**9).astype("timedelta64[ns]")
    if (minutes == minutes[0]).all():
        return clock, utc, _name(int(minutes[0])), ""
    found = sorted(set(minutes.tolist()))
    shown = ", ".join(_name(each).removeprefix("UTC") or "+00:00" for each in found)
    if len(found) > 2 or found[1] - found[0] > 60:
        raise SeveralZonesError(cells[int((minutes != minutes[0]).argmax())], f"offsets of several zones ({shown})")
    order = np.argsort(utc, kind="stable")
    if not (np.diff(clock[order].astype(np.int64)) > 0).all() and len(np.unique(utc)) == len(utc):
        raise SeveralZonesError(
            cells[int((minutes != minutes[0]).argmax())], f"an hour comes twice where the clock changes ({shown})"
        )
    taken, shown_steps = np.diff(utc[order].astype(np.int64)), np.diff(clock[order].astype(np.int64))
    step = int(np.median(taken))
    if 0 < step < _DAILY and (taken == step).sum() > (shown_steps == step).sum():
        raise SeveralZonesError(
            cells[int((minutes != minutes[0]).argmax())],
            f"steps within the day go on where the clock changes ({shown})",
        )
    return clock, clock, "", f"the offsets {shown} are those of one place: read as times on its own clock"


def _minutes(offset: str) -> int:
    text = offset.strip()
    if text in ("Z", "UTC", "GMT"):
        return 0
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "").ljust(4, "0")
    return sign * (int(digits[:2]) * 60 + int(digits[2:]))


def _name(minutes: int) -> str:
    if minutes == 0:
        return "UTC"
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
