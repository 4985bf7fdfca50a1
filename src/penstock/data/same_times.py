"""Work done once for all series of a panel that have their rows at the same times."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel

__all__ = ["first_alike", "of_each_series", "over_all_rows"]

Found = TypeVar("Found")

_ALIKE: WeakKeyDictionary[Panel, NDArray[np.int64]] = WeakKeyDictionary()  # a panel never changes, and is read often


def first_alike(panel: Panel) -> NDArray[np.int64]:
    """Return for each series the first series of the panel whose rows stand at the very same times, ``[series]``.

    Examples
    --------
    >>> times = np.array([1, 2, 3, 1, 2, 1, 2, 3])
    >>> first_alike(Panel(np.zeros(8), times, np.array([0, 3, 5, 8]), ("a", "b", "c"))).tolist()
    [0, 1, 0]
    """
    if panel not in _ALIKE:
        _ALIKE[panel] = _first_alike(panel)
    return _ALIKE[panel]


def _first_alike(panel: Panel) -> NDArray[np.int64]:
    own = np.arange(len(panel))
    if len(panel) == 1:
        return own
    times, lengths = panel.times.view(np.int64), panel.lengths
    starts = panel.offsets[:-1]
    places = np.arange(panel.rows) - np.repeat(starts, lengths)
    weights = np.random.default_rng(0).integers(1, 2**63, int(lengths.max()), dtype=np.uint64) | np.uint64(1)
    digests = np.add.reduceat(times.view(np.uint64) * weights[places], starts) + lengths.astype(np.uint64)
    _, first, which = np.unique(digests, return_index=True, return_inverse=True)
    alike = first[which]
    same = lengths[alike] == lengths  # a digest only proposes: the times themselves decide
    rows = np.repeat(starts[alike], lengths) + places
    same &= np.logical_and.reduceat(times == times[np.minimum(rows, panel.rows - 1)], starts)
    return np.where(same, alike, own)


def of_each_series(
    panel: Panel, function: Callable[[NDArray[Any], Hashable], Found], kinds: Callable[[Hashable], Hashable]
) -> list[Found]:
    """Return what a function gives for the times of each series, called once where times and kind are the same.

    Parameters
    ----------
    function
        Takes the times of a series, ``[rows]``, and its name; it must depend on the name by its kind alone.
    kinds
        Gives the kind of a series by its name, such as its rhythm: the same object for all series of one kind.
    """
    found, which = _of_each_group(panel, function, kinds)
    return [found[place] for place in which.tolist()]


def _of_each_group(
    panel: Panel, function: Callable[[NDArray[Any], Hashable], Found], kinds: Callable[[Hashable], Hashable]
) -> tuple[list[Found], NDArray[np.int64]]:
    """Return what a function gives for each group of series whose times and kind are the same; the group of each."""
    first, each = first_alike(panel), [kinds(name) for name in panel.ids]
    _, kind = np.unique(np.fromiter(map(id, each), np.int64, len(each)), return_inverse=True)
    _, begin, group = np.unique(first * (int(kind.max()) + 1) + kind, return_index=True, return_inverse=True)
    found: list[Any] = [None] * len(begin)
    for place in np.argsort(begin, kind="stable").tolist():  # in the order in which the groups begin
        series = int(begin[place])
        found[place] = function(panel.times[panel.span(int(first[series]))], panel.ids[series])
    return found, group.reshape(-1)


def over_all_rows(
    panel: Panel,
    function: Callable[[NDArray[Any], Hashable], NDArray[np.int64]],
    kinds: Callable[[Hashable], Hashable] = lambda name: None,
) -> NDArray[np.int64]:
    """Return what a function gives for each time of each series, ``[rows]``; see :func:`of_each_series`.

    Examples
    --------
    >>> panel = Panel(np.zeros(4), np.array([3, 4, 3, 4]), np.array([0, 2, 4]), ("a", "b"))
    >>> over_all_rows(panel, lambda times, name: times * 2).tolist()
    [6, 8, 6, 8]
    """
    found, which = _of_each_group(panel, function, kinds)
    if len(found) == 1:
        return np.tile(found[0], len(panel))
    return np.concatenate([found[place] for place in which.tolist()])
