"""Times of one path in one round, and what is kept of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Round", "Seconds", "Times", "sample"]


class Seconds(list[float]):
    """What a call returns that has timed its own parts, such as the epochs of a training: their seconds."""


def sample(call: Callable[[], object], seconds: float, least: int = 3) -> list[float]:
    """Time calls, one by one, for so many seconds; go on to so many calls unless that takes thrice as long.

    Of a call that returns :class:`Seconds`, these are the times.
    """
    times: list[float] = []
    while sum(times) < seconds or (len(times) < least and sum(times) < 3 * seconds) or not times:
        began = time.perf_counter()
        found = call()
        times.extend(found if isinstance(found, Seconds) else [time.perf_counter() - began])
    return times


@dataclass(frozen=True)
class Round:
    """What is kept of one round: seconds a unit."""

    samples: int
    minimum: float
    quartile: float
    median: float
    third_quartile: float

    @classmethod
    def of(cls, times: list[float]) -> Round:
        """Sum up times.

        Examples
        --------
        >>> Round.of([3.0, 1.0, 2.0, 4.0, 5.0])
        Round(samples=5, minimum=1.0, quartile=2.0, median=3.0, third_quartile=4.0)
        """
        quartiles = statistics.quantiles(times, n=4, method="inclusive") if len(times) > 1 else times * 3
        return cls(len(times), min(times), *quartiles)


@dataclass(frozen=True)
class Times:
    """Rounds of one path and way; the figure is the median of the rounds' medians."""

    way: str
    rounds: tuple[Round, ...]

    @property
    def figure(self) -> float:
        """Median over the rounds of their medians, in seconds."""
        return statistics.median(each.median for each in self.rounds)

    @property
    def minimum(self) -> float:
        """The fastest call of all."""
        return min(each.minimum for each in self.rounds)
