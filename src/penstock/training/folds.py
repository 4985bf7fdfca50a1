"""Samples of several folds on the device, end to end, so that they train in one program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from penstock.training.samples import FollowingRows, Samples, SampleSet
from penstock.training.source import Source
from penstock.training.window_units import WindowUnits

__all__ = ["BlockShape", "stack"]


class BlockShape(NamedTuple):
    """Lengths that the folds of a block are padded to; blocks of one shape train in one compiled program.

    A walk-forward takes the shape of its longest fold for all of its blocks, wherever it is cut into them.

    Attributes
    ----------
    folds
        Folds of a block; a block of fewer is filled up.
    rows
        Rows of a fold.
    train, validation
        Numbers of training and of validation samples; no validation samples in any fold: 0.
    fewest, most
        Training samples of the folds with the fewest and with the most, which say whether all take as many steps.
    """

    folds: int
    rows: int
    train: int
    validation: int
    fewest: int
    most: int

    @classmethod
    def of(cls, samples: Samples, folds: int = 1) -> BlockShape:
        """Return the shape of a block of folds like one, whose samples are windows."""
        assert isinstance(samples.targets, FollowingRows)  # noqa: S101 (sequences are not stacked)
        (train,), (validation,) = samples.train.values(), samples.validation.values()
        validated = len(validation.numbers) if int(validation.total) else 0
        total = int(train.total)
        return cls(folds, len(samples.targets.values), len(train.numbers), validated, total, total)

    @classmethod
    def of_all(cls, folds: Sequence[Samples], least: BlockShape | None = None) -> BlockShape:
        """Return the smallest shape that all folds of a block fit into, `least` at least."""
        shape = least or cls.of(folds[0])
        for fold in folds:
            shape = shape.covering(cls.of(fold, len(folds)))
        return shape

    def covering(self, other: BlockShape) -> BlockShape:
        """Return the smallest shape that both fit into.

        Examples
        --------
        >>> BlockShape(1, 32, 24, 0, 20, 20).covering(BlockShape(4, 28, 26, 0, 25, 25))
        BlockShape(folds=4, rows=32, train=26, validation=0, fewest=20, most=25)
        """
        largest = [max(mine, its) for mine, its in zip(self, other, strict=True)]
        return BlockShape(*largest)._replace(fewest=min(self.fewest, other.fewest))

    def even(self, batch: int) -> bool:
        """Say whether an epoch takes as many steps in every fold."""
        return -(-self.fewest // batch) == -(-self.most // batch)


def stack(folds: Sequence[Samples], shape: BlockShape | None = None) -> Samples:
    """Lay the rows of all folds end to end, and move each fold's windows to where its rows lie.

    Parameters
    ----------
    folds
        Samples that are windows of one length; or the samples of a single fold, of any kind.
    shape
        What to pad them to, at least; left out: the longest of each.

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
    if len(folds) == 1 and shape is None:
        only = folds[0]
        stacked = only._replace(train=_sets([only.train], [0]), validation=_sets([only.validation], [0]))
        return jax.device_put(stacked)
    targets = [fold.targets for fold in folds if isinstance(fold.targets, FollowingRows)]
    assert len(targets) == len(folds)  # noqa: S101 (folds of sequences train one after the other)
    shape = BlockShape.of_all(folds, shape)
    shifts = [place * shape.rows for place in range(len(folds))]
    return Samples(
        _sources([fold.source for fold in folds], shape),
        replace(targets[0], values=_concatenated([each.values for each in targets], shape.rows, shape.folds)),
        _sets([fold.train for fold in folds], shifts, (shape.folds, shape.train)),
        _sets([fold.validation for fold in folds], shifts, (shape.folds, shape.validation)),
        _concatenated([fold.weight for fold in folds], shape.rows, shape.folds),
    )


def _sources(sources: Sequence[Source], shape: BlockShape) -> Source:
    first, rows, folds = sources[0], shape.rows, shape.folds
    series = categories = None
    if first.series is not None and first.categories is not None:
        count = max(len(source.categories) for source in sources if source.categories is not None)
        series = _concatenated(
            [np.asarray(s.series) + np.int32(place * count) for place, s in enumerate(sources)], rows, folds
        )
        categories = _concatenated([source.categories for source in sources], count, folds)
    return replace(
        first,
        values=_concatenated([source.values for source in sources], rows, folds),
        series=series,
        categories=categories,
        extra=_concatenated([source.extra for source in sources], rows, folds),
        units=_units([source.units for source in sources], rows, folds),
    )


def _units(parts: Sequence[WindowUnits | None], rows: int, folds: int) -> WindowUnits | None:
    if parts[0] is None:
        return None
    names = ("level", "inverse", "age", "lag", "facts")
    joined = {name: _concatenated([getattr(part, name) for part in parts], rows, folds) for name in names}
    return replace(parts[0], **joined)


def _sets(
    parts: Sequence[dict[int, SampleSet]], shifts: Sequence[int], shape: tuple[int, int] | None = None
) -> dict[int, SampleSet]:
    """Stack the sets of each bucket over the folds ``[folds, n]``; empty where no fold has a sample."""
    stacked = {}
    for length in parts[0]:
        sets = [part[length] for part in parts]
        numbers = np.zeros(shape or (1, len(sets[0].numbers)), np.int32)
        totals: NDArray[np.int32] = np.zeros(len(numbers), np.int32)
        for place, (each, shift) in enumerate(zip(sets, shifts, strict=True)):
            totals[place] = each.total
            if numbers.shape[1]:
                own = np.asarray(each.numbers)[: numbers.shape[1]] + np.int32(shift)
                numbers[place] = np.pad(own, (0, numbers.shape[1] - len(own)), mode="edge")
        if numbers.shape[1] and (shape or totals.any()):
            stacked[length] = jax.device_put(SampleSet(numbers, totals))  # type: ignore[arg-type]
    return stacked


def _concatenated(parts: Sequence[Any], rows: int, folds: int) -> Any:
    """Lay the rows of each fold behind those of the last, with zeros between."""
    if parts[0] is None:
        return None
    whole = np.zeros((folds, rows, *parts[0].shape[1:]), parts[0].dtype)
    for place, part in enumerate(parts):
        whole[place, : len(part)] = part
    return jax.device_put(whole.reshape(folds * rows, *whole.shape[2:]))
