"""Samples as they are given, as arrays, lists or windows: read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import described
from penstock.data.sequences import Sequences, read_sequences
from penstock.errors import DataError
from penstock.layers.embedding import Embedding
from penstock.networks.encoder_decoder import EncoderDecoder
from penstock.networks.network import Network

__all__ = ["RawSamples", "read_samples", "read_static", "sample_weights"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RawSamples:
    """Samples as they were given, checked and not yet encoded.

    Attributes
    ----------
    sequences
        Their steps.
    categories
        The labels of each static category, each ``[samples]``.
    extra
        Further features, ``[samples, extra]``; None for none.
    """

    sequences: Sequences
    categories: tuple[NDArray[Any], ...]
    extra: Floats | None

    def __len__(self) -> int:
        return len(self.sequences)

    def followed_by(self, others: RawSamples) -> RawSamples:
        """Put other samples behind these."""
        return RawSamples(
            self.sequences.followed_by(others.sequences),
            tuple(np.concatenate(pair) for pair in zip(self.categories, others.categories, strict=True)),
            None if self.extra is None or others.extra is None else np.concatenate([self.extra, others.extra]),
        )


def read_samples(
    X: Any,
    network: Network | EncoderDecoder,
    *,
    lengths: Any = None,
    padding: str = "post",
    categories: Any = None,
    extra: Any = None,
    name: str = "X",
) -> RawSamples:
    """Read and check samples for a network.

    Parameters
    ----------
    X
        An array or a list of sequences (:func:`penstock.data.sequences.read_sequences`).
    network
        The network that is to read them; one that begins with an embedding reads token ids.
    lengths, padding
        True steps of each sample of a padded array, and where its padding stands.
    categories
        Labels of static categories, ``[samples]`` or ``[samples, categories]``.
    extra
        Further numbers of each sample, ``[samples]`` or ``[samples, extra]``.
    name
        What messages call X.

    Returns
    -------
    RawSamples
        The samples, not yet encoded.

    Raises
    ------
    DataError
        Where they cannot be used; the message says why.
    """
    first = next(iter(network.layers), None)
    sequences = read_sequences(X, ids=isinstance(first, Embedding), lengths=lengths, padding=padding, name=name)
    if isinstance(first, Embedding) and sequences.values.max() >= first.vocabulary:
        step = int((sequences.values >= first.vocabulary).argmax())
        sample = int(np.searchsorted(sequences.offsets, step, side="right")) - 1
        raise DataError(
            f"sample {sample} of {name} holds the id {sequences.values[step]} at step "
            f"{step - sequences.offsets[sample]}, but {first!r} knows ids from 0 to {first.vocabulary - 1}."
        )
    return RawSamples(sequences, *read_static(categories, extra, len(sequences)))


def read_static(
    categories: Any, extra: Any, count: int, *, dtype: Any = np.float64
) -> tuple[tuple[NDArray[Any], ...], NDArray[Any] | None]:
    """Read what `count` samples have beside their steps: each static category ``[samples]``, and further features.

    `dtype` is that of the features.

    Raises
    ------
    DataError
        For another number of rows, or further features that are not finite numbers.
    """
    columns: tuple[NDArray[Any], ...] = ()
    if categories is not None:
        whole = getattr(getattr(categories, "dtype", None), "kind", None) in ("i", "u")
        table = np.asarray(categories, dtype=None if whole else object)
        table = table[:, None] if table.ndim == 1 else table
        _require_rows("categories", table, count)
        columns = tuple(table.T)
    further = None
    if extra is not None:
        try:
            further = np.asarray(extra, dtype=dtype)
        except (TypeError, ValueError) as error:
            raise DataError(f"extra holds what is no number: {error}; give text as categories=.") from error
        further = further[:, None] if further.ndim == 1 else further
        _require_rows("extra", further, count)
        if not np.isfinite(further).all():
            sample = int((~np.isfinite(further)).any(axis=1).argmax())
            raise DataError(f"extra holds NaN or inf, first for sample {sample}; fill it.")
    return columns, further


def sample_weights(sample_weight: Any, count: int) -> NDArray[np.float64] | None:
    """Read what each sample weighs, or refuse what is no weight."""
    if sample_weight is None:
        return None
    try:
        weight = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"sample_weight={described(sample_weight)}; allowed: a number for each sample.") from error
    if weight.shape != (count,):
        raise DataError(
            f"sample_weight has the shape {weight.shape}; allowed: one number for each of the {count} samples."
        )
    if not np.isfinite(weight).all() or (weight < 0).any():
        sample = int((~(weight >= 0) | np.isinf(weight)).argmax())
        raise DataError(f"sample_weight[{sample}] is {weight[sample]:g}; allowed: finite numbers from 0.")
    return weight


def _require_rows(name: str, table: NDArray[Any], count: int) -> None:
    if table.ndim != 2 or len(table) != count:
        raise DataError(
            f"{name} has the shape {table.shape}; allowed: [{count}, columns], one row for each of the {count} samples."
        )
