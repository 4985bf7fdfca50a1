"""Panels beyond memory: Parquet files, each of which holds whole series."""

from __future__ import annotations

import glob
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import checked_choice, described
from penstock.data.columns import Columns
from penstock.data.exchange import require_exchange
from penstock.data.frames import FrameKind, read_panel
from penstock.data.missing import MISSING
from penstock.data.panel import Panel
from penstock.data.read_ahead import read_ahead
from penstock.data.reading.notes import note
from penstock.data.tables import is_parquet, read_table
from penstock.errors import DataError, DataWarning, OptionError, PenstockError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Shards"]


class Shards:
    """Parquet files that are one panel together, read one after the other: each holds whole series.

    ``fit`` of a :class:`penstock.Forecaster` with ``scale="window"`` and ``predict(shards, out=folder)`` take it where
    they take a frame; of all rows no more than those of two files are in memory. The order of the files is that of
    their names.

    Parameters
    ----------
    files : str, Path or list of these
        A pattern such as ``"folder/*.parquet"``, a folder, whose ``*.parquet`` are taken, or the files.
    id, time, target, past, known, static, missing, calendar
        As in :meth:`penstock.Forecaster.fit`; the same for all files.

    Attributes
    ----------
    files
        The files.
    columns, missing, calendar
        How they are read.

    Raises
    ------
    DataError
        Where no file is found, or one is no Parquet file by its name.
    OptionError
        For columns that contradict each other, or a choice that does not exist.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> folder = tempfile.TemporaryDirectory()
    >>> for name in "ab":
    ...     rows = pd.DataFrame({"unique_id": name, "ds": range(3), "y": [1.0, 2.0, 3.0]})
    ...     rows.to_parquet(f"{folder.name}/{name}.parquet")
    >>> shards = Shards(f"{folder.name}/*.parquet")
    >>> len(shards), shards.names(1)
    (2, ['b'])
    >>> folder.cleanup()
    """

    def __init__(
        self,
        files: str | Path | Sequence[str | Path],
        *,
        id: str = "unique_id",
        time: str = "ds",
        target: str = "y",
        past: str | Sequence[str] = (),
        known: str | Sequence[str] = (),
        static: str | Sequence[str] = (),
        missing: str = "error",
        calendar: str | None = None,
    ) -> None:
        self.files = _found(files)
        self.columns = Columns(id, time, target, past, known, static)  # type: ignore[arg-type]
        checked_choice("missing", missing, MISSING)
        if calendar is not None:
            require_exchange(calendar)
        self.missing, self.calendar = missing, calendar
        self._hashes: dict[int, tuple[Any, NDArray[np.uint64]]] = {}

    def __len__(self) -> int:
        """Count the files."""
        return len(self.files)

    def __repr__(self) -> str:
        """Name the first and the last file."""
        some = [str(self.files[place]) for place in sorted({0, len(self) - 1})]
        return f"Shards({' … '.join(some)!r}, {len(self)} files)"

    def frame(self, place: int) -> pd.DataFrame:
        """Read one file, its columns that are needed.

        Parameters
        ----------
        place
            Place of the file among `files`.

        Returns
        -------
        The frame.

        Raises
        ------
        DataError
            Where the file cannot be read as Parquet.
        """
        columns = self.columns
        names = [columns.id, columns.time, *(name for _, name in columns.numbers), *columns.static]
        return read_table(self.files[place], only=tuple(dict.fromkeys(names)))

    def frames(self, places: Iterable[int] | None = None) -> Iterator[tuple[int, pd.DataFrame]]:
        """Read files one after the other, while a thread reads the next.

        Parameters
        ----------
        places
            Their places; None: all.

        Returns
        -------
        The place of each, and its frame.
        """
        return read_ahead(self.frame, range(len(self)) if places is None else places)

    def panel(self, place: int, frame: Any, first: FrameKind | None = None) -> tuple[Panel, FrameKind]:
        """Read the frame of one file into a panel.

        Parameters
        ----------
        place, frame
            Place of the file, and what :meth:`frame` gave.
        first
            How the first file was read: all are to be alike.

        Returns
        -------
        The panel, and how it was read.

        Raises
        ------
        DataError
            As :func:`penstock.data.frames.read_panel`, with the name of the file; or where its columns are of other
            types than those of the first.
        """
        with self.naming_file(place):
            panel, kind = read_panel(frame, self.columns, self.missing, calendar=self.calendar)
            if first is not None:
                self._require_alike(kind, first)
        self._hashes[place] = self.signature(place), _hashed(panel.ids)
        return panel, kind

    def _require_alike(self, kind: FrameKind, first: FrameKind) -> None:
        """Refuse a file whose columns are of other types than those of the first."""
        columns, beginning = self.columns, self.files[0].name
        for name, ours, theirs in ((columns.id, kind.id, first.id), (columns.time, kind.time, first.time)):
            if ours != theirs:
                here, there = ("is not there" if each is None else f"is of the type {each}" for each in (ours, theirs))
                raise DataError(f"the column {name!r} {here}, but {there} in {beginning!r}; write all files alike.")
        if kind.form != first.form:
            raise DataError(
                f"the times in {columns.time!r} are not written as those in {beginning!r} are; write all files alike."
            )

    @contextmanager
    def naming_file(self, place: int) -> Iterator[None]:
        """Put the name of a file before the errors and notes of what is done within.

        Parameters
        ----------
        place
            Its place.

        Yields
        ------
        Nothing.
        """
        name = self.files[place].name
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                yield
            except PenstockError as error:
                _raise_named(name, error)
        for each in said:
            if issubclass(each.category, DataWarning):
                note(f"{name}: {each.message}")
            else:
                warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)

    def names(self, place: int) -> list[Any]:
        """Return the names of the series of one file, in their order.

        Parameters
        ----------
        place
            Its place.

        Returns
        -------
        The names; None alone where the file has no column of them.
        """
        path, name = self.files[place], self.columns.id
        try:
            from pyarrow.parquet import ParquetFile

            with ParquetFile(path) as file:
                if name not in file.schema_arrow.names:
                    return [None]
                found: list[Any] = file.read(columns=[name]).column(name).unique().to_pylist()
        except (OSError, ValueError, ImportError):
            self.frame(place)  # says in words what is wrong with the file
            raise
        return found

    def require_whole(self) -> None:
        """Refuse a series of which two files hold rows; only the names are read, of files that are not known yet.

        Raises
        ------
        DataError
            With the name of the series and both files.
        """
        for place in range(len(self)):
            known = self._hashes.get(place)
            if known is None or known[0] != self.signature(place):
                self._hashes[place] = self.signature(place), _hashed(self.names(place))
        hashes = np.concatenate([self._hashes[place][1] for place in range(len(self))])
        files = np.repeat(np.arange(len(self)), [len(self._hashes[place][1]) for place in range(len(self))])
        order = np.argsort(hashes, kind="stable")
        for pair in np.flatnonzero(hashes[order][1:] == hashes[order][:-1]).tolist():
            one, other = files[order[pair : pair + 2]].tolist()
            if one != other:  # a hash only proposes: the names themselves decide
                self._refuse_shared(one, other)

    def _refuse_shared(self, one: int, other: int) -> None:
        theirs = set(self.names(other))
        both = [name for name in self.names(one) if name in theirs]
        if not both:
            return
        files = f"{str(self.files[one])!r} and {str(self.files[other])!r}"
        if both == [None]:
            raise DataError(f"{files} have no column {self.columns.id!r} that names their series; write one, or id=.")
        more = f", and of {len(both) - 1:,} further series" if len(both) > 1 else ""
        raise DataError(
            f"rows of series {both[0]!r}{more} stand in both {files}; write the rows of each series to one file."
        )

    def signature(self, place: int) -> tuple[int, int]:
        """Return what tells a file that was written anew.

        Parameters
        ----------
        place
            Its place.

        Returns
        -------
        Its size, and when it was changed.

        Raises
        ------
        DataError
            Where it is not there any more.
        """
        try:
            about = self.files[place].stat()
        except OSError as error:
            raise DataError(f"{str(self.files[place])!r} cannot be read: {error.strerror}.") from error
        return about.st_size, about.st_mtime_ns


