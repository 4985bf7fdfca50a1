"""Tables on disk: CSV, Parquet, Arrow and databases into a frame, with every fault of the file told in words."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.argument_types import checked_path
from penstock.data.database_urls import is_url, read_url
from penstock.data.databases import DATABASES, read_query
from penstock.data.reading.csv import read_csv
from penstock.data.reading.encoding import COMPRESSED
from penstock.data.reading.native import plain_frame
from penstock.errors import DataError, OptionError, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TEXT", "is_parquet", "is_separated", "read_table"]

TEXT = (".csv", ".tsv", ".tab", ".txt")
"""Ends of names of text tables."""

_PARQUET = (".parquet", ".pq")
_ARROW = (".arrow", ".feather", ".ipc")

# What pandas and the decompressors raise where a file is damaged, cut off, or not what its name says.
_DAMAGE = (OSError, ValueError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


def read_table(
    path: str | Path, text: Collection[str] = (), *, sql: str = "", only: Sequence[str] = ()
) -> pd.DataFrame:
    """Read a text table (``.csv``, ``.txt``, also ``.gz``, ``.xz``, ``.bz2``, ``.zip``), Parquet, Arrow or a database.

    Encoding, separator, preamble and headers of several rows are told from the file
    (:mod:`penstock.data.reading.csv`); a :class:`penstock.errors.DataWarning` says what was read as what.

    Parameters
    ----------
    path
        The file, or the URL of a database (:func:`penstock.data.database_urls.read_url`).
    text
        Columns that are text whatever they spell: names of series, labels, times, documents.
    sql
        Query whose rows are read, of a database (:func:`penstock.data.databases.read_query`).
    only
        Columns of a Parquet file that are read, where it has all of them; left out: all.

    Raises
    ------
    DataError
        Where the file does not exist, is empty, or cannot be read as what its name says; the message says why.
    """
    import pandas as pd

    if isinstance(path, str) and is_url(path):  # a path would lose one of two slashes
        return plain_frame(read_url(path, sql))
    path = checked_path(path)
    if path.is_dir():
        raise DataError(f"{str(path)!r} is a folder; a CSV or Parquet file is needed.")
    if not path.exists():
        beside = sorted(p.name for p in path.parent.glob("*") if p.is_file()) if path.parent.is_dir() else []
        hint = f" Here, {nearest(path.name, beside)}" if beside else ""
        raise DataError(f"the file {str(path)!r} does not exist.{hint}")
    if path.stat().st_size == 0:
        raise DataError(f"the file {str(path)!r} is empty (0 bytes).")
    kind = _kind(path)
    if kind in DATABASES:
        return plain_frame(read_query(path, sql))
    if sql:
        raise OptionError(f"--sql asks a database, and {path.name!r} is none; allowed: {', '.join(DATABASES)}.")
    try:
        if kind in _PARQUET:
            return plain_frame(pd.read_parquet(path, columns=_there(path, only)))
        if kind in _ARROW:
            return plain_frame(pd.read_feather(path))
        if kind.startswith(TEXT):
            return read_csv(path, text)
    except DataError:
        raise
    except ImportError as error:
        raise DataError(f"{str(path)!r} needs pyarrow: pip install 'penstock[parquet]'.") from error
    except _DAMAGE as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{str(path)!r} cannot be read as {kind.lstrip('.')}: {reason}") from error
    raise DataError(
        f"{str(path)!r} ends in {kind!r}; allowed: {', '.join(TEXT)} (plain or {', '.join(COMPRESSED)}), .parquet, "
        f"{', '.join((*_ARROW, *DATABASES))}."
    )


def _there(path: Path, only: Sequence[str]) -> list[str] | None:
    """Return these columns where a Parquet file has all of them, else None: all columns, which a message then names."""
    if not only:
        return None
    from pyarrow.parquet import read_schema

    return list(only) if {*only} <= {*read_schema(path).names} else None


def is_parquet(path: Path) -> bool:
    """Whether the name of a file says that it is Parquet."""
    return _kind(path) in _PARQUET


def is_separated(path: Path) -> bool:
    """Whether the name of a file says that its lines fall into fields."""
    return _kind(path).startswith((".csv", ".tsv", ".tab"))


def _kind(path: Path) -> str:
    return "".join(path.suffixes[-2:] if path.suffix.lower() in COMPRESSED else path.suffixes[-1:]).lower()
