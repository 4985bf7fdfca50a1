"""What sequence estimators read of samples: coded and scaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from penstock.data.scaling import Standardizer
from penstock.data.sequences import Sequences
from penstock.errors import DataError, OptionError, nearest
from penstock.layers.embedding import Embedding
from penstock.networks.encoder_decoder import EncoderDecoder
from penstock.networks.network import Network
from penstock.storage import Arrays
from penstock.training.forward import Buckets
from penstock.training.raw_samples import RawSamples
from penstock.training.source import Source
from penstock.values import from_plain, storable

__all__ = ["Ready", "SampleEncoder", "require_vectors"]

Floats = NDArray[np.float64]


class Ready(NamedTuple):
    """What every kind of prediction starts from.

    Attributes
    ----------
    weights
        Weights of all members.
    source, lengths
        The samples on the device, and their true steps ``[samples]``.
    buckets
        Their numbers, by the length of their bucket.
    """

    weights: Any
    source: Source
    lengths: NDArray[np.int64]
    buckets: Buckets


@dataclass(frozen=True, eq=False)
class SampleEncoder:
    """Encoder of samples: the labels of each category, and the scaling of each feature.

    Attributes
    ----------
    categories
        The labels of each category in the order of their ids.
    steps
        The map of each feature of a step; of none for token ids.
    extra
        The map of each further feature.
    """

    categories: tuple[tuple[Any, ...], ...]
    steps: Standardizer
    extra: Standardizer

    @classmethod
    def fit(cls, given: RawSamples, scale: str) -> Self:
        """Fit on samples, which must be training samples."""
        tokens = given.sequences.values.ndim == 1
        steps = np.empty((1, 0)) if tokens else given.sequences.values
        extra = np.empty((1, 0)) if given.extra is None else given.extra
        labels = tuple(tuple(_labels(column)) for column in given.categories)
        return cls(labels, Standardizer.fit(steps, scale), Standardizer.fit(extra, scale))

    def source(self, given: RawSamples) -> Source:
        """Code samples, and put them on the device.

        Raises
        ------
        DataError
            For a label that was not fitted, or another number of features, categories or further features.
        """
        sequences = given.sequences
        tokens, features = sequences.values.ndim == 1, len(self.steps)
        if not tokens and sequences.features != features:
            raise DataError(
                f"X has {sequences.features} features, but this model is expecting {features} features as input."
            )
        if len(given.categories) != len(self.categories):
            raise DataError(
                f"{len(given.categories)} categories were given, but {len(self.categories)} were fitted; give "
                "categories= with the same columns."
            )
        wanted = len(self.extra)
        if (0 if given.extra is None else given.extra.shape[1]) != wanted:
            raise DataError(f"extra has {_width(given.extra)} columns, but {wanted} were fitted; give the same.")
        if not tokens:
            sequences = Sequences(self.steps.transform(sequences.values), sequences.offsets)
        ids = [_ids(column, labels) for column, labels in zip(given.categories, self.categories, strict=True)]
        return Source.of_sequences(
            sequences,
            categories=np.stack(ids, axis=1) if ids else None,
            sizes=tuple(len(labels) for labels in self.categories),
            extra=None if given.extra is None else self.extra.transform(given.extra),
        )

    def arrays(self) -> Arrays:
        """Give the shifts and scales by name, for the model file."""
        return {**self.steps.arrays("coding."), **self.extra.arrays("coding.extra_")}

    @classmethod
    def of_arrays(cls, categories: Any, arrays: Arrays) -> Self:
        """Take back what :meth:`arrays` gave."""
        labels = tuple(tuple(map(from_plain, values)) for values in categories)
        return cls(labels, Standardizer.of_arrays(arrays, "coding."), Standardizer.of_arrays(arrays, "coding.extra_"))


def _labels(column: NDArray[Any]) -> list[Any]:
    found = [label.item() if isinstance(label, np.generic) else label for label in dict.fromkeys(column.tolist())]
    storable(found, "categories")
    try:
        return sorted(found)
    except TypeError:
        return found


def _ids(column: NDArray[Any], labels: tuple[Any, ...]) -> NDArray[np.int64]:
    place = {label: number for number, label in enumerate(labels)}
    try:
        return np.array([place[label] for label in column.tolist()], dtype=np.int64)
    except KeyError as error:
        label = error.args[0]
        raise DataError(f"the category {label!r} was not among those fitted; {nearest(label, labels)}") from None


def _width(extra: Floats | None) -> int:
    return 0 if extra is None else extra.shape[1]


def require_vectors(vectors: Any, network: Network | EncoderDecoder) -> Floats | None:
    """Check a table of vectors for the embedding that a network begins with.

    Raises
    ------
    OptionError
        Where the network begins with none, or the table is missing, of another shape, or not finite.
    """
    first = next(iter(network.layers), None)
    if vectors is None:
        if isinstance(first, Embedding) and first.frozen:
            raise OptionError(f"{first!r} keeps the vectors that it is given; give them: fit(X, y, vectors=table).")
        return None
    if not isinstance(first, Embedding):
        raise OptionError(f"vectors= is for a network that begins with an Embedding, not with {first!r}; leave it out.")
    table = np.asarray(vectors, dtype=np.float64)
    if table.shape != (first.vocabulary, first.units):
        raise OptionError(
            f"vectors have the shape {table.shape}; {first!r} needs {(first.vocabulary, first.units)}: "
            "one row for each id, one column for each unit."
        )
    if not np.isfinite(table).all():
        raise OptionError(f"vectors hold NaN or inf, first in row {int((~np.isfinite(table)).any(axis=1).argmax())}.")
    return table