def _raise_named(name: str, error: PenstockError) -> NoReturn:
    raise type(error)(f"{name}: {error}") from error


def _hashed(names: Iterable[Any]) -> NDArray[np.uint64]:
    """Hash names of series, ``[series]``, alike in every process."""
    import pandas as pd

    texts = np.array([str(name) for name in names], dtype=object)
    hashed: NDArray[np.uint64] = pd.util.hash_array(texts, categorize=False)
    return hashed


def _found(files: Any) -> tuple[Path, ...]:
    """Find the files of a pattern, of a folder, or of a list."""
    if isinstance(files, (str, Path)):
        pattern = str(files)
        if Path(pattern).is_dir():
            pattern = f"{glob.escape(pattern)}/*.parquet"
        found = [Path(each) for each in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207 - of any folder
        if not found:
            raise DataError(f"no file is named {pattern!r}; give a pattern such as 'folder/*.parquet'.")
    elif isinstance(files, Sequence) and files and all(isinstance(each, (str, Path)) for each in files):
        found = [Path(each) for each in files]
    else:
        raise OptionError(
            f"files={described(files)}; allowed: a pattern such as 'folder/*.parquet', or a list of files."
        )
    if len({path.name for path in found}) < len(found):
        raise OptionError("two of the files have one name; forecasts are written by it: give each a name of its own.")
    for path in found:
        if not is_parquet(path):
            raise DataError(f"{str(path)!r} is no Parquet file by its name; shards end in .parquet.")
    return tuple(found)
