"""A panel: many series in one flat array with offsets."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["Panel"]


@dataclass(frozen=True, eq=False)
class Panel:
    """Many series of one target, end to end in flat arrays.

    Attributes
    ----------
    y
        Values of all series, one after the other, ``[rows]``, float64.
    times
        Time of each row, ``[rows]``: datetime64[ns], or int64 where the frame counted steps.
    offsets
        Row at which each series starts, and the end of the last, ``[series + 1]``.
    ids
        Name of each series, ``[series]``; ``(None,)`` for a single series without a name.
    """

    y: NDArray[np.float64]
    times: NDArray[np.generic]
    offsets: NDArray[np.int64]
    ids: tuple[Hashable, ...]

    def __len__(self) -> int:
        """Count the series."""
        return len(self.ids)

    @property
    def rows(self) -> int:
        """Count the rows of all series together."""
        return int(self.offsets[-1])

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Count the rows of each series, ``[series]``."""
        return np.diff(self.offsets)

    @property
    def shortest(self) -> int:
        """Index of the series with the fewest rows."""
        return int(np.argmin(self.lengths))

    def span(self, series: int) -> slice:
        """Give the flat rows of one series."""
        return slice(int(self.offsets[series]), int(self.offsets[series + 1]))

    def series_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tell to which series each flat row belongs, ``[n]``."""
        return np.searchsorted(self.offsets, rows, side="right") - 1

    def name(self, series: int) -> str:
        """Name a series in a message; nothing where the only series has no name."""
        return "" if self.ids[series] is None else f" of series {self.ids[series]!r}"

    def place(self, row: int) -> str:
        """Tell a flat row in a message, as the row of its own series."""
        series = int(self.series_of(np.array([row]))[0])
        return f"row {row - int(self.offsets[series])}{self.name(series)}"

    def between(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Panel:
        """Keep the rows ``starts[s]`` to ``ends[s]`` (flat, end excluded) of every series."""
        keep = np.concatenate([np.arange(start, end) for start, end in zip(starts, ends, strict=True)])
        offsets = np.concatenate([[0], np.cumsum(ends - starts)])
        return Panel(self.y[keep], self.times[keep], offsets, self.ids)

    def before(self, ends: NDArray[np.int64]) -> Panel:
        """Keep the rows of every series before ``ends[s]`` (flat): what was known then."""
        return self.between(self.offsets[:-1], ends)

    def last(self, count: int) -> Panel:
        """Keep at most the last `count` rows of every series."""
        return self.between(np.maximum(self.offsets[:-1], self.offsets[1:] - count), self.offsets[1:])

    def with_values(self, y: NDArray[np.float64]) -> Panel:
        """Put other values at the same rows."""
        return replace(self, y=y)
