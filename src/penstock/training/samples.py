"""Samples: the flat rows once, and where each sample lies; nothing is copied before its step.

A window is a sample of constant length that begins at a row; a sequence, such as a document, has a length of its own.
Both are numbers: a window's is its first row, a sequence's its place in the list of sequences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.data.sequences import Sequences
from penstock.kernels import order
from penstock.layers.noise import random_bits
from penstock.networks.decoder import Teacher
from penstock.training.batch import Batch
from penstock.training.source import Source, along, gather, pad_rows, padded_length, padded_rows

__all__ = ["FollowingRows", "SampleSet", "Samples", "TargetSequences"]


@partial(jax.tree_util.register_dataclass, data_fields=["values"], meta_fields=["horizon", "in_units"])
@dataclass(frozen=True, eq=False)
class FollowingRows:
    """Targets of windows: the `horizon` rows of ``[rows]`` or ``[rows, targets]`` that follow a window.

    Where `in_units`, they are brought to the units of their window, as the source gives them.
    """

    values: jax.Array
    horizon: int
    in_units: bool = False


@partial(
    jax.tree_util.register_dataclass, data_fields=["values", "first", "lengths"], meta_fields=["max_target_length"]
)
@dataclass(frozen=True, eq=False)
class TargetSequences:
    """Targets that are sequences.

    Attributes
    ----------
    values, first, lengths
        Their steps ``[steps, width]``, and where each sample's lie, ``[samples]``.
    max_target_length
        Length of the longest target that a decoder is trained on; None where each step of a sample has one target.
    """

    values: jax.Array
    first: jax.Array
    lengths: jax.Array
    max_target_length: int | None = None


class SampleSet(NamedTuple):
    """Numbers of samples, padded to a length that other folds share, with the true count beside.

    Padding lets folds of nearly equal length use one compiled program.
    """

    numbers: jax.Array
    total: jax.Array

    @classmethod
    def of(cls, numbers: NDArray[np.int64]) -> SampleSet:
        """Pad with the first number (or 0); the padding is never counted."""
        filler = numbers[0] if len(numbers) else 0
        padded = np.full(padded_length(len(numbers)), filler, dtype=np.int32)
        padded[: len(numbers)] = numbers
        return cls(padded, np.int32(len(numbers)))  # type: ignore[arg-type]

    def shuffled(self, key: jax.Array, batch: int) -> jax.Array:
        """Draw an order from a hash key: the true numbers first, and padding behind until the last batch is whole."""
        places = jnp.arange(len(self.numbers))
        bits = jnp.where(places < self.total, random_bits(key, places.shape), jnp.uint32(0xFFFFFFFF))
        numbers = jnp.asarray(self.numbers)[order(bits)]
        return jnp.pad(numbers, (0, -len(numbers) % batch), mode="edge")


class Samples(NamedTuple):
    """What training reads.

    Attributes
    ----------
    source
        The rows.
    targets
        Their targets: rows that follow each window, one row for each sample ``[samples, width]`` (of windows
        ``[rows, width]``, by their first row), or a sequence each.
    train, validation
        Training and validation samples, by the length of their bucket.
    weight
        Weight of each sample in the loss, ``[samples]``, of windows by their first row; None where all weigh the same.
    """

    source: Source
    targets: FollowingRows | TargetSequences | jax.Array
    train: dict[int, SampleSet]
    validation: dict[int, SampleSet]
    weight: jax.Array | None = None

    @classmethod
    def of_windows(
        cls,
        source: Source,
        targets: NDArray[np.float64],
        train: NDArray[np.int64],
        validation: NDArray[np.int64],
        *,
        window: int,
        horizon: int | None = 1,
        in_units: bool = False,
        weight: NDArray[np.float64] | None = None,
    ) -> Samples:
        """Copy the targets ``[rows]`` or ``[rows, targets]`` and the windows' first rows.

        The targets of a window are the `horizon` rows that follow it; with None the row at its first.
        `weight` says what the window that begins at each row weighs in the loss, ``[rows]``.
        """
        dtype = jax.dtypes.canonicalize_dtype(float)
        rows = padded_rows(targets, dtype)
        sets = {window: SampleSet.of(train)}, {window: SampleSet.of(validation)}
        weights = None if weight is None else padded_rows(weight, dtype)
        return cls(source, rows if horizon is None else FollowingRows(rows, horizon, in_units), *sets, weights)

    @classmethod
    def of_sequences(
        cls,
        source: Source,
        targets: NDArray[Any] | Sequences,
        train: Mapping[int, NDArray[np.int64]],
        validation: Mapping[int, NDArray[np.int64]],
        weight: NDArray[np.float64],
        *,
        max_target_length: int | None = None,
    ) -> Samples:
        """Put targets, weights, and the numbers of the sequences of each bucket on the device."""
        dtype = jax.dtypes.canonicalize_dtype(float)
        y: TargetSequences | jax.Array
        if isinstance(targets, Sequences):
            first, lengths = pad_rows(targets.offsets[:-1], np.int32), pad_rows(targets.lengths, np.int32)
            y = TargetSequences(pad_rows(targets.values, dtype), first, lengths, max_target_length)
        else:
            y = pad_rows(targets, dtype)
        training, held_out = (
            {length: SampleSet.of(found) for length, found in part.items()} for part in (train, validation)
        )
        return cls(source, y, training, held_out, pad_rows(weight, dtype))

    @property
    def dtype(self) -> Any:
        """The type of the losses."""
        return (self.targets if isinstance(self.targets, jax.Array) else self.targets.values).dtype

    def batch(
        self, numbers: jax.Array, length: int, counted: jax.Array | None, ratio: jax.Array | None = None
    ) -> Batch:
        """Gather samples ``[n]`` of a bucket with their targets.

        Parameters
        ----------
        numbers, length
            Numbers of the samples, and the length of their bucket.
        counted
            Weight of each in the loss.
        ratio
            Share of the steps at which a decoder is fed the true target; None for all.
        """
        x, lengths, categories, extra = self.source.read(numbers, length)
        read = Batch(x, x, counted, lengths, categories, extra)
        if isinstance(self.targets, FollowingRows):
            following = gather(self.targets.values, numbers + length, self.targets.horizon)
            if self.targets.in_units and self.source.units is not None:
                following = self.source.units.additions(
                    following, jnp.asarray(self.source.values)[:, 0], numbers + length - 1
                )
            return read._replace(y=following.reshape(len(numbers), -1))
        if not isinstance(self.targets, TargetSequences):
            return read._replace(y=self.targets[numbers])
        own, longest = self.targets.lengths[numbers], self.targets.max_target_length
        y = along(self.targets.values, self.targets.first[numbers], own, longest or length)
        return read._replace(y=y, y_lengths=own, teacher=Teacher(y, ratio) if longest else None)
