"""A panel: many series in one flat array with offsets."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.errors import DataError, named

__all__ = ["Panel", "series_name"]

_LEFT_OUT: Any = None  # becomes an empty array
_BY_ROW = ("y", "times", "past", "known", "filled")


@dataclass(frozen=True, eq=False)
class Panel:
    """Many series of one target, end to end in flat arrays, with their covariates.

    What is left out of the covariates is empty, never None.

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
    past
        Covariates seen up to the cutoff only, ``[rows, past]``, float64.
    known
        Covariates known ahead of the cutoff, ``[rows, known]``, float64; :meth:`known_after` reads them.
    static
        Covariates of the series, ``[series, static]``: numbers or text as they stand in the frame.
    ahead
        Known covariates of the steps that follow the last row of each series, ``[series, steps, known]``.
    filled
        Whether the target of a row was missing and stands for the last one before it, ``[rows]``.
    masked
        Whether models are to be told which rows are filled, and not to learn from these.

    Examples
    --------
    >>> known = np.array([[0.0], [1.0], [0.0], [1.0]])
    >>> panel = Panel(np.array([5.0, 6.0, 7.0, 8.0]), np.arange(4), np.array([0, 4]), (None,), known=known)
    >>> panel.known_after(np.array([0, 1]), 2)[:, :, 0].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    y: NDArray[np.float64]
    times: NDArray[np.generic]
    offsets: NDArray[np.int64]
    ids: tuple[Hashable, ...]
    past: NDArray[np.float64] = field(default=_LEFT_OUT, kw_only=True)
    known: NDArray[np.float64] = field(default=_LEFT_OUT, kw_only=True)
    static: NDArray[Any] = field(default=_LEFT_OUT, kw_only=True)
    ahead: NDArray[np.float64] = field(default=_LEFT_OUT, kw_only=True)
    filled: NDArray[np.bool_] = field(default=_LEFT_OUT, kw_only=True)
    masked: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        """Put empty arrays where nothing was given."""
        rows, series = len(self.y), len(self.ids)
        empty: dict[str, Callable[[], NDArray[Any]]] = {
            "past": lambda: np.zeros((rows, 0)),
            "known": lambda: np.zeros((rows, 0)),
            "static": lambda: np.zeros((series, 0), dtype=object),
            "ahead": lambda: np.zeros((series, 0, self.known.shape[1])),
            "filled": lambda: np.zeros(rows, dtype=bool),
        }
        for name, make in empty.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, make())

    def __len__(self) -> int:
        """Count the series."""
        return len(self.ids)

    @property
    def carried(self) -> str:
        """How many rows had no target and carry the last one forward, in a sentence; empty where none does."""
        count = int(self.filled.sum())
        return f"{self.rows:,} rows, {count:,} of them carried forward." if count else ""

    @property
    def rows(self) -> int:
        """Count the rows of all series together."""
        return int(self.offsets[-1])

    @property
    def observed(self) -> NDArray[np.float64]:
        """The targets, NaN where they were not observed but carried forward, ``[rows]``."""
        return np.where(self.filled, np.nan, self.y)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Count the rows of each series, ``[series]``."""
        return np.diff(self.offsets)

    @property
    def shortest(self) -> int:
        """Index of the series with the fewest rows."""
        return int(np.argmin(self.lengths))

    @property
    def aligned(self) -> bool:
        """Whether all series have their rows at the same times."""
        if not (self.lengths == self.lengths[0]).all():
            return False
        times = self.times.reshape(len(self), -1)
        return bool((times == times[0]).all())

    def require_aligned(self, who: str) -> None:
        """Refuse series that do not have their rows at the same times; `who` names what reads them together."""
        if not self.aligned:
            rows = ", ".join(
                f"{name!r} {rows}" for name, rows in zip(self.ids[:6], self.lengths.tolist(), strict=False)
            )
            more = f" and {len(self) - 6:,} more" * (len(self) > 6)
            raise DataError(
                f"{who} reads all series at each time, but these do not have their rows at the same times "
                f"(rows of series {rows}{more}); keep the times that all of them have."
            )

    def span(self, series: int) -> slice:
        """Give the flat rows of one series."""
        return slice(int(self.offsets[series]), int(self.offsets[series + 1]))

    def series_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tell to which series each flat row belongs, ``[n]``."""
        return np.searchsorted(self.offsets, rows, side="right") - 1

    def name(self, series: int) -> str:
        """Name a series in a message; nothing where the only series has no name."""
        return series_name(self.ids[series])

    def place(self, row: int) -> str:
        """Tell a flat row in a message, as the row of its own series."""
        series = int(self.series_of(np.array([row]))[0])
        return f"row {row - int(self.offsets[series])}{self.name(series)}"

    def known_after(self, origins: NDArray[np.int64], steps: int) -> NDArray[np.float64]:
        """Give the known covariates of the `steps` steps after each flat row, ``[n, steps, known]``.

        Raises
        ------
        DataError
            Where they reach beyond the rows of the series and beyond `ahead`.
        """
        if not self.known.shape[1]:
            return np.zeros((len(origins), steps, 0))
        series = self.series_of(origins)
        rows = origins[:, None] + np.arange(1, steps + 1)
        beyond = rows - self.offsets[series + 1][:, None]
        missing = beyond >= self.ahead.shape[1]
        if missing.any():
            worst = int(missing.sum(axis=1).argmax())
            raise DataError(
                f"the known covariates of {int(missing[worst].sum())} of the {steps} steps after "
                f"{self.place(int(origins[worst]))} are missing; give the rows that follow: predict(future=frame)."
            )
        inside = self.known[np.minimum(rows, self.rows - 1)]
        if not self.ahead.shape[1]:
            return inside
        return np.where((beyond < 0)[..., None], inside, self.ahead[series[:, None], np.maximum(beyond, 0)])

    def between(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Panel:
        """Keep the rows ``starts[s]`` to ``ends[s]`` (flat, end excluded) of every series.

        `ahead` is kept where no series loses its last row, and dropped otherwise: it would no longer follow.
        """
        keep = _rows(starts, ends)
        offsets = np.concatenate([[0], np.cumsum(ends - starts)])
        ahead = self.ahead if (ends == self.offsets[1:]).all() else _LEFT_OUT
        return replace(self, offsets=offsets, ahead=ahead, **{name: getattr(self, name)[keep] for name in _BY_ROW})

    def with_series(self, series: NDArray[np.int64]) -> Panel:
        """Keep these series, by their places, in this order."""
        keep = _rows(self.offsets[series], self.offsets[series + 1])
        rows = {name: getattr(self, name)[keep] for name in _BY_ROW}
        offsets = np.concatenate([[0], np.cumsum(self.lengths[series])])
        ids = tuple(self.ids[s] for s in series)
        return replace(self, offsets=offsets, ids=ids, static=self.static[series], ahead=self.ahead[series], **rows)

    def before(self, ends: NDArray[np.int64]) -> Panel:
        """Keep the rows of every series before ``ends[s]`` (flat): what was known then."""
        return self.between(self.offsets[:-1], ends)

    def last(self, count: int | None) -> Panel:
        """Keep at most the last `count` rows of every series; None: all."""
        if count is None:
            return self
        return self.between(np.maximum(self.offsets[:-1], self.offsets[1:] - count), self.offsets[1:])

    def with_values(self, y: NDArray[np.float64]) -> Panel:
        """Put other values at the same rows."""
        return replace(self, y=y)

    def with_only(self, kinds: Iterable[str]) -> Panel:
        """Keep these kinds of covariates (``past``, ``known``, ``static``) and drop the others."""
        kinds = set(kinds)
        dropped = {kind: _LEFT_OUT for kind in ("past", "known", "static") if kind not in kinds}
        return replace(self, **dropped, **({} if "known" in kinds else {"ahead": _LEFT_OUT}))

    def followed_by(self, other: Panel, what: str) -> Panel:
        """Put the rows of another panel of the same series behind those of this one; `what` names it in messages.

        Raises
        ------
        DataError
            Where the series differ, or a row of `other` is not later than all rows here.
        """
        if set(self.ids) != set(other.ids):
            raise DataError(
                f"the {what} frame has the series {named(other.ids, 6)}, the training frame {named(self.ids, 6)}; give "
                "the same series in both."
            )
        if other.times.dtype.kind != self.times.dtype.kind:
            raise DataError(
                f"the times of the {what} frame begin with {other.times[0]}, those of the training frame with "
                f"{self.times[0]}; give both as dates, or both as counts."
            )
        found = {name: place for place, name in enumerate(other.ids)}
        places = np.array([found[name] for name in self.ids])
        first, last = other.times[other.offsets[places]], self.times[self.offsets[1:] - 1]
        if (first <= last).any():
            series = int((first <= last).argmax())
            raise DataError(
                f"the {what} rows{self.name(series)} begin at {first[series]}, not after the training rows, which end "
                f"at {last[series]}; give the rows that follow."
            )
        starts = np.stack([self.offsets[:-1], self.rows + other.offsets[places]], axis=1).ravel()
        keep = _rows(starts, starts + np.stack([self.lengths, other.lengths[places]], axis=1).ravel())
        columns: dict[str, Any] = {
            name: np.concatenate([getattr(self, name), getattr(other, name)])[keep] for name in _BY_ROW
        }
        offsets = np.concatenate([[0], np.cumsum(self.lengths + other.lengths[places])])
        return replace(self, offsets=offsets, ahead=other.ahead[places], **columns)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays that a model file holds, by name; empty covariates are left out, `static` always."""
        some = {name: getattr(self, name) for name in ("past", "known", "ahead") if getattr(self, name).size}
        some |= {"filled": self.filled} if self.filled.any() else {}
        return {"y": self.y, "times": self.times.view(np.int64), "offsets": self.offsets, **some}

    @classmethod
    def of_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], ids: tuple[Hashable, ...], *, counts_steps: bool, static: Any = None
    ) -> Panel:
        """Put a panel together from what :meth:`arrays` gave.

        Raises
        ------
        ValueError
            Where the arrays are not those of these series.
        """
        _check_stored(arrays, ids, static)
        rest: dict[str, Any] = {name: arrays[name] for name in ("past", "known", "ahead", "filled") if name in arrays}
        times = arrays["times"] if counts_steps else arrays["times"].view("datetime64[ns]")
        table = _LEFT_OUT
        if static is not None:
            table = np.empty((len(ids), len(static[0])), dtype=object)
            table[:] = static
        return cls(arrays["y"], times, arrays["offsets"], ids, static=table, **rest)


def series_name(name: Hashable) -> str:
    """Name a series in a message; nothing where the only series has no name.

    Examples
    --------
    >>> series_name("oil"), series_name(None)
    (" of series 'oil'", '')
    """
    return "" if name is None else f" of series {name!r}"


def _rows(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the flat rows from each start to its end, one range after the other."""
    counts = np.maximum(ends - starts, 0)
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(int(counts.sum()))


def _check_stored(arrays: Mapping[str, NDArray[Any]], ids: tuple[Hashable, ...], static: Any) -> None:
    """Refuse arrays of a model file that are no panel."""
    y, times, offsets = arrays["y"], arrays["times"], arrays["offsets"]
    rows, series = len(y), len(ids)
    if offsets.ndim != 1 or len(offsets) != series + 1:
        raise ValueError(f"{series} series are named, but {offsets.size - 1} are stored")
    expected: dict[str, tuple[Any, tuple[int | None, ...]]] = {
        "y": ("float64", (rows,)), "times": ("int64", (rows,)), "offsets": ("int64", (series + 1,)),
        "past": ("float64", (rows, None)), "known": ("float64", (rows, None)),
        "ahead": ("float64", (series, None, None)), "filled": ("bool", (rows,)),
    }  # fmt: skip
    for name, array in arrays.items():
        dtype, shape = expected[name]
        same = len(array.shape) == len(shape) and all(n in (m, None) for m, n in zip(array.shape, shape, strict=True))
        if array.dtype != dtype or not same or not np.isfinite(array).all():
            raise ValueError(f"{name} of the rows is no {dtype} of the shape {shape}, or not finite")
    if len({*ids}) < series or offsets[0] != 0 or offsets[-1] != rows or (np.diff(offsets) < 1).any():
        raise ValueError("the series do not share out the rows")
    inner: NDArray[Any] = np.ones(max(rows - 1, 0), dtype=bool)
    inner[offsets[1:-1] - 1] = False
    if (times[1:] <= times[:-1])[inner].any() or (times == np.iinfo(np.int64).min).any():
        raise ValueError("the times of a series do not rise")
    if static is not None and (len(static) != series or len({len(row) for row in static}) != 1):
        raise ValueError("static covariates are no table of a row a series")
