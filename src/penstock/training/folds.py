"""Samples of several folds on the device, end to end, so that they train in one program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from penstock.training.samples import Samples, Source, Starts, padded_length

__all__ = ["stack"]


def stack(folds: Sequence[Samples]) -> Samples:
    """Lay the rows of all folds end to end, and move each fold's windows to where its rows lie.

    Returns
    -------
    Samples whose starts have an axis of their own for the folds: rows ``[folds, n]`` and totals ``[folds]``.

    Examples
    --------
    >>> y = np.arange(20.0)
    >>> fold = Samples.of(Source.of(y[:, None]), y, np.arange(3), np.array([5]))
    >>> both = stack([fold, fold])
    >>> both.learn.rows[:, :3].tolist(), both.learn.total.tolist()
    ([[0, 1, 2], [20, 21, 22]], [3, 3])
    """
    lengths = [len(fold.targets) for fold in folds]
    shifts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    rows = padded_length(sum(lengths)) if len(folds) > 1 else lengths[0]
    return Samples(
        _sources([fold.source for fold in folds], rows),
        _joined([fold.targets for fold in folds], rows),
        _starts([fold.learn for fold in folds], shifts),
        _starts([fold.watch for fold in folds], shifts),
    )


def _sources(sources: Sequence[Source], rows: int) -> Source:
    first, several = sources[0], len(sources) > 1
    series = None
    if first.series is not None and first.categories is not None:
        counts = [len(source.categories) for source in sources if source.categories is not None]
        shifts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        moved = [np.asarray(s.series) + np.int32(shift) for s, shift in zip(sources, shifts, strict=True)]
        series = _joined(moved, rows) if several else first.series
    return replace(
        first,
        inputs=_joined([source.inputs for source in sources], rows),
        series=series,
        categories=_joined([source.categories for source in sources], None),
        extra=_joined([source.extra for source in sources], rows),
    )


def _starts(starts: Sequence[Starts], shifts: NDArray[np.int64]) -> Starts:
    longest = max(len(each.rows) for each in starts)
    rows = np.stack(
        [
            np.pad(np.asarray(each.rows), (0, longest - len(each.rows)), mode="edge") + np.int32(shift)
            for each, shift in zip(starts, shifts, strict=True)
        ]
    )
    totals = np.array([int(each.total) for each in starts], np.int32)
    return jax.device_put(Starts(rows, totals))  # type: ignore[arg-type]


def _joined(parts: Sequence[Any], rows: int | None) -> Any:
    """Lay rows end to end, with zeros behind up to `rows`."""
    if parts[0] is None or len(parts) == 1:
        return parts[0]
    whole = np.concatenate([np.asarray(part) for part in parts])
    if rows is not None:
        whole = np.concatenate([whole, np.zeros((rows - len(whole), *whole.shape[1:]), whole.dtype)])
    return jax.device_put(whole)
