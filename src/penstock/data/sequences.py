"""Sequences of different lengths as one flat array with offsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import checked_choice
from penstock.errors import DataError

__all__ = ["PADDINGS", "Sequences", "read_sequences", "read_vectors"]

PADDINGS = ("post", "pre")
"""Where a padded array holds what is no step: after the true steps, or before them."""


@dataclass(frozen=True, eq=False)
class Sequences:
    """The steps of all samples, one after the other.

    Attributes
    ----------
    values
        Features of every step ``[steps, features]``, float64; or token ids ``[steps]``, int64.
    offsets
        First step of each sample, and the end of the last one, ``[samples + 1]``.
    """

    values: NDArray[Any]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """True steps of each sample."""
        return np.diff(self.offsets)

    @property
    def features(self) -> int:
        """Columns of each step; one for token ids."""
        return 1 if self.values.ndim == 1 else self.values.shape[1]

    def part(self, sample: int) -> NDArray[Any]:
        """Give the steps of one sample."""
        return self.values[self.offsets[sample] : self.offsets[sample + 1]]

    def followed_by(self, others: Sequences) -> Sequences:
        """Put other samples behind these."""
        return Sequences(
            np.concatenate([self.values, others.values]),
            np.concatenate([self.offsets, self.offsets[-1] + others.offsets[1:]]),
        )


def read_sequences(
    X: Any, *, ids: bool = False, lengths: Any = None, padding: str = "post", name: str = "X"
) -> Sequences:
    """Read an array or a list of sequences.

    Parameters
    ----------
    X
        An array ``[samples, time, features]``, or ``[samples, time]`` of one feature or of ids; or a list with one
        array ``[time, features]`` (or ``[time]``) a sample, whose lengths may differ; or what this function gave.
    ids
        Whether the steps are token ids, whole numbers from 0, or features.
    lengths
        True steps of each sample of an array that was padded, ``[samples]``.
    padding
        Where that padding stands: ``post`` or ``pre``.
    name
        What messages call X.

    Raises
    ------
    DataError
        For another rank, a sample without steps, lengths that do not fit, values that are not finite or no numbers, or
        samples with different numbers of features; the message names the first such sample.

    Examples
    --------
    >>> ragged = read_sequences([[1.0, 2.0, 3.0], [4.0]])
    >>> padded = read_sequences([[1.0, 2.0, 3.0], [0.0, 0.0, 4.0]], lengths=[3, 1], padding="pre")
    >>> ragged.lengths.tolist(), ragged.values.ravel().tolist(), padded.values.ravel().tolist()
    ([3, 1], [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0])
    """
    checked_choice("padding", padding, PADDINGS)
    if isinstance(X, Sequences):
        return X
    if hasattr(X, "tocsr"):
        raise DataError(f"{name} is a sparse matrix; give a dense array, or a list of arrays: {name}.toarray().")
    parts = None
    objects = getattr(getattr(X, "dtype", None), "kind", "") == "O" and getattr(X, "ndim", 1) == 1
    if isinstance(X, (list, tuple)) or objects:
        parts = [_part(part, number, name) for number, part in enumerate(X)]
        regular = len({part.shape for part in parts}) == 1
        array = np.stack(parts) if regular else None
    else:
        array = np.asarray(X)
    if lengths is not None and array is None:
        raise DataError(
            f"lengths= is for padded arrays, but {name} holds sequences of different lengths; leave it out."
        )
    sequences = (
        _of_array(array, ids, lengths, padding, name) if array is not None else _of_parts(parts or [], ids, name)
    )
    _require_values(sequences, ids, name)
    return sequences


def read_vectors(X: Any, name: str = "X") -> Any:
    """Read one vector a sample, ``[samples, features]`` or a list of vectors, as sequences of one step.

    What has three axes already is returned as it is.

    Raises
    ------
    DataError
        Where the samples are vectors of different lengths.

    Examples
    --------
    >>> read_vectors([[1.0, 2.0], [3.0, 4.0]]).shape
    (2, 1, 2)
    """
    if isinstance(X, Sequences):
        return X
    if isinstance(X, (list, tuple)):
        parts = [_part(part, number, name) for number, part in enumerate(X)]
        other = next((number for number, part in enumerate(parts) if part.shape != parts[0].shape), None)
        if other is not None:
            raise DataError(
                f"sample {other} of {name} has the shape {parts[other].shape}, but sample 0 has {parts[0].shape}; a "
                "network without an encoder reads one vector a sample, all of one length. Give such vectors, or an "
                "encoder for sequences: EncoderDecoder(GRU(16), ...)."
            )
    array = np.asarray(X)
    return array[:, None] if array.ndim == 2 else array


def _part(part: Any, number: int, name: str) -> NDArray[Any]:
    """Return one sample as an array, or say that its steps are of different lengths."""
    try:
        return np.asarray(part)
    except ValueError as error:
        raise DataError(
            f"sample {number} of {name} is no array, its steps have different lengths: {error}; give each step the "
            "same number of features."
        ) from error


def _of_array(array: NDArray[Any], ids: bool, lengths: Any, padding: str, name: str) -> Sequences:
    allowed = (2,) if ids else (2, 3)
    if array.ndim not in allowed:
        kinds = "token ids [samples, time]" if ids else "[samples, time, features] or [samples, time]"
        hint = ""
        if array.ndim == 1 and array.size:
            hint = f" Reshape your data: {name}[:, None] gives one step a sample, {name}[None] a single sample."
        raise DataError(
            f"{name} has the shape {array.shape}, that is {array.ndim} axes; allowed: {kinds}, or a list of sequences."
            f"{hint}"
        )
    samples, time = array.shape[:2]
    if samples == 0 or time == 0 or (array.ndim == 3 and array.shape[2] == 0):
        widths = zip(("sample(s)", "step(s)", "feature(s)"), array.shape, strict=False)
        raise DataError(
            f"{name} has {', '.join(f'{width} {what}' for what, width in widths)} (shape={array.shape}) while a "
            "minimum of 1 is required."
        )
    flat = array if ids else array.reshape(samples, time, -1)
    if lengths is None:
        return Sequences(flat.reshape(samples * time, *flat.shape[2:]), np.arange(samples + 1, dtype=np.int64) * time)
    true = np.asarray(lengths)
    if true.shape != (samples,) or true.dtype.kind not in "iu":
        raise DataError(
            f"lengths has the shape {true.shape} and holds {true.dtype}; allowed: a whole number for each of the "
            f"{samples} samples."
        )
    wrong = (true < 1) | (true > time)
    if wrong.any():
        first = int(wrong.argmax())
        raise DataError(f"lengths[{first}] is {true[first]}; allowed: from 1 to the {time} steps that {name} holds.")
    steps = np.arange(time)
    mask = steps < true[:, None] if padding == "post" else steps >= time - true[:, None]
    return Sequences(flat[mask], np.concatenate([[0], np.cumsum(true, dtype=np.int64)]))


def _of_parts(parts: Sequence[NDArray[Any]], ids: bool, name: str) -> Sequences:
    allowed = (1,) if ids else (1, 2)
    if not parts:
        raise DataError(f"{name} has 0 sample(s) while a minimum of 1 is required.")
    for number, part in enumerate(parts):
        if part.ndim not in allowed or part.ndim != parts[0].ndim:
            kinds = "token ids [time]" if ids else "[time, features], or [time] in all samples"
            raise DataError(f"sample {number} of {name} has the shape {part.shape}; allowed: {kinds}.")
        if len(part) == 0:
            raise DataError(f"sample {number} of {name} is empty; each needs one step or more. Leave it out.")
        if part.shape[1:] != parts[0].shape[1:]:
            raise DataError(
                f"sample {number} of {name} has {part.shape[1]} features, but sample 0 has {parts[0].shape[1]}; give "
                "all the same."
            )
    values = np.concatenate(parts)
    if not ids:
        values = values.reshape(len(values), -1)
        if values.shape[1] == 0:
            raise DataError(f"{name} has 0 feature(s) while a minimum of 1 is required.")
    return Sequences(values, np.concatenate([[0], np.cumsum([len(part) for part in parts], dtype=np.int64)]))


def _require_values(sequences: Sequences, ids: bool, name: str) -> None:
    """Bring the values to float64 or int64 in place, or say which cannot be."""
    values = sequences.values
    if np.iscomplexobj(values):
        raise DataError(f"Complex data not supported: {name} holds {values.dtype}; give real numbers.")
    if ids:
        if values.dtype.kind not in "iu":
            raise DataError(f"{name} holds {values.dtype}, but the network reads token ids; give whole numbers from 0.")
        values = values.astype(np.int64, copy=False)
        wrong = values < 0
        what = "a negative token id"
    else:
        try:
            values = values.astype(np.float64, copy=False)
        except (TypeError, ValueError) as error:
            raise DataError(f"{name} holds what is no number: {error}; give numbers.") from error
        wrong = ~np.isfinite(values).all(axis=1)
        what = "NaN or inf"
    if wrong.any():
        step = int(wrong.argmax())
        sample = int(np.searchsorted(sequences.offsets, step, side="right")) - 1
        raise DataError(
            f"{name} holds {what} in sample {sample}, step {step - int(sequences.offsets[sample])} "
            f"({int(wrong.sum())} steps in all); fill such steps or leave them out."
        )
    object.__setattr__(sequences, "values", values)
