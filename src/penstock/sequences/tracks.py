"""Targets that are sequences of labels: read, numbered, told."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.sequences import Sequences
from penstock.errors import DataError, nearest
from penstock.values import storable

__all__ = ["codes_along", "labels_along", "labels_of", "read_label_sequences"]


def read_label_sequences(y: Any, count: int, lengths: NDArray[np.int64] | None = None) -> list[list[Any]]:
    """Read one sequence of labels a sample: a list, an array, or a text, whose characters are the labels.

    Parameters
    ----------
    y
        A sequence for each of the `count` samples.
    lengths
        The lengths they must have; any if left out.

    Raises
    ------
    DataError
        For another number of sequences, or one of another length.

    Examples
    --------
    >>> read_label_sequences(["ab", "c"], 2)
    [['a', 'b'], ['c']]
    """
    if not isinstance(y, (Sequence, np.ndarray)) or isinstance(y, (str, bytes)) or len(y) != count:
        size = f" of {len(y)}" if hasattr(y, "__len__") else ""
        raise DataError(
            f"y is a {type(y).__name__}{size}; allowed: a list of sequences, one for each of {count} samples."
        )
    tracks = []
    for sample, track in enumerate(y):
        if not isinstance(track, (Sequence, np.ndarray)):
            raise DataError(f"sample {sample} of y is {track!r}; allowed: a sequence of labels, one a step.")
        labels = track.tolist() if isinstance(track, np.ndarray) else list(track)
        if lengths is not None and len(labels) != lengths[sample]:
            raise DataError(
                f"sample {sample} of y has {len(labels)} labels, but X has {lengths[sample]} steps; give one a step."
            )
        tracks.append(labels)
    return tracks


def labels_of(tracks: list[list[Any]]) -> NDArray[Any]:
    """Find the labels, sorted where they can be."""
    found = list(dict.fromkeys(label for track in tracks for label in track))
    with suppress(TypeError):
        found.sort()
    if any(isinstance(label, float) and label != label for label in found) or None in found:
        raise DataError("y holds None or NaN; leave such samples out.")
    storable(found, "labels")
    classes = np.empty(len(found), dtype=object)
    classes[:] = found
    return classes


def codes_along(tracks: list[list[Any]], classes: NDArray[Any], end: bool = False) -> Sequences:
    """Give labels their numbers, and where `end` is wanted that of none of them behind each sequence."""
    place = {label: number for number, label in enumerate(classes.tolist())}
    tail = [len(classes)] if end else []
    try:
        codes = [[*(place[label] for label in track), *tail] for track in tracks]
    except KeyError as error:
        raise DataError(
            f"the label {error.args[0]!r} was not among those fitted; {nearest(error.args[0], classes.tolist())}"
        ) from None
    flat = np.array([code for track in codes for code in track], dtype=np.float64)[:, None]
    return Sequences(flat, np.concatenate([[0], np.cumsum([len(track) for track in codes], dtype=np.int64)]))


def labels_along(tokens: NDArray[np.int64], classes: NDArray[Any]) -> list[list[Any]]:
    """Tell the labels of rows of numbers, up to the end's."""
    return [[classes[code] for code in row[: _first(row == len(classes))]] for row in tokens]


def _first(true: NDArray[np.bool_]) -> int:
    return int(true.argmax()) if true.any() else len(true)
