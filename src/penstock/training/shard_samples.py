"""Training samples beyond memory: those of each shard on the disk, read as they are needed, all padded to one shape."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from penstock.data.read_ahead import read_ahead
from penstock.errors import WriteError
from penstock.training.folds import BlockShape, stack
from penstock.training.samples import Samples

__all__ = ["ShardSamples", "room_in"]


@contextmanager
def room_in(folder: Path) -> Iterator[None]:
    """Say in words that a folder of temporary files has no room for what is written within.

    Parameters
    ----------
    folder
        The folder.

    Yields
    ------
    Nothing.

    Raises
    ------
    WriteError
        Where the disk is full.
    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise WriteError(
            f"the samples of a shard cannot be kept in {str(folder)!r}: {error}. Free some space, or name another "
            "folder for temporary files: TMPDIR."
        ) from error


class ShardSamples:
    """The samples of shards, windows of one length, in a folder.

    Parameters
    ----------
    folder
        An empty folder; a file a shard is written to it.

    Attributes
    ----------
    train, validation
        Numbers of training and of validation samples of each shard.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.train: list[int] = []
        self.validation: list[int] = []
        self._shape: BlockShape | None = None
        self._series = 0
        self._whole_numbers = True
        self._structure: Any = None
        self._digest = hashlib.sha256()
        self._last: tuple[int, Samples] | None = None

    def __len__(self) -> int:
        """Count the shards."""
        return len(self.train)

    def add(self, samples: Samples) -> None:
        """Write the samples of the next shard.

        Parameters
        ----------
        samples
            The samples; of all shards of the same features.

        Raises
        ------
        WriteError
            Where the disk is full.
        """
        shape = BlockShape.of(samples)
        self._shape = shape if self._shape is None else self._shape.covering(shape)
        source = samples.source
        self._series = max(self._series, 0 if source.categories is None else len(source.categories))
        self._whole_numbers &= source.extra is None or source.extra.dtype == np.uint8
        for counts, sets in ((self.train, samples.train), (self.validation, samples.validation)):
            counts.append(sum(int(found.total) for found in sets.values()))
        leaves, self._structure = jax.tree.flatten(samples)
        arrays = {str(place): np.asarray(leaf, order="C") for place, leaf in enumerate(leaves)}
        for array in arrays.values():
            self._digest.update(f"{array.dtype} {array.shape}".encode())
            self._digest.update(array.data.cast("B") if array.size else b"")
        with room_in(self._folder):
            safetensors.save_file(arrays, self._file(len(self) - 1))

    @property
    def digest(self) -> str:
        """A hash of all samples."""
        return self._digest.hexdigest()[:16]

    def read(self, places: Iterable[int]) -> Iterator[tuple[int, Samples]]:
        """Read the samples of shards one after the other, while a thread reads the next.

        Parameters
        ----------
        places
            Places of the shards.

        Yields
        ------
        The place of each and its samples, stacked as one fold and padded to one shape.
        """
        for place, samples in read_ahead(self._padded, places):
            self._last = place, samples
            yield place, samples

    def _padded(self, place: int) -> Samples:
        if self._last is not None and self._last[0] == place:
            return self._last[1]
        arrays = safetensors.load_file(self._file(place))
        samples: Samples = jax.tree.unflatten(self._structure, [arrays[str(leaf)] for leaf in range(len(arrays))])
        source: Any = samples.source
        if source.categories is not None:
            missing = self._series - len(source.categories)
            source = replace(source, categories=np.pad(source.categories, ((0, missing), (0, 0))))
        if source.extra is not None and not self._whole_numbers:
            source = replace(source, extra=source.extra.astype(jax.dtypes.canonicalize_dtype(float)))
        return stack([samples._replace(source=source)], self._shape)

    def _file(self, place: int) -> Path:
        return self._folder / f"shard-{place:05}.safetensors"

    def steps(self, batch: int) -> NDArray[np.int64]:
        """Count the steps of an epoch on each shard, ``[shards]``.

        Parameters
        ----------
        batch
            Samples a step.
        """
        counted: NDArray[np.int64] = -(-np.array(self.train, dtype=np.int64) // batch)
        return counted
