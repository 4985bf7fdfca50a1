"""The rhythms of the series of one frame: one for all, or some with their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.exchange import open_days
from penstock.data.panel import Panel
from penstock.data.rhythm import DAY_NS, Rhythm, read_rhythm
from penstock.errors import DataError
from penstock.values import from_plain, storable

__all__ = ["NO_RHYTHMS", "Rhythms"]


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
        seen: dict[bytes, Rhythm] = {}
        found = []
        for series, name in enumerate(panel.ids):
            known = like.of(name) if like is not None and (name in fitted or len(fitted) == len(panel) == 1) else None
            if known is not None and known.agrees(clock(panel.times[panel.span(series)], known)):
                found.append(known)
                continue
            times = clock(panel.times[panel.span(series)], None)
            key = times.tobytes() if len(panel) > 1 else b""
            if key not in seen:
                seen[key] = read_rhythm(times)
                if exchange:
                    seen[key] = _of_exchange(seen[key], times, exchange, panel.name(series))
            found.append(seen[key])
        usual = Counter(found).most_common(1)[0][0]
        others = {name: each for name, each in zip(panel.ids, found, strict=True) if each != usual}
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
