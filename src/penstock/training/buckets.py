"""Length buckets: samples of like length go through a network together, and padding costs little.

A bucket's length is what a program is compiled for. The bucket of a sample depends on its own length alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.values import stored_count

__all__ = ["bucket_bounds", "in_buckets", "samples_at_once", "stored_bounds"]

_PROGRAM_COST = 0.05, 1 << 17  # padded steps that one more program is worth: a share of the true ones, at least

_STEPS_AT_ONCE = 1 << 16


def bucket_bounds(lengths: NDArray[np.integer[Any]]) -> tuple[int, ...]:
    """Choose the lengths of the buckets: those that cost least in padded steps and in programs to compile.

    The longest sample, rounded up, sets the last. The others are chosen from a grid (8, 12, 16, 24, 32, 48, ...), so
    that other samples of the same kind, such as those of another fold, meet programs that are compiled already.

    Parameters
    ----------
    lengths
        True lengths of the training samples, in steps, ``[samples]``.

    Returns
    -------
    The lengths of the buckets, ascending.

    Examples
    --------
    >>> bucket_bounds(np.array([63, 63, 63])), bucket_bounds(np.tile(np.arange(1, 401), 100))
    ((63,), (96, 192, 256, 384, 416))
    """
    longest = int(lengths.max())
    ordered = np.sort(lengths)
    if ordered[0] == longest:
        return (longest,)
    candidates = [bound for bound in _grid(longest) if bound >= ordered[0]]
    top = longest if longest < 16 else _rounded(longest)
    candidates = [*[bound for bound in candidates if bound < top], top]
    below = np.searchsorted(ordered, candidates, side="right")
    share, least = _PROGRAM_COST
    penalty = max(share * float(ordered.sum()), least)
    best: list[tuple[float, tuple[int, ...]]] = []
    for place, bound in enumerate(candidates):
        ways: list[tuple[float, tuple[int, ...]]] = [(float(below[place]) * bound + penalty, (bound,))]
        ways += [
            (cost + float(below[place] - below[before]) * bound + penalty, (*bounds, bound))
            for before, (cost, bounds) in enumerate(best)
        ]
        best.append(min(ways))
    return best[-1][1]


def in_buckets(lengths: NDArray[np.integer[Any]], bounds: tuple[int, ...]) -> dict[int, NDArray[np.int64]]:
    """Sort samples into buckets; samples longer than the last bucket go on along the grid.

    Parameters
    ----------
    lengths
        True lengths of the samples, ``[samples]``.
    bounds
        Lengths of the buckets, ascending.

    Returns
    -------
    The places of the samples of each bucket that holds any, by the bucket's length.

    Examples
    --------
    >>> {bound: samples.tolist() for bound, samples in in_buckets(np.array([5, 60, 9, 100]), (8, 63)).items()}
    {8: [0], 63: [1, 2], 128: [3]}
    """
    longest = int(lengths.max(initial=0))
    if longest > bounds[-1]:
        bounds = (*bounds, *[bound for bound in _grid(2 * longest) if bound > bounds[-1]])
    place = np.searchsorted(bounds, lengths)
    return {bounds[int(number)]: np.flatnonzero(place == number) for number in np.unique(place)}


def samples_at_once(length: int, most: int) -> int:
    """Return how many samples of a bucket go through a network together where nothing is trained: `most` at most.

    Examples
    --------
    >>> samples_at_once(63, 256), samples_at_once(20_000, 256)
    (256, 3)
    """
    return max(min(most, _STEPS_AT_ONCE // length), 1)


def stored_bounds(values: NDArray[np.integer[Any]]) -> tuple[int, ...]:
    """Read the lengths of the buckets from a model file.

    Raises
    ------
    ValueError
        Where they are none that :func:`bucket_bounds` gives.

    Examples
    --------
    >>> stored_bounds(np.array([8, 16]))
    (8, 16)
    """
    bounds = tuple(stored_count(int(bound), "steps of a sample") for bound in values)
    if not bounds or list(bounds) != sorted({*bounds}):
        raise ValueError(f"the lengths of buckets do not rise: {bounds[:9]}")
    return bounds


def _grid(longest: int) -> list[int]:
    bounds = [8]
    while bounds[-1] < longest:
        power = 1 << (bounds[-1].bit_length() - 1)
        bounds.append(power * 3 // 2 if bounds[-1] == power else power * 2)
    return bounds


def _rounded(length: int) -> int:
    """Round up to four significant bits."""
    step = 1 << (length.bit_length() - 4)
    return -(-length // step) * step
