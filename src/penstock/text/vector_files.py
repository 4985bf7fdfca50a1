"""Files of word vectors: GloVe's and word2vec's text, word2vec's binary form."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from penstock.errors import DataError
from penstock.text.extra import library

__all__ = ["read_binary", "read_text"]

Vectors = tuple[list[str], NDArray[np.float32]]


def read_text(path: Path, only: Collection[str] | None = None) -> Vectors:
    """Read a word and its numbers from each line; a first line of two whole numbers is word2vec's header.

    The width is that of the first vector. Words may hold spaces, as some of GloVe's do: the numbers are counted from
    the end.
    """
    wanted = None if only is None else set(only)
    words: list[str] = []
    rows: list[NDArray[np.float32]] = []
    units = 0
    with _opened(path) as file:
        for number, raw in enumerate(file, start=1):
            fields = raw.rstrip(b"\r\n ").split(b" ")
            if number == 1 and len(fields) == 2 and all(field.isdigit() for field in fields):
                units = int(fields[1])
                continue
            units = units or len(fields) - 1
            if units < 1 or len(fields) <= units:
                raise _broken(path, number, raw, f"it holds {len(fields) - 1} numbers where {units or 1} are needed")
            try:
                word = b" ".join(fields[: len(fields) - units]).decode()
            except UnicodeDecodeError as error:
                raise _broken(path, number, raw, f"its word is not UTF-8 ({error.reason})") from error
            if len(fields) - units > 1 and _number(fields[len(fields) - units - 1]):
                raise _broken(path, number, raw, f"it holds more than {units} numbers, the width of the first")
            if wanted is not None and word not in wanted:
                continue
            try:
                row = np.array(fields[len(fields) - units :], dtype=np.float32)
            except ValueError as error:
                raise _broken(path, number, raw, str(error)) from error
            if not np.isfinite(row).all():
                raise _broken(path, number, raw, "not all of its numbers are finite")
            words.append(word)
            rows.append(row)
    if not units:
        raise DataError(f"{str(path)!r} holds no vectors: a word and its numbers, parted by spaces, make a line.")
    return words, np.stack(rows) if rows else np.zeros((0, units), dtype=np.float32)


def read_binary(path: Path, only: Collection[str] | None = None) -> Vectors:
    """Read word2vec's binary form by ``gensim``."""
    if not path.is_file():
        raise DataError(f"there is no file of vectors {str(path)!r}.")
    try:
        keyed = library("gensim.models").KeyedVectors.load_word2vec_format(str(path), binary=True)
    except (ValueError, EOFError, OSError) as error:
        raise DataError(f"{str(path)!r} is truncated or not word2vec's binary form: {error}.") from error
    table = np.asarray(keyed.vectors, dtype=np.float32)
    kept = [place for place, word in enumerate(keyed.index_to_key) if only is None or word in only]
    if not np.isfinite(table[kept]).all():
        raise DataError(f"{str(path)!r} holds numbers that are not finite; it is damaged.")
    return [keyed.index_to_key[place] for place in kept], table[kept]


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file of text, plain or packed, or one inside a zip."""
    inside = path.parent.suffix == ".zip" and path.parent.is_file()
    if not inside and not path.is_file():
        raise DataError(f"there is no file of vectors {str(path)!r}.")
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            names = ", ".join(f"{path.name}/{name}" for name in archive.namelist())
        raise DataError(f"{str(path)!r} is a zip; name the file in it: {names}.")
    if inside:
        with zipfile.ZipFile(path.parent) as archive, archive.open(path.name) as file:
            yield io.BufferedReader(file)  # type: ignore[type-var]
    elif path.suffix == ".gz":
        with gzip.open(path, "rb") as packed:
            yield cast("IO[bytes]", packed)
    elif path.suffix == ".xz":
        with lzma.open(path, "rb") as file:
            yield file
    else:
        with path.open("rb") as file:
            yield file


def _number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return b"." in field


def _broken(path: Path, number: int, raw: bytes, why: str) -> DataError:
    start = raw[:30].decode(errors="replace").rstrip()
    return DataError(f"{path.name}, line {number} ({start!r}…) is broken: {why}; mend or delete the line.")
