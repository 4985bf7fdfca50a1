"""Rows on the device, and what a network reads of the samples that are cut from them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.data.sequences import Sequences
from penstock.forks import refuse_fork
from penstock.networks.inputs import Inputs
from penstock.training.window_units import WindowUnits

__all__ = ["Read", "Source", "along", "gather", "pad_rows", "padded_length", "padded_rows"]


class Read(NamedTuple):
    """What a network reads of some samples.

    Attributes
    ----------
    x
        Their steps ``[n, time, features]``, or token ids ``[n, time]``.
    lengths
        True steps of each ``[n]``; None where all have as many.
    categories, extra
        Ids of the static categories, and further features, where the network reads them.
    """

    x: jax.Array
    lengths: jax.Array | None
    categories: jax.Array | None
    extra: jax.Array | None


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["values", "first", "lengths", "series", "categories", "extra", "units"],
    meta_fields=["sizes", "ahead", "reverse"],
)
@dataclass(frozen=True, eq=False)
class Source:
    """The flat rows that samples are cut from.

    Attributes
    ----------
    values
        Features ``[rows, features]``, or token ids ``[rows]``.
    first, lengths
        First row and number of steps of each sequence, ``[sequences]``; None for windows, whose number is their first
        row.
    series
        Row of `categories` of each row ``[rows]``; None for sequences, which have one each.
    categories, sizes
        Static categories, ``[series or sequences, categories]``, and how many values each can take.
    extra
        Further features: of each sequence, ``[sequences, extra]``; or of each row, of any number type, of which a
        window reads those of its first target's row and of the next, `ahead` rows in all.
    units
        What windows are scaled by, each by itself; None where they are read as they are.
    ahead
        Rows whose extra features a window reads.
    reverse
        Whether windows are fed newest row first.
    """

    values: jax.Array
    first: jax.Array | None = None
    lengths: jax.Array | None = None
    series: jax.Array | None = None
    categories: jax.Array | None = None
    extra: jax.Array | None = None
    units: WindowUnits | None = None
    sizes: tuple[int, ...] = ()
    ahead: int = 1
    reverse: bool = False

    @classmethod
    def of(
        cls,
        inputs: NDArray[np.float64],
        *,
        series: NDArray[np.integer[Any]] | None = None,
        categories: NDArray[np.integer[Any]] | None = None,
        sizes: tuple[int, ...] = (),
        extra: NDArray[Any] | None = None,
        units: WindowUnits | None = None,
        ahead: int = 1,
        reverse: bool = False,
    ) -> Source:
        """Copy rows for windows: inputs in JAX's default precision, one-hot features best as ``uint8``."""
        refuse_fork()
        dtype = jax.dtypes.canonicalize_dtype(float)
        return cls(
            padded_rows(inputs, dtype),
            series=None if series is None else padded_rows(series, np.int32),
            categories=None if categories is None else np.array(categories, np.int32),  # type: ignore[arg-type]
            extra=None if extra is None else padded_rows(extra, dtype if extra.dtype.kind == "f" else extra.dtype),
            units=units,
            sizes=sizes,
            ahead=ahead,
            reverse=reverse,
        )

    @classmethod
    def of_sequences(
        cls,
        sequences: Sequences,
        *,
        categories: NDArray[np.integer[Any]] | None = None,
        sizes: tuple[int, ...] = (),
        extra: NDArray[Any] | None = None,
    ) -> Source:
        """Put sequences on the device: features in JAX's default precision, ids as int32."""
        refuse_fork()
        dtype = jax.dtypes.canonicalize_dtype(float)
        return cls(
            pad_rows(sequences.values, np.int32 if sequences.values.ndim == 1 else dtype),
            pad_rows(sequences.offsets[:-1], np.int32),
            pad_rows(sequences.lengths, np.int32),
            categories=None if categories is None else pad_rows(categories, np.int32),
            extra=None if extra is None else pad_rows(extra, dtype),
            sizes=sizes,
        )

    @property
    def widths(self) -> Inputs:
        """Describe what a network reads of it."""
        features = 1 if self.values.ndim == 1 else self.values.shape[1]
        rows = 1 if self.first is not None else self.ahead
        extra = 0 if self.extra is None else rows * self.extra.shape[1]
        return Inputs(features, self.sizes, extra + (0 if self.units is None else self.units.width))

    def back(self, window: int) -> int:
        """Return how many rows before a window are read with it."""
        return 0 if self.units is None else self.units.back(window)

    def read(self, numbers: jax.Array, length: int) -> Read:
        """Gather samples ``[n]`` of `length` steps at most, with zeros behind the last step of shorter ones."""
        here: Source = jax.tree.map(jnp.asarray, self)  # within a compiled function its rows are there already
        return here._read(numbers, length)

    def _read(self, numbers: jax.Array, length: int) -> Read:
        if self.first is not None and self.lengths is not None:
            lengths = self.lengths[numbers]
            x = along(self.values, self.first[numbers], lengths, length)
            categories = None if self.categories is None else self.categories[numbers]
            extra = None if self.extra is None else self.extra[numbers]
            return Read(x, lengths, categories, extra)
        categories = extra = None
        if self.categories is not None and self.series is not None:
            categories = self.categories[self.series[numbers + length - 1]]  # a short window begins later
        if self.extra is not None:
            rows = numbers[:, None] + length + jnp.arange(self.ahead)
            ahead = self.extra.at[rows].get(mode="clip")  # a forecast's target may lie behind the last row
            extra = ahead.astype(self.values.dtype).reshape(len(numbers), -1)
        if self.units is not None:
            x, true, own = self.units.read(self.values, numbers, length, self.reverse)
            return Read(x, true, categories, own if extra is None else jnp.concatenate([own, extra], axis=1))
        x = gather(self.values, numbers, length)
        return Read(x[:, ::-1] if self.reverse else x, None, categories, extra)

    def cut(self, starts: NDArray[np.integer[Any]], length: int, window: int) -> Source:
        """Copy the rows that windows read, on the host, so that what reads them is compiled for their number alone.

        Parameters
        ----------
        starts
            First rows of the windows, ``[n]``.
        length
            Rows of each, with those behind it that are read as well; behind the last row of all it is read again.
        window
            Rows of each without those; rows before it are copied where they are read as well.

        Returns
        -------
        Rows of which the window at ``starts[i]`` begins in row ``i * (back + length) + back``, where back is
        ``self.back(window)``.
        """
        back = self.back(window)
        rows = np.clip(starts[:, None] + np.arange(-back, length), 0, len(self.values) - 1).ravel()
        series = categories = None
        if self.series is not None and self.categories is not None:
            series = np.repeat(np.arange(len(starts), dtype=np.int32), back + length)
            categories = np.asarray(self.categories)[np.asarray(self.series)[starts + window - 1]]
        extra = None if self.extra is None else np.asarray(self.extra)[rows]
        units = None if self.units is None else self.units.at(rows)
        values = np.asarray(self.values)[rows]
        return replace(self, values=values, series=series, categories=categories, extra=extra, units=units)  # type: ignore[arg-type]


