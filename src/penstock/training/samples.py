"""Samples on the device: the flat values once, and where each window starts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.kernels import order
from penstock.layers.noise import draw
from penstock.networks.inputs import Inputs

__all__ = ["Read", "Samples", "Source", "Starts", "gather", "pad_rows", "padded_length"]


class Starts(NamedTuple):
    """Window starts, padded to a length that other folds share, with the true count beside.

    Padding lets folds of nearly equal length use one compiled program.
    """

    rows: jax.Array
    total: jax.Array

    @classmethod
    def of(cls, starts: NDArray[np.int64]) -> Starts:
        """Pad with the first start (or row 0); the padding is never counted."""
        filler = starts[0] if len(starts) else 0
        padded = np.full(padded_length(len(starts)), filler, dtype=np.int32)
        padded[: len(starts)] = starts
        return cls(jax.device_put(padded), jax.device_put(np.int32(len(starts))))

    def shuffled(self, key: jax.Array, batch: int) -> jax.Array:
        """Draw an order from a hash key: the true rows first, and padding behind until the last batch is whole."""
        places = jnp.arange(len(self.rows))
        bits = jnp.where(places < self.total, draw(key, places.shape), jnp.uint32(0xFFFFFFFF))
        rows = self.rows[order(bits)]
        return jnp.pad(rows, (0, -len(rows) % batch), mode="edge")


class Read(NamedTuple):
    """What a network reads of some windows: their inputs, and the categories and extra features it wants."""

    x: jax.Array
    categories: jax.Array | None
    extra: jax.Array | None


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["inputs", "series", "categories", "extra"],
    meta_fields=["sizes", "ahead", "reverse"],
)
@dataclass(frozen=True, eq=False)
class Source:
    """The flat rows that windows are cut from; nothing is copied for a window before its step.

    Attributes
    ----------
    inputs
        ``[rows, features]``.
    series, categories, sizes
        The series of each row ``[rows]``, the static categories of each series ``[series, categories]``, and how many
        values each category can take.
    extra
        Further features, ``[rows, extra]``, of any number type: a sample reads those of its first target's row and of
        the next, `ahead` rows in all.
    ahead
        Rows whose extra features a sample reads.
    reverse
        Whether windows are fed newest row first.
    """

    inputs: jax.Array
    series: jax.Array | None = None
    categories: jax.Array | None = None
    extra: jax.Array | None = None
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
        ahead: int = 1,
        reverse: bool = False,
    ) -> Source:
        """Put arrays on the device: inputs in JAX's default precision, one-hot features best as ``uint8``."""
        dtype = jax.dtypes.canonicalize_dtype(float)
        return cls(
            pad_rows(inputs, dtype),
            None if series is None else pad_rows(series, np.int32),
            None if categories is None else jax.device_put(np.asarray(categories, np.int32)),
            None if extra is None else pad_rows(extra, dtype if extra.dtype.kind == "f" else extra.dtype),
            sizes,
            ahead,
            reverse,
        )

    @property
    def widths(self) -> Inputs:
        """Describe what a network reads of it."""
        return Inputs(self.inputs.shape[1], self.sizes, 0 if self.extra is None else self.ahead * self.extra.shape[1])

    def read(self, starts: jax.Array, window: int) -> Read:
        """Gather the windows that begin at `starts` ``[n]``."""
        categories = extra = None
        if self.categories is not None and self.series is not None:
            categories = self.categories[self.series[starts]]
        if self.extra is not None:
            rows = starts[:, None] + window + jnp.arange(self.ahead)
            ahead = self.extra.at[rows].get(mode="clip")  # a forecast's target may lie behind the last row
            extra = ahead.astype(self.inputs.dtype).reshape(len(starts), -1)
        x = gather(self.inputs, starts, window)
        return Read(x[:, ::-1] if self.reverse else x, categories, extra)


class Samples(NamedTuple):
    """What training reads: rows, targets ``[rows]`` or ``[rows, targets]``, the windows to learn from and to watch."""

    source: Source
    targets: jax.Array
    learn: Starts
    watch: Starts

    @classmethod
    def of(
        cls,
        source: Source,
        targets: NDArray[np.float64],
        learn: NDArray[np.int64],
        watch: NDArray[np.int64],
    ) -> Samples:
        """Put targets and starts on the device, in JAX's default precision."""
        dtype = jax.dtypes.canonicalize_dtype(float)
        return cls(source, pad_rows(targets, dtype), Starts.of(learn), Starts.of(watch))

    def targets_of(self, starts: jax.Array, window: int, horizon: int) -> jax.Array:
        """Gather the targets that follow the windows at `starts` ``[n]``, step by step: ``[n, horizon · targets]``."""
        return gather(self.targets, starts + window, horizon).reshape(len(starts), -1)


def gather(values: jax.Array, starts: jax.Array, length: int) -> jax.Array:
    """Copy `length` rows from each start: ``[n, length, ...]``."""
    return values[starts[:, None] + jnp.arange(length)]


def padded_length(count: int) -> int:
    """Round up to a length with four significant bits: at most an eighth more, and at least 16.

    Examples
    --------
    >>> [padded_length(n) for n in (1, 20, 1750, 1771)]
    [16, 20, 1792, 1792]
    """
    step = max(1 << max(math.ceil(math.log2(max(count, 1))) - 4, 0), 1)
    return max(math.ceil(count / step) * step, 16)


def pad_rows(rows: NDArray[Any], dtype: Any) -> jax.Array:
    """Put flat rows on the device, with zeros behind up to a length that other folds share."""
    padded = np.zeros((padded_length(len(rows)), *rows.shape[1:]), dtype)
    padded[: len(rows)] = rows
    return jax.device_put(padded)
