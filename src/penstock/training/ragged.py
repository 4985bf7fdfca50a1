"""Sequences of different lengths on the device: the steps once, flat, and where each sample lies.

A batch is gathered inside the compiled step. Samples of like length share a bucket, whose length is all that a program
is compiled for; steps behind a sample's last are zeros that no layer reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.data.sequences import Sequences
from penstock.networks.decoder import Teacher
from penstock.networks.inputs import Inputs
from penstock.training.batch import Batch
from penstock.training.samples import Starts, pad_rows

__all__ = ["Piece", "Ragged", "RaggedSamples", "Track", "at_once", "bucket_bounds", "in_buckets", "starts_in_buckets"]

_PROGRAM_COST = 0.05, 1 << 17  # padded steps that one more program is worth: a share of the true ones, at least

_STEPS_AT_ONCE = 1 << 16


class Piece(NamedTuple):
    """What a network reads of some samples."""

    x: jax.Array
    lengths: jax.Array
    categories: jax.Array | None
    extra: jax.Array | None


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["values", "first", "lengths", "categories", "extra"],
    meta_fields=["sizes"],
)
@dataclass(frozen=True, eq=False)
class Ragged:
    """Samples of different lengths.

    Attributes
    ----------
    values
        Features ``[steps, features]``, or token ids ``[steps]``.
    first, lengths
        First step and number of steps of each sample, ``[samples]``.
    categories, sizes
        Static categories of each sample, ``[samples, categories]``, and how many values each can take.
    extra
        Further features of each sample, ``[samples, extra]``.
    """

    values: jax.Array
    first: jax.Array
    lengths: jax.Array
    categories: jax.Array | None = None
    extra: jax.Array | None = None
    sizes: tuple[int, ...] = ()

    @classmethod
    def of(
        cls,
        sequences: Sequences,
        *,
        categories: NDArray[np.integer[Any]] | None = None,
        sizes: tuple[int, ...] = (),
        extra: NDArray[Any] | None = None,
    ) -> Ragged:
        """Put samples on the device: features in JAX's default precision, ids as int32."""
        dtype = jax.dtypes.canonicalize_dtype(float)
        return cls(
            pad_rows(sequences.values, np.int32 if sequences.values.ndim == 1 else dtype),
            pad_rows(sequences.offsets[:-1], np.int32),
            pad_rows(sequences.lengths, np.int32),
            None if categories is None else pad_rows(categories, np.int32),
            None if extra is None else pad_rows(extra, dtype),
            sizes,
        )

    @property
    def widths(self) -> Inputs:
        """Describe what a network reads of it."""
        features = 1 if self.values.ndim == 1 else self.values.shape[1]
        return Inputs(features, self.sizes, 0 if self.extra is None else self.extra.shape[1])

    def read(self, samples: jax.Array, length: int) -> Piece:
        """Gather samples ``[n]`` of at most `length` steps, with zeros behind their last."""
        lengths = self.lengths[samples]
        x = along(self.values, self.first[samples], lengths, length)
        categories = None if self.categories is None else self.categories[samples]
        extra = None if self.extra is None else self.extra[samples]
        return Piece(x, lengths, categories, extra)


class Track(NamedTuple):
    """Targets that are sequences themselves: their steps ``[steps, width]``, and where each sample's lie."""

    values: jax.Array
    first: jax.Array
    lengths: jax.Array


class RaggedSamples(NamedTuple):
    """What training reads.

    Attributes
    ----------
    source
        The samples.
    targets
        Their targets ``[samples, width]``, or one for every step.
    weight
        What each sample weighs, ``[samples]``.
    share
        The share of the steps at which a decoder is fed the truth; None: all.
    """

    source: Ragged
    targets: jax.Array | Track
    weight: jax.Array
    share: jax.Array | None = None

    @classmethod
    def of(cls, source: Ragged, targets: NDArray[Any] | Sequences, weight: NDArray[np.float64]) -> RaggedSamples:
        """Put targets and weights on the device, in JAX's default precision."""
        dtype = jax.dtypes.canonicalize_dtype(float)
        if isinstance(targets, Sequences):
            first, lengths = pad_rows(targets.offsets[:-1], np.int32), pad_rows(targets.lengths, np.int32)
            return cls(source, Track(pad_rows(targets.values, dtype), first, lengths), pad_rows(weight, dtype))
        return cls(source, pad_rows(targets, dtype), pad_rows(weight, dtype))

    def batch(self, rows: jax.Array, length: int, reach: int | None, counted: jax.Array) -> Batch:
        """Gather the samples ``[n]`` of a bucket, with their targets.

        Parameters
        ----------
        rows, length
            Numbers of the samples, and the length of their bucket.
        reach
            Length of the longest target that is a sequence of its own, which a decoder is taught; None where targets
            are aligned with the samples' steps, or no sequences.
        counted
            What each sample weighs.
        """
        x, lengths, categories, extra = self.source.read(rows, length)
        read = Batch(x, x, counted, lengths, categories, extra)
        if not isinstance(self.targets, Track):
            return read._replace(y=self.targets[rows])
        own = self.targets.lengths[rows]
        y = along(self.targets.values, self.targets.first[rows], own, reach or length)
        return read._replace(y=y, y_lengths=own, teacher=Teacher(y, self.share) if reach else None)


def along(values: jax.Array, first: jax.Array, lengths: jax.Array, length: int) -> jax.Array:
    """Copy the steps that begin at `first` ``[n]``, with zeros behind the last: ``[n, length, ...]``."""
    steps = jnp.arange(length)
    read = values.at[first[:, None] + steps].get(mode="clip", wrap_negative_indices=False)
    true = steps < lengths[:, None]
    return jnp.where(true.reshape(true.shape + (1,) * (values.ndim - 1)), read, 0)


def bucket_bounds(lengths: NDArray[np.integer[Any]]) -> tuple[int, ...]:
    """Choose the lengths of the buckets: those that cost least in padded steps and in programs to compile.

    The longest sample, rounded up, sets the last. The others are chosen from a grid (8, 12, 16, 24, 32, 48, ...), so
    that other samples of the same kind, such as those of another fold, meet programs that are compiled already.

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
    """Give the samples of each bucket, by its length; samples longer than the last go on along the grid.

    The bucket of a sample depends on its own length alone, never on its company.

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


def starts_in_buckets(
    samples: NDArray[np.int64], lengths: NDArray[np.integer[Any]], bounds: tuple[int, ...]
) -> dict[int, Starts]:
    """Put the numbers of some of the samples on the device, by bucket."""
    found = in_buckets(lengths[samples], bounds) if len(samples) else {}
    return {length: Starts.of(samples[places]) for length, places in found.items()}


def at_once(length: int) -> int:
    """Count the samples of a bucket that go through a network at once where nothing is learned."""
    return max(min(256, _STEPS_AT_ONCE // length), 1)


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
