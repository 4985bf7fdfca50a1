"""The newest rows of every series of a stream, in memory that does not grow."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel

__all__ = ["StreamRows"]

Values = NDArray[np.float64]


class StreamRows:
    """The last `kept` rows of each series, as they were observed or carried forward.

    A buffer holds twice as many: it is moved to its front when it is full, so that a row costs constant time on average
    and the rows of a series always stand side by side.

    Parameters
    ----------
    series, kept
        Number of series, and rows kept of each.
    covariates
        Numbers beside the target in each row: past covariates, known ones, and what else is kept of a row.
    side_by_side
        Whether the rows of one time stand together in memory, instead of those of one series: what takes a row of every
        series then touches neighbours.

    Attributes
    ----------
    y, times, filled, covariates
        Buffers ``[series, 2 kept]``, of the covariates ``[series, 2 kept, covariates]``; times as whole numbers.
    count, end
        Rows held of each series, and the place behind its newest in the buffers, ``[series]``.

    Examples
    --------
    >>> rows = StreamRows(series=1, kept=2)
    >>> for time, value in enumerate([5.0, 6.0, np.nan, 8.0, 9.0]):
    ...     rows.append(0, time, value, ())
    >>> rows.y[0, rows.span(0)].tolist(), rows.times[0, rows.span(0)].tolist(), int(rows.count[0])
    ([8.0, 9.0], [3, 4], 2)
    """

    def __init__(self, series: int, kept: int, covariates: int = 0, *, side_by_side: bool = False) -> None:
        self.kept, self.side_by_side = kept, side_by_side
        self.y = self.buffer(series)
        self.times = self.buffer(series, dtype=np.int64)
        self.filled = self.buffer(series, dtype=np.uint8)
        self.covariates = self.buffer(series, covariates)
        self.count = np.zeros(series, dtype=np.int64)
        self.end = np.zeros(series, dtype=np.int64)

    def buffer(self, series: int, *width: int, dtype: Any = np.float64) -> NDArray[Any]:
        """Make a buffer ``[series, 2 kept, *width]``, laid out as those of the rows are."""
        if not self.side_by_side:
            return np.zeros((series, 2 * self.kept, *width), dtype)
        return np.zeros((2 * self.kept, series, *width), dtype).swapaxes(0, 1)

    def __len__(self) -> int:
        """Count the series."""
        return len(self.count)

    def span(self, series: int) -> slice:
        """Return where the rows of one series stand in the buffers."""
        end = int(self.end[series])
        return slice(end - int(self.count[series]), end)

    def newest(self) -> int | None:
        """Return the time of the newest row of all series; None where there is none."""
        held = np.flatnonzero(self.count)
        return int(self.times[held, self.end[held] - 1].max()) if len(held) else None

    def append(self, series: int, time: int, y: float, covariates: Sequence[float] | Values) -> None:
        """Take one row; a target or covariate that is NaN is carried forward from the row before."""
        if self.end[series] == 2 * self.kept:
            last = slice(self.kept + 1, 2 * self.kept)
            for buffer in (self.y, self.times, self.filled, self.covariates):
                buffer[series, : self.kept - 1] = buffer[series, last]
            self.end[series] = self.kept - 1
        place = int(self.end[series])
        self.times[series, place] = time
        self.write(series, place, y, covariates)
        self.end[series] = place + 1
        self.count[series] = min(int(self.count[series]) + 1, self.kept)

    def write(self, series: int, place: int, y: float, covariates: Sequence[float] | Values) -> None:
        """Write the values of a row at a place of the buffers."""
        missing = y != y
        self.filled[series, place] = missing
        self.y[series, place] = self.y[series, place - 1] if missing else y
        if len(covariates):
            given = np.asarray(covariates, dtype=np.float64)
            before = self.covariates[series, place - 1, : len(given)]
            self.covariates[series, place, : len(given)] = np.where(np.isnan(given), before, given)

    def panel(
        self,
        which: Sequence[int],
        like: Panel,
        ids: Sequence[Hashable],
        static: Mapping[int, Any],
        ahead: Values | None = None,
    ) -> Panel:
        """Return the rows of some series as a panel.

        Parameters
        ----------
        which
            Their places.
        like
            A panel with the same kinds of covariates and times.
        ids, static
            Names of all series, and the static covariates of each.
        ahead
            Known covariates of the steps that follow, ``[which, steps, known]``.
        """
        spans = [(series, self.span(series)) for series in which]
        past, both = like.past.shape[1], like.past.shape[1] + like.known.shape[1]
        covariates = np.concatenate([self.covariates[at] for at in spans])
        table = np.empty((len(which), like.static.shape[1]), dtype=object)
        for row, series in enumerate(which):
            table[row] = static.get(series, ())
        return Panel(
            np.concatenate([self.y[at] for at in spans]),
            np.concatenate([self.times[at] for at in spans]).view(like.times.dtype),
            np.concatenate([[0], np.cumsum([self.count[series] for series in which])]).astype(np.int64),
            tuple(ids[series] for series in which),
            past=covariates[:, :past],
            known=covariates[:, past:both],
            static=table,
            ahead=ahead,  # type: ignore[arg-type]  # None: left out
            filled=np.concatenate([self.filled[at] for at in spans]).astype(bool),
            masked=like.masked,
        )

    def add(self) -> None:
        """Make room for one more series."""
        for name in ("y", "times", "filled", "covariates"):
            old = getattr(self, name)
            new = self.buffer(len(old) + 1, *old.shape[2:], dtype=old.dtype)
            new[:-1] = old
            setattr(self, name, new)
        self.count, self.end = np.append(self.count, 0), np.append(self.end, 0)

    def take(self, panel: Panel, series: int, place: int) -> None:
        """Take the newest rows of one series of a panel, for one that holds none."""
        span = panel.span(place)
        new = slice(max(span.start, span.stop - self.kept), span.stop)
        held = new.stop - new.start
        to = self.covariates[series, :held, : panel.past.shape[1] + panel.known.shape[1]]
        self.y[series, :held], self.times[series, :held] = panel.y[new], panel.times[new].astype(np.int64)
        self.filled[series, :held] = panel.filled[new]
        np.concatenate([panel.past[new], panel.known[new]], axis=1, out=to)
        self.count[series] = self.end[series] = held