def gather(values: jax.Array, starts: jax.Array, length: int) -> jax.Array:
    """Copy `length` rows from each start: ``[n, length, ...]``."""
    return values[starts[:, None] + jnp.arange(length)]


def along(values: jax.Array, first: jax.Array, lengths: jax.Array, length: int) -> jax.Array:
    """Copy the steps that begin at `first` ``[n]``, with zeros behind the last: ``[n, length, ...]``."""
    steps = jnp.arange(length)
    read = values.at[first[:, None] + steps].get(mode="clip", wrap_negative_indices=False)
    true = steps < lengths[:, None]
    return jnp.where(true.reshape(true.shape + (1,) * (values.ndim - 1)), read, 0)


def padded_length(count: int) -> int:
    """Round up to a length with four significant bits: at most an eighth more, and at least 16.

    Examples
    --------
    >>> [padded_length(n) for n in (1, 20, 1750, 1771)]
    [16, 20, 1792, 1792]
    """
    step = max(1 << max(math.ceil(math.log2(max(count, 1))) - 4, 0), 1)
    return max(math.ceil(count / step) * step, 16)


def padded_rows(rows: NDArray[Any], dtype: Any) -> Any:
    """Copy flat rows, with zeros behind up to a length that other folds share.

    They stay on the host: folds are laid end to end there (:func:`penstock.training.folds.stack`), and forecasts read
    a copy of a few rows.
    """
    padded = np.zeros((padded_length(len(rows)), *rows.shape[1:]), dtype)
    padded[: len(rows)] = rows
    return padded


def pad_rows(rows: NDArray[Any], dtype: Any) -> jax.Array:
    """Put flat rows on the device, with zeros behind up to a length that other folds share."""
    return jax.device_put(padded_rows(rows, dtype))
