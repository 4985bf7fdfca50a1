"""Where the table of a file begins and ends, and what its columns are called: preambles, headers of several rows."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from penstock.data.reading.cells import is_date, is_number, is_value
from penstock.data.reading.dialect import Lines
from penstock.data.reading.notes import note
from penstock.errors import DataError

__all__ = ["Header", "find_header"]

_LEVELS = ("Price", "Ticker", "Tickers", "Attributes", "Symbols", "Symbol")
_EXCEL = re.compile(r"sep=.?", re.IGNORECASE)
_FURTHEST = 60  # lines among which a header is looked for


@dataclass(frozen=True)
class Header:
    """The columns of a text table and where its values stand.

    Attributes
    ----------
    names
        Names of the columns.
    line
        Line of the header, counted from 1.
    data
        Line of the first row of values.
    preamble
        Whether lines before the header were left out; then the first empty line ends the table.
    """

    names: tuple[str, ...]
    line: int
    data: int
    preamble: bool = False


def find_header(rows: Lines, name: str) -> Header:
    """Find the header among the first rows of a file.

    Parameters
    ----------
    rows
        The first rows, as :func:`penstock.data.reading.dialect.split` cuts them.
    name
        What messages call the file.

    Raises
    ------
    DataError
        For a file without a row, or without a line of names.

    Examples
    --------
    >>> find_header([(1, ["ds", "y"]), (2, ["1", "5.0"])], "a.csv")
    Header(names=('ds', 'y'), line=1, data=2, preamble=False)
    """
    full = [(place, line, row) for place, (line, row) in enumerate(rows) if row]
    if not full:
        raise DataError(f"{name} cannot be read as csv: no columns to parse, all of its lines are empty.")
    place = full[0][0]
    if len(full) > 1 and _EXCEL.fullmatch("".join(full[0][2])):  # which mark separates: the lines show it themselves
        place = full[1][0]
    begins = _begin(rows, place)
    if begins != full[0][0]:
        line, row = rows[begins]
        note(f"{name}: the table begins in line {line} ({','.join(row)[:60]!r}); the lines before it are left out.")
    several = _several(rows, begins, name)
    if several is not None:
        return several
    line, row = rows[begins]
    after = next((row for _, row in rows[begins + 1 :] if row), None)
    if after is not None and _no_names(row, after):
        raise DataError(
            f"{name} has no line of names: its first line holds values already ({','.join(row)[:60]!r}); put one "
            f"before it, for example: sed '1i {','.join(f'name{i}' for i in range(1, len(row) + 1))}' old.csv > new.csv"
        )
    following = rows[begins + 1][0] if begins + 1 < len(rows) else line + 1
    return Header(_named(row, name), line, following, begins != full[0][0])


def _begin(rows: Lines, first: int) -> int:
    """Find the row of names: the first one, or that at the head of the table behind a preamble."""
    widths = Counter(len(row) for _, row in rows if row)
    usual = widths.most_common(1)[0][0]
    head = rows[first][1]
    broken = any(not row for _, row in rows[first + 1 : first + 30]) and not _heads(rows, first, len(head))
    padded = len(head) > 1 and bool(head[0].strip()) and not any(cell.strip() for cell in head[1:])
    if usual < 2 or not ((len(head) == 1 and usual > 1) or head[0].lstrip().startswith("#") or broken or padded):
        return first
    for place in range(first, min(len(rows), _FURTHEST)):
        comment = rows[place][1] and rows[place][1][0].lstrip().startswith("#")  # or a name, where none follows
        if _heads(rows, place, usual) and not (comment and _heads(rows, place + 1, usual)):
            return place
    return first


def _heads(rows: Lines, place: int, width: int) -> bool:
    """Whether a row of names stands here: as wide as the next rows, which hold values where it does not."""
    row = rows[place][1] if place < len(rows) else []
    below = [other for _, other in rows[place + 1 : place + 4]]
    if len(row) != width or not below or any(len(other) != width for other in below) or any(map(is_value, row)):
        return False
    return any(is_value(cell) for other in below for cell in other)


def _no_names(row: list[str], after: list[str]) -> bool:
    """Whether a first row looks like the one after it: a date in the same place, or numbers everywhere."""
    if len(row) != len(after):
        return False
    dates = any(is_date(cell) and is_date(other) for cell, other in zip(row, after, strict=True))
    numbers = len(row) > 1 and all(map(is_number, row)) and all(map(is_number, after))
    return dates or numbers


def _several(rows: Lines, begins: int, name: str) -> Header | None:
    """Read a header of several rows, as pandas writes columns of several levels: fields, tickers, and the index."""
    block = [row for _, row in rows[begins : begins + 6] if row]
    width = len(block[0])
    if width < 2 or len(block) < 2 or any(len(row) != width for row in block[:2]):
        return None
    index = next(
        (i for i, row in enumerate(block[1:4], 1) if row[0].strip() and not any(c.strip() for c in row[1:])), 0
    )
    firsts = [row[0].strip() for row in block[:2]]
    if not index and firsts == ["", ""] and not any(map(is_value, block[1])):
        levels, time, data = block[:2], "ds", 2
    elif (
        index and (index > 1 or firsts[0] in ("", *_LEVELS)) and not any(is_value(c) for r in block[:index] for c in r)
    ):
        levels, time, data = block[:index], block[index][0].strip(), index + 1
    else:
        return None
    parts = [[cell.strip() for cell in row[1:]] for row in levels]
    varied = [level for level in parts if len(set(level)) > 1] or parts[:1]
    dropped = [level[0] for level in parts if not any(level is kept for kept in varied)]
    if len(varied) > 1 and len(set(varied[0])) > len(set(varied[-1])) and levels[0][0].strip().startswith("Ticker"):
        varied = varied[::-1]
    if len(varied) > 1 and levels[0][0].strip().startswith(("Ticker", "Symbol")):
        varied = varied[::-1]
    names = [" ".join(part for part in column if part) for column in zip(*varied, strict=True)]
    where = rows[begins][0]
    note(
        f"{name}: {data} lines of names, of columns at several levels, are read as one"
        + (f" ({', '.join(dropped)} is all there is)" if dropped else f": {', '.join(names[:4])} and the like")
        + "."
    )
    line = rows[begins + data][0] if begins + data < len(rows) else where + data
    return Header(_named([time, *names], name), where, line)


def _named(row: list[str], name: str) -> tuple[str, ...]:
    names = [cell.strip() or f"Unnamed: {place}" for place, cell in enumerate(row)]
    twice = [each for each, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{name} has {names.count(twice[0])} columns of one name, {twice[0]!r}; rename all but one.")
    return tuple(names)
