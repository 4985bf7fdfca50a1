"""Samples that are given as arrays: read, joined, and put on the device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from penstock.data.sequences import Sequences, read_sequences
from penstock.errors import DataError
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.training.buckets import bucket_bounds, in_buckets
from penstock.training.forward import Buckets
from penstock.training.raw_samples import read_samples, read_static
from penstock.training.row_windows import RowWindows
from penstock.training.samples import Samples
from penstock.training.source import Source

__all__ = ["ArraySamples", "read_targets"]


@dataclass(frozen=True, eq=False)
class ArraySamples:
    """What a network reads of samples that are given as arrays.

    Attributes
    ----------
    x
        Their steps.
    categories
        Id of each static category, ``[samples, categories]``.
    extra
        Further features, ``[samples, extra]``; None for none.
    """

    x: Sequences | RowWindows
    categories: NDArray[np.int64]
    extra: NDArray[Any] | None

    @classmethod
    def read(
        cls,
        network: Network,
        x: Any,
        *,
        lengths: Any = None,
        categories: Any = None,
        extra: Any = None,
        name: str = "x",
    ) -> Self:
        """Read and check samples for a network.

        Raises
        ------
        DataError
            Where they cannot be used; the message says why.
        """
        if isinstance(x, RowWindows):
            if network.return_sequences or lengths is not None:
                what = "a network with outputs at every step" if network.return_sequences else "lengths="
                raise DataError(f"{name} are windows of rows, which do not go with {what}; give an array of samples.")
            kind = getattr(getattr(extra, "dtype", None), "kind", None)
            dtype = extra.dtype if kind in ("u", "i", "f") else np.float64  # one-hot features are best as uint8
            columns, further = read_static(categories, extra, len(x), dtype=dtype)
            return cls(x, _ids(columns, len(x)), further)
        raw = read_samples(x, network, lengths=lengths, categories=categories, extra=extra, name=name)
        return cls(raw.sequences, _ids(raw.categories, len(raw)), raw.extra)

    def __len__(self) -> int:
        return len(self.x)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each category can take, as far as these samples tell."""
        return tuple(1 + int(largest) for largest in self.categories.max(axis=0))

    def sizes_within(self, inputs: Inputs) -> tuple[int, ...]:
        """Return how many values each category can take of a network that reads `inputs`.

        Raises
        ------
        DataError
            Where an id is not among them, or there are other numbers of features, categories or further features.
        """
        wanted = inputs.features, len(inputs.categories), inputs.extra
        for name, here, there in zip(("features", "categories", "further features"), self.widths, wanted, strict=True):
            if here != there:
                raise DataError(f"x has {here} {name}, but the network reads {there}.")
        for place, (largest, size) in enumerate(zip(self.sizes, inputs.categories, strict=True)):
            if largest > size:
                raise DataError(f"category {place} holds the id {largest - 1}, but the network knows ids below {size}.")
        return inputs.categories

    @property
    def widths(self) -> tuple[int, int, int]:
        """Numbers of features, categories and further features."""
        return self.x.features, self.categories.shape[1], 0 if self.extra is None else self.extra.shape[1]

    def followed_by(self, others: Self) -> Self:
        """Put other samples of the same kind and widths behind these.

        Raises
        ------
        DataError
            Where only one of the two is given as windows, or the windows differ in length.
        """
        if isinstance(self.x, RowWindows) and isinstance(others.x, RowWindows) and self.x.window == others.x.window:
            x: Sequences | RowWindows = self.x.followed_by(others.x)
        elif isinstance(self.x, Sequences) and isinstance(others.x, Sequences):
            x = self.x.followed_by(others.x)
        else:
            raise DataError("training and validation samples are not alike; give both as arrays, or as equal windows.")
        extra = None if self.extra is None or others.extra is None else np.concatenate([self.extra, others.extra])
        return type(self)(x, np.concatenate([self.categories, others.categories]), extra)

    def source(self, sizes: tuple[int, ...]) -> Source:
        """Put them on the device; `sizes` says how many values each category can take."""
        beside = {"categories": self.categories, "sizes": sizes} if sizes else {}
        if isinstance(self.x, Sequences):
            return Source.of_sequences(self.x, extra=self.extra, **beside)  # type: ignore[arg-type]
        rows, after = self.x.rows, self.x.starts + self.x.window
        extra = None
        if self.extra is not None:  # read from the row after the window: one row more than there are
            rows = np.concatenate([rows, rows[-1:]])
            extra = _at(len(rows), after, self.extra)
        if sizes:
            beside["series"] = _at(len(rows), after - 1, np.arange(len(self)))
        return Source.of(rows, extra=extra, **beside)  # type: ignore[arg-type]

    def buckets(self) -> Buckets:
        """Return the numbers by which the engine knows the samples, by the length of their bucket."""
        if isinstance(self.x, RowWindows):
            return {self.x.window: self.x.starts}
        return in_buckets(self.x.lengths, bucket_bounds(self.x.lengths))

    def training_samples(
        self, source: Source, targets: NDArray[np.float64] | Sequences, weight: NDArray[np.float64] | None, count: int
    ) -> Samples:
        """Return what training reads: the first `count` samples to train on, the others for validation."""
        learn = np.arange(count) if weight is None else np.flatnonzero(weight[:count])
        watch = np.arange(count, len(self))
        if not len(learn):
            raise DataError("sample_weight is 0 for every training sample; give some of them a weight.")
        if isinstance(self.x, Sequences):
            lengths = self.x.lengths
            bounds = bucket_bounds(lengths[learn])
            train, validation = (
                {length: part[found] for length, found in in_buckets(lengths[part], bounds).items()}
                for part in (learn, watch)
            )
            weight = np.ones(len(self)) if weight is None else weight
            return Samples.of_sequences(source, targets, train, validation, weight)
        assert not isinstance(targets, Sequences)  # noqa: S101 (refused when read)
        starts, rows = self.x.starts, len(self.x.rows)
        return Samples.of_windows(
            source,
            _at(rows, starts, targets),
            starts[learn],
            starts[watch],
            window=self.x.window,
            horizon=None,
            weight=None if weight is None else _at(rows, starts, weight),
        )


