"""The rhythms of the series of one frame: one for all, or some with their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.calendar import off_step, steps_between
from penstock.data.exchange import open_days
from penstock.data.panel import Panel, series_name
from penstock.data.reading.notes import note
from penstock.data.rhythm import DAY_NS, IRREGULAR, Rhythm, read_rhythm
from penstock.data.same_times import of_each_series
from penstock.data.times import show_time
from penstock.errors import DataError
from penstock.values import from_plain, storable

__all__ = ["NO_RHYTHMS", "Rhythms"]

_FEW = 6  # rows of which no step can be called irregular


@dataclass(frozen=True)
class Rhythms:
    """The rhythm of each series, as the rows of a fit showed it, so that all calls go on alike.

    Attributes
    ----------
    common
        The rhythm of most series; None where none was kept (model files before 0.1).
    others
        The rhythm of each other series, by name.
    """

    common: Rhythm | None = None
    others: Mapping[Hashable, Rhythm] = field(default_factory=dict)

    def of(self, name: Hashable) -> Rhythm | None:
        """Give the rhythm of a series."""
        return self.others.get(name, self.common)

    @classmethod
    def read(
        cls, panel: Panel, clock: Callable[[NDArray[Any], Rhythm | None], NDArray[Any]], like: Rhythms | None = None,
        names: Iterable[Hashable] = (), exchange: str = "",
    ) -> Rhythms:  # fmt: skip
        """Tell the rhythm of each series of a panel.

        Parameters
        ----------
        clock
            Puts times on the clock of their own place, given their rhythm where it is known.
        like, names
            The rhythms and names of series that were fitted: one that the rows here do not contradict holds.
        exchange
            The exchange whose days the series hold; empty: that of the fitted series, if any.

        Raises
        ------
        DataError
            Where a row stands on a day on which the exchange is closed, or a series is no daily or intraday one.
        """
        exchange = exchange or (like.common.exchange if like is not None and like.common is not None else "")
        fitted = set(names)

        def known_of(name: Hashable) -> Rhythm | None:
            return like.of(name) if like is not None and (name in fitted or len(fitted) == len(panel) == 1) else None

        def read(times: NDArray[Any], name: Hashable) -> Rhythm:
            known = known_of(name)
            if known is not None and known.agrees(clock(times, known)):
                return known
            times = clock(times, None)
            rhythm = read_rhythm(times)
            return _of_exchange(rhythm, times, exchange, series_name(name)) if exchange else rhythm

        found = of_each_series(panel, read, known_of)
        _say_irregular(panel, clock, found)
        if len({*map(id, found)}) == 1:
            return cls(found[0])
        usual = Counter(found).most_common(1)[0][0]
        others = {
            name: each for name, each in zip(panel.ids, found, strict=True) if each is not usual and each != usual
        }
        return cls(usual, others)

    def to_json(self) -> dict[str, Any]:
        """Describe the rhythms for a model file."""
        if self.common is None:
            return {}
        kinds = list(dict.fromkeys(self.others.values()))
        others = [
            [kind.to_json(), storable([name for name, each in self.others.items() if each == kind], "series")]
            for kind in kinds
        ]
        return {"rhythm": self.common.to_json(), **({"other_rhythms": others} if others else {})}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Rhythms:
        """Read back what :meth:`to_json` gave."""
        if "rhythm" not in given:
            return NO_RHYTHMS
        others = {
            from_plain(name): Rhythm.from_json(kind) for kind, names in given.get("other_rhythms", []) for name in names
        }
        return cls(Rhythm.from_json(given["rhythm"]), others)


def _say_irregular(
    panel: Panel, clock: Callable[[NDArray[Any], Rhythm | None], NDArray[Any]], rhythms: list[Rhythm]
) -> None:
    """Say that series keep no step, so that their rows are taken one after the other."""
    by_name = dict(zip(panel.ids, rhythms, strict=True))

    def irregular(times: NDArray[Any], name: Hashable) -> bool:
        rhythm = by_name[name]
        if rhythm.kind not in ("fixed", "count") or len(times) <= _FEW:
            return False
        gaps: NDArray[Any] = np.diff(clock(times, rhythm).astype(np.int64))
        return bool((gaps != rhythm.step).mean() > IRREGULAR)

    def between(times: NDArray[Any], name: Hashable) -> NDArray[np.int64]:
        """Return the rows of a regular series that stand between its steps; days hold a row at any time."""
        rhythm = by_name[name]
        kept = rhythm.kind == "count" or (rhythm.kind == "fixed" and rhythm.step % DAY_NS)
        if not kept or len(times) <= _FEW or irregular(times, name):
            return np.zeros(0, dtype=np.int64)
        return np.flatnonzero(off_step(steps_between(clock(times, rhythm), rhythm))) + 1

    _say_between(panel, rhythms, of_each_series(panel, between, by_name.__getitem__))
    found = np.array(of_each_series(panel, irregular, by_name.__getitem__))
    if count := int(found.sum()):
        first = int(found.argmax())
        step = rhythms[first].step
        shown = f"{step}" if rhythms[first].kind == "count" else _duration(step)
        more = f", and those of {count - 1:,} further series" if count > 1 else ""
        note(
            f"the times{panel.name(first)}{more} keep no rhythm: more than a tenth of their steps are not of the usual "
            f"{shown}. The rows are taken one after the other, and forecasts go on by that step."
        )


def _say_between(panel: Panel, rhythms: list[Rhythm], between: list[NDArray[np.int64]]) -> None:
    """Say that single rows stand between the steps of a series that keeps one."""
    some = [series for series, rows in enumerate(between) if len(rows)]
    if some:
        first, step = some[0], rhythms[some[0]].step
        shown = f"{step}" if rhythms[first].kind == "count" else _duration(step)
        rows = between[first]
        more = f", and so do rows of {len(some) - 1:,} further series" if len(some) > 1 else ""
        follow = "rows{} do" if len(rows) > 1 else "row{} does"
        note(
            f"{len(rows):,} {follow.format(panel.name(first))} not follow the one before by a whole number of steps of "
            f"{shown}, the first at {show_time(panel.times[panel.offsets[first] + rows[0]])}{more}. The rows are taken "
            "one after the other, and rows that are missing there are not looked for."
        )


def _duration(nanoseconds: int) -> str:
    for name, size in (("days", DAY_NS), ("hours", 3600 * 10**9), ("minutes", 60 * 10**9), ("seconds", 10**9)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:g} {name}"
    return f"{nanoseconds} nanoseconds"


def _of_exchange(rhythm: Rhythm, times: NDArray[Any], exchange: str, whose: str) -> Rhythm:
    """Put a rhythm of days or sessions on the days of an exchange."""
    if (
        times.dtype.kind != "M"
        or rhythm.kind not in ("week", "session", "fixed")
        or (rhythm.kind == "fixed" and rhythm.step != DAY_NS)
    ):
        raise DataError(
            f"calendar={exchange!r} is for rows of days, or of sessions on several days{whose}; leave it out."
        )
    days = times.astype("datetime64[D]")
    closed = ~np.isin(days, open_days(exchange, days.min(), days.max()))
    if closed.any():
        raise DataError(
            f"{int(closed.sum())} rows{whose} stand on days on which {exchange} is closed, the first on "
            f"{days[closed.argmax()]}; name the exchange of these rows, or leave calendar= out (--calendar on the "
            "command line)."
        )
    if rhythm.kind == "session":
        return replace(rhythm, exchange=exchange)
    return Rhythm("week", exchange=exchange)


NO_RHYTHMS = Rhythms()
