"""Bytes of a file into UTF-8: by its byte order mark, as UTF-8, or as Windows-1252."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
from pathlib import Path

from penstock.data.reading.notes import note
from penstock.errors import DataError

__all__ = ["COMPRESSED", "as_utf8", "decompressed"]

COMPRESSED = (".gz", ".xz", ".bz2", ".zip")
"""Ends of names of compressed files."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = {
    b"PK\x03\x04": ("an Excel workbook or a zip", "save it as CSV, or name a zip so: .zip"),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "save it as CSV"),
    b"\x1f\x8b": ("compressed with gzip", "name it so: .csv.gz"),
    b"PAR1": ("a Parquet file", "name it so: .parquet"),
    b"SQLite format 3": ("an SQLite database", "name it so: .sqlite"),
    b"%PDF": ("a PDF", "save its table as CSV"),
    b"<!doctype": ("a page (HTML)", "save its table as CSV"),
    b"<html": ("a page (HTML)", "save its table as CSV"),
    b"<?xml": ("XML", "save its table as CSV"),
    b"[{": ("JSON", "turn it into CSV: pandas.read_json(path).to_csv('new.csv', index=False)"),
    b'{"': ("JSON", "turn it into CSV: pandas.read_json(path).to_csv('new.csv', index=False)"),
}
"""How files of other kinds begin, what they are, and what to do."""

_MOST_FOREIGN = 0.15  # share of bytes beyond ASCII in a Western file; in others it is most of them


def decompressed(path: Path) -> bytes:
    """Read a file, decompressed by the end of its name."""
    raw = path.read_bytes()
    kind = path.suffix.lower()
    if kind == ".gz":
        return gzip.decompress(raw)
    if kind == ".xz":
        return lzma.decompress(raw)
    if kind == ".bz2":
        return bz2.decompress(raw)
    if kind == ".zip":
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) != 1:
                raise DataError(
                    f"{str(path)!r} holds {len(names)} files: {', '.join(names[:5])}; take the one that is meant out "
                    "of it first."
                )
            return archive.read(names[0])
    return raw


def as_utf8(raw: bytes, name: str) -> bytes:
    r"""Turn the bytes of a text file into UTF-8 without a mark.

    Parameters
    ----------
    raw
        The bytes.
    name
        What messages call the file.

    Raises
    ------
    DataError
        Where they are a file of another kind, such as a workbook; or neither UTF-8, UTF-16 or UTF-32 with a mark,
        nor Western text in Windows-1252.

    Examples
    --------
    >>> as_utf8("Preis".encode("utf-16"), "a.csv"), as_utf8(b"\xef\xbb\xbfds", "a.csv")
    (b'Preis', b'ds')
    """
    for magic, (what, do) in _BINARY.items():
        if raw[:300].lstrip()[: len(magic)].lower() == magic.lower():
            raise DataError(f"{name} is {what}, not a table of text; {do}.")
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            if encoding == "utf-8-sig":
                raw = raw[len(mark) :]
                break
            try:
                return raw.decode(encoding).encode()
            except UnicodeDecodeError as error:
                raise DataError(
                    f"{name} begins with the mark of {encoding.upper()} and breaks off or is damaged at byte "
                    f"{error.start}; save it again as UTF-8."
                ) from error
    if (bare := _utf16_without_mark(raw)) is not None:
        return raw.decode(bare, errors="strict").encode()
    if raw.isascii():
        return raw
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return _western(raw, name, error)
    return raw


def _utf16_without_mark(raw: bytes) -> str | None:
    """Tell UTF-16 by its zero bytes: every other one in Western text."""
    head = raw[:2000]
    if len(head) < 8:
        return None
    half = len(head) // 2
    if head[1::2].count(0) > 0.7 * half and head[::2].count(0) == 0:
        return "utf-16-le"
    if head[::2].count(0) > 0.7 * half and head[1::2].count(0) == 0:
        return "utf-16-be"
    return None


def _western(raw: bytes, name: str, error: UnicodeDecodeError) -> bytes:
    wrong = f"byte 0x{raw[error.start]:02x} at position {error.start}"
    foreign = len(raw.translate(None, bytes(range(128)))) / len(raw)
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError:
        text = None
    if text is None or foreign > _MOST_FOREIGN:
        raise DataError(
            f"{name} is not UTF-8 ({wrong}), and no Western text in Windows-1252 either; save it as UTF-8, for example "
            "of Chinese text: iconv -f gb18030 -t utf-8 old.csv > new.csv (iconv -l lists the names of encodings)."
        )
    note(f"{name} is not UTF-8 ({wrong}): read as Windows-1252.")
    return text.encode()