def read_targets(
    network: Network, y: Any, samples: ArraySamples, lengths: Any, name: str
) -> NDArray[np.float64] | Sequences:
    """Read one row of targets a sample, or, of a network with outputs at every step, one a step.

    Raises
    ------
    DataError
        Where they cannot be used; the message says why.
    """
    if network.return_sequences and isinstance(samples.x, Sequences):
        targets = read_sequences(y, lengths=lengths, name=name)
        if targets.lengths.tolist() != samples.x.lengths.tolist():
            raise DataError(f"the sequences of {name} are not as long as those of x; give one target a step.")
        return targets
    try:
        rows = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} holds what is no number: {error}; give numbers, classes counted from 0.") from error
    rows = rows[:, None] if rows.ndim == 1 else rows
    if rows.ndim != 2 or len(rows) != len(samples) or not np.isfinite(rows).all():
        raise DataError(
            f"{name} has the shape {np.shape(y)}{'' if np.isfinite(rows).all() else ' and holds NaN or inf'}; allowed: "
            f"finite numbers [{len(samples)}] or [{len(samples)}, outputs], one row a sample."
        )
    return rows


def _ids(columns: tuple[NDArray[Any], ...], count: int) -> NDArray[np.int64]:
    """Return ids ``[samples, categories]``, or refuse what is none."""
    table = np.empty((count, len(columns)), np.int64)
    for place, column in enumerate(columns):
        if column.dtype.kind in "iu":
            wrong = column[column < 0].tolist()
        else:
            wrong = [each for each in column.tolist() if not isinstance(each, (int, np.integer)) or each < 0]
        if wrong:
            raise DataError(f"categories holds {wrong[0]!r}; allowed: ids, whole numbers from 0.")
        table[:, place] = column
    return table


def _at(rows: int, places: NDArray[np.int64], values: NDArray[Any]) -> NDArray[Any]:
    """Lay values at some of so many rows, with zeros between."""
    table = np.zeros((rows, *values.shape[1:]), values.dtype)
    table[places] = values
    return table
