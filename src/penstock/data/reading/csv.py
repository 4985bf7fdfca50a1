"""Text tables: any encoding, separator and preamble in, whole columns out, every fault told with its line."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.data.reading.cells import EMPTY_CELLS
from penstock.data.reading.dialect import separator_of, split
from penstock.data.reading.encoding import as_utf8, decompressed
from penstock.data.reading.header import Header, find_header
from penstock.data.reading.notes import note
from penstock.data.reading.progress import ReadingProgress
from penstock.data.reading.values import DECIMAL_MARK
from penstock.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["parse_csv", "read_csv"]

_HEAD = 1 << 16  # bytes that the form of a table is told from
_TAIL = 1 << 14
_EXTRA = "\0more"
_LONGEST_FOOTER = 40
_FIELDS = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")


def read_csv(path: Path, text: Collection[str] | None = None) -> pd.DataFrame:
    """Read a text table into a pandas frame.

    Parameters
    ----------
    path
        The file, plain or compressed.
    text
        Columns that are text whatever they spell: names, labels, times, documents. None: all columns whose cells
        are not all numbers, in which NA and its like are then missing.

    Returns
    -------
    Numbers where every cell of a column is one (missing ones as NaN), text elsewhere; decorated numbers stay text.

    Raises
    ------
    DataError
        Where rows hold more fields than the header, quotes do not close, or the bytes are of an unknown encoding.
    """
    name = path.name.removesuffix(path.suffix) if path.suffix in (".gz", ".xz") else path.name
    return parse_csv(decompressed(path), path.name, text, name)


def parse_csv(raw: bytes, name: str, text: Collection[str] | None = None, kind: str | None = None) -> pd.DataFrame:
    """Parse the bytes of a text table into a pandas frame.

    Parameters
    ----------
    raw
        The bytes, not compressed.
    name
        What messages call the table.
    text
        As for :func:`read_csv`.
    kind
        File name whose end may tell the separator; None: `name`.

    Returns
    -------
    As for :func:`read_csv`.

    Raises
    ------
    DataError
        As for :func:`read_csv`.
    """
    raw = as_utf8(raw, name)
    if b"\r" in raw[:_HEAD] and b"\n" not in raw[:_HEAD]:
        raw = raw.replace(b"\r", b"\n")
    head = raw[:_HEAD]
    if len(raw) > _HEAD:
        head = head[: head.rfind(b"\n") + 1] or head
    start = head.decode(errors="ignore")
    separator = separator_of(start, kind or name)
    rows = split(start, separator)
    header = find_header(rows, name)
    body = _body(raw, header, separator, name)
    strings = set(text or ())
    if separator == ";":  # a dot may part thousands there: numbers are read cell by cell
        strings = set(header.names)
    frame = _parse(body, separator, header, strings, name)
    frame = _without_extra(frame, header, body, separator, name)
    if separator == ";":
        frame.attrs[DECIMAL_MARK] = "?"
    return frame


def _body(raw: bytes, header: Header, separator: str, name: str) -> bytes:
    """Cut the rows of values out of the file: from below the header to the end, or to the end of the table."""
    position = 0
    for _ in range(header.data - 1):
        position = raw.find(b"\n", position) + 1
        if not position:
            return b""
    body = raw[position:]
    if header.preamble and (end := re.search(rb"\n[ \t;,]*\r?\n", body)):
        rest = body[end.end() :].strip()
        if rest:
            last = header.data + body[: end.start()].count(b"\n")
            note(
                f"{name}: the table ends in line {last} with an empty line; what follows is left out: "
                f"{rest.splitlines()[0][:60].decode(errors='replace')!r}."
            )
        return body[: end.start() + 1]
    return _without_footer(body, header, separator, name)


def _without_footer(body: bytes, header: Header, separator: str, name: str) -> bytes:
    """Leave out a few lines behind an empty one at the end that do not fall into the header's fields."""
    stripped = body.rstrip(b"\r\n \t")
    tail = stripped[-_TAIL:]
    gaps = list(re.finditer(rb"\n[ \t;,]*\r?\n", tail))
    if not gaps:
        return body
    lines = tail[gaps[-1].end() :].decode(errors="replace")
    rows = [row for _, row in split(lines, separator) if row]
    if not rows or len(rows) > _LONGEST_FOOTER or any(len(row) == len(header.names) for row in rows):
        return body
    note(f"{name}: what follows the last empty line is left out: {lines.splitlines()[0][:60]!r}.")
    return stripped[: len(stripped) - len(tail) + gaps[-1].start() + 1]


def _parse(body: bytes, separator: str, header: Header, text: set[str], name: str) -> pd.DataFrame:
    import pandas as pd

    names = [*header.names, _EXTRA]
    types: dict[Any, Any] = dict.fromkeys(text & set(names), object)  # pandas' categories would be numbers again
    missing = {column: list(EMPTY_CELLS) for column in header.names if column not in types}
    missing[_EXTRA] = [""]  # needs no check: a column of nothing costs nothing
    try:
        return pd.read_csv(
            ReadingProgress(body, name), sep=separator, header=None, names=names, index_col=False, dtype=types,
            keep_default_na=False, na_values=missing, low_memory=False, encoding="utf-8",
        )  # fmt: skip
    except pd.errors.EmptyDataError:
        return pd.DataFrame({column: [] for column in header.names} | {_EXTRA: []})
    except pd.errors.ParserError as error:
        reason = str(error)
        if found := _FIELDS.search(reason):
            _, line, saw = map(int, found.groups())
            raise _too_many(header, line - 1 + header.data, saw, body, line - 1, separator, name) from error
        if "EOF inside string" in reason:
            raise DataError(
                f'{name}: a quote (") opens a field and none closes it; look at the quotes of the row that is '
                f"{reason.rsplit(' ', 1)[-1]} rows below the header (two quotes stand for one inside of a field)."
            ) from error
        raise


def _without_extra(frame: pd.DataFrame, header: Header, body: bytes, separator: str, name: str) -> pd.DataFrame:
    """Drop the field behind the header's last where it is always empty, and refuse it where it is not."""
    extra = frame.pop(_EXTRA)
    full = extra.notna()
    full &= full if not full.any() else extra.astype("str").str.strip() != ""
    if full.any():
        row = int(full.to_numpy().argmax())
        line = _line_of(body, row, separator)
        raise _too_many(header, header.data + line, len(header.names) + 1, body, line, separator, name)
    empty = [each for each in frame.columns if each.startswith("Unnamed: ") and _empty(frame[each])]
    return frame.drop(columns=empty)


def _empty(column: pd.Series) -> bool:
    return bool((column.isna() | (column.astype("str").str.strip() == "")).all())


def _line_of(body: bytes, row: int, separator: str) -> int:
    """Tell how many lines of the body stand before a row of values."""
    found = -1
    for line, cells in split(body.decode(), separator):
        found += bool(cells)
        if found == row:
            return line - 1
    return row


def _too_many(header: Header, line: int, saw: int, body: bytes, below: int, separator: str, name: str) -> DataError:
    lines = body.splitlines()
    shown = lines[below].decode(errors="replace")[:80] if below < len(lines) else ""
    count = len(header.names)
    mark = {"\t": "a tab"}.get(separator, repr(separator))
    return DataError(
        f"{name}: rows hold more fields than the header, the first in line {line}: {saw} fields where the header names "
        f"{count} ({', '.join(header.names[:6])}): {shown!r}. Put quotes round a field that holds {mark}, or name the "
        "further field in the header."
    )
