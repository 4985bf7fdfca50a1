"""Samples of several folds on the device, end to end, so that they train in one program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from penstock.training.samples import FollowingRows, Samples, SampleSet
from penstock.training.source import Source, padded_length

__all__ = ["stack"]


def stack(folds: Sequence[Samples]) -> Samples:
    """Lay the rows of all folds end to end, and move each fold's windows to where its rows lie.

    Parameters
    ----------
    folds
        Samples that are windows of one length; or the samples of a single fold, of any kind.

    Returns
    -------
    Samples whose sets have an axis of their own for the folds: numbers ``[folds, n]`` and totals ``[folds]``. A part
    without samples in any fold is empty.

    Examples
    --------
    >>> y = np.arange(20.0)
    >>> fold = Samples.of_windows(Source.of(y[:, None]), y, np.arange(3), np.array([5]), window=4)
    >>> both = stack([fold, fold])
    >>> both.train[4].numbers[:, :3].tolist(), both.train[4].total.tolist()
    ([[0, 1, 2], [20, 21, 22]], [3, 3])
    """
    if len(folds) == 1:
        only = folds[0]
        return only._replace(train=_sets([only.train], [0]), validation=_sets([only.validation], [0]))
    targets = [fold.targets for fold in folds if isinstance(fold.targets, FollowingRows)]
    assert len(targets) == len(folds)  # noqa: S101 (folds of sequences train one after the other)
    lengths = [len(each.values) for each in targets]
    shifts = [0, *np.cumsum(lengths)[:-1].tolist()]
    rows = padded_length(sum(lengths))
    return Samples(
        _sources([fold.source for fold in folds], rows),
        FollowingRows(_joined([each.values for each in targets], rows), targets[0].horizon),
        _sets([fold.train for fold in folds], shifts),
        _sets([fold.validation for fold in folds], shifts),
    )


def _sources(sources: Sequence[Source], rows: int) -> Source:
    first = sources[0]
    series = None
    if first.series is not None and first.categories is not None:
        counts = [len(source.categories) for source in sources if source.categories is not None]
        shifts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        moved = [np.asarray(s.series) + np.int32(shift) for s, shift in zip(sources, shifts, strict=True)]
        series = _joined(moved, rows)
    return replace(
        first,
        values=_joined([source.values for source in sources], rows),
        series=series,
        categories=_joined([source.categories for source in sources], None),
        extra=_joined([source.extra for source in sources], rows),
    )


def _sets(parts: Sequence[dict[int, SampleSet]], shifts: Sequence[int]) -> dict[int, SampleSet]:
    """Stack the sets of each bucket over the folds; empty where no fold has a sample."""
    stacked = {}
    for length in parts[0]:
        sets = [part[length] for part in parts]
        longest = max(len(each.numbers) for each in sets)
        numbers = np.stack(
            [
                np.pad(np.asarray(each.numbers), (0, longest - len(each.numbers)), mode="edge") + np.int32(shift)
                for each, shift in zip(sets, shifts, strict=True)
            ]
        )
        totals: NDArray[np.int32] = np.array([int(each.total) for each in sets], np.int32)
        if totals.any():
            stacked[length] = jax.device_put(SampleSet(numbers, totals))  # type: ignore[arg-type]
    return stacked


def _joined(parts: Sequence[Any], rows: int | None) -> Any:
    """Lay rows end to end, with zeros behind up to `rows`."""
    if parts[0] is None:
        return None
    whole = np.concatenate([np.asarray(part) for part in parts])
    if rows is not None:
        whole = np.concatenate([whole, np.zeros((rows - len(whole), *whole.shape[1:]), whole.dtype)])
    return jax.device_put(whole)
