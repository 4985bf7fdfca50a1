"""Times of a stream: read from what is given, and held against the rhythm of their series."""

from __future__ import annotations

import datetime
from collections.abc import Hashable
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from penstock.data.calendar import off_step
from penstock.data.frames import FrameKind
from penstock.data.panel import series_name
from penstock.data.rhythm import DAY_NS
from penstock.data.times import read_times, show_time
from penstock.errors import DataError

__all__ = ["MOST_CARRIED", "MOST_COUNTED", "StreamClock"]

MOST_CARRIED = 10_000
"""Rows that are carried forward at once, at most: a time that is wrong by years must not fill the memory."""

MOST_COUNTED = 2**62
"""Counted steps are below it: differences between two fit into 64 bits."""

_AHEAD = 256  # times worked out at once where a rhythm is no constant step


class StreamClock:
    """Reads times as whole numbers: counted steps as they are, dates as nanoseconds in UTC since 1970.

    Parameters
    ----------
    kind
        How the frame of the fit wrote its times, and the rhythms of its series.
    """

    def __init__(self, kind: FrameKind) -> None:
        self.kind = kind
        self.counts = kind.counts_steps
        self.dtype = np.dtype(np.int64) if self.counts else np.dtype("datetime64[ns]")
        self._next: dict[Hashable, tuple[list[int], int]] = {}

    def read(self, time: Any) -> int:
        """Return a time as a whole number.

        Raises
        ------
        DataError
            For what is no time, or one with a zone where the column has none, or the reverse.
        """
        if type(time) is int and self.counts:
            return _counted(time)
        if isinstance(time, np.datetime64) and not self.counts and self.kind.zone is None:
            if np.isnat(time):
                raise DataError("the time is NaT; every row needs its time.")
            found = time.astype("datetime64[ns]")
            if found.astype(time.dtype) != time:  # numpy wraps around without a word
                raise DataError(
                    f"the time {time} lies beyond what 64 bits of nanoseconds hold: the years 1678 to 2262."
                )
            return int(found.astype(np.int64))
        return self._read_slowly(time)

    def _read_slowly(self, time: Any) -> int:
        name, zone = self.kind.columns.time, self.kind.zone
        written = self.kind.form.kind != "native" or self.kind.time == nw.String
        if written and (isinstance(time, (str, int, float, np.number)) or type(time).__name__ == "Period"):
            import pandas as pd

            frame: Any = nw.from_native(pd.DataFrame({name: [time]}), eager_only=True)
            return int(read_times(frame[name], self.kind.form)[0].astype(np.int64)[0])
        if self.counts:
            if isinstance(time, (int, float, np.number)) and not isinstance(time, bool) and float(time).is_integer():
                return _counted(int(time))
            raise DataError(f"the time {time!r} is no whole number, but the column {name!r} of the fit counted steps.")
        if isinstance(time, (bool, int, float, np.number)):
            raise DataError(
                f"the time {time!r} is a number, but the column {name!r} of the fit held dates; give a date, such as "
                "numpy.datetime64 or text in ISO 8601."
            )
        if not isinstance(time, (str, datetime.date, np.datetime64)):
            raise DataError(f"{time!r} is no time; give a date, such as numpy.datetime64 or text in ISO 8601.")
        import pandas as pd

        try:
            stamp = pd.Timestamp(time)
            stamp = stamp if stamp is pd.NaT else stamp.as_unit("ns")  # from 1677 to 2262
        except (ValueError, TypeError) as error:
            raise DataError(f"{time!r} is no time: {error}.") from None
        if stamp is pd.NaT:
            raise DataError("the time is NaT; every row needs its time.")
        if (stamp.tzinfo is None) != (zone is None):
            has, wants = ("no time zone", zone) if zone else (f"the time zone {stamp.tzinfo}", "none")
            raise DataError(f"the time {time!r} has {has}, the column {name!r} of the fit {wants}; give both the same.")
        return int(stamp.value)

    def show(self, time: int) -> str:
        """Write a time in a message."""
        return show_time(np.int64(time).view(self.dtype) if not self.counts else time)

    def step(self, name: Hashable) -> int:
        """Return the constant step of a series, or 0 where it has none."""
        rhythm = self.kind.rhythms.of(name)
        if rhythm is None or rhythm.kind not in ("count", "fixed"):
            return 0
        return 0 if self.kind.zone is not None and rhythm.step >= DAY_NS else int(rhythm.step)

    def missing(self, times: NDArray[np.int64], time: int, name: Hashable) -> list[int]:
        """Return the times that are missing between the last of `times` and `time`, in the rhythm of a series."""
        expected, place = self._next.get(name, ([], 0))
        if place < len(expected) and expected[place] == time:
            self._next[name] = (expected, place + 1)
            return []
        both = np.append(times, time).view(self.dtype)
        if step := self.step(name):
            taken = np.diff(np.append(times, time)).astype(np.float64) / step
            off = off_step(taken)
            if off[-1] and not off[:-1].any():
                raise DataError(
                    f"the row at {self.show(time)}{series_name(name)} is {taken[-1]:.3g} steps later than the newest, "
                    f"at {self.show(int(times[-1]))}; push rows a whole number of steps apart, or fit again on rows "
                    "like these."
                )
        gap = int(self.kind.missing_steps(both, name)[-1])
        if gap > MOST_CARRIED:
            raise DataError(
                f"{gap:,} rows are missing between {self.show(int(times[-1]))} and {self.show(time)}; at most "
                f"{MOST_CARRIED:,} are carried forward at once: push the rows between, or begin a stream of a model "
                "that was updated or fitted with later rows."
            )
        found = self.after(times, gap, name).view(np.int64).tolist() if gap else []
        self._next.pop(name, None)
        if not gap and not self.step(name):
            self._next[name] = (self.after(both.view(np.int64), _AHEAD, name).view(np.int64).tolist(), 0)
        return found

    def after(self, times: NDArray[np.int64], steps: int, name: Hashable) -> NDArray[Any]:
        """Return the times of the `steps` steps after the last of `times`."""
        return np.asarray(self.kind.next_times(times.view(self.dtype), steps, name)).astype(self.dtype)


def _counted(time: int) -> int:
    """Return a counted step; refuse one that lies beyond what compiled steps count."""
    if not -MOST_COUNTED < time < MOST_COUNTED:
        raise DataError("the time lies beyond 2**62; give a step as the fit counted them.")
    return time
