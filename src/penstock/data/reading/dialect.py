"""The separator of a text table: the one by which its lines fall into as many fields as their header."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter

from penstock.data.reading.cells import is_value

__all__ = ["SEPARATORS", "Lines", "separator_of", "split"]

SEPARATORS = (",", ";", "\t", "|")
"""Separators that need not be named; equally good ones are taken in this order."""

Lines = list[tuple[int, list[str]]]
"""Rows of fields, each with the number of its first line, counted from 1; an empty line is an empty row."""


def split(head: str, separator: str) -> Lines:
    r"""Cut the head of a file into rows of fields.

    Examples
    --------
    >>> split('ds,y\n\n1,"a\nb"\n', ",")
    [(1, ['ds', 'y']), (2, []), (3, ['1', 'a\nb'])]
    """
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=separator)
    rows: Lines = []
    line = 1
    for row in reader:
        rows.append((line, [] if not any(cell.strip() for cell in row) and len(row) <= 1 else row))
        line = reader.line_num + 1
    return rows


def separator_of(head: str, name: str = "") -> str:
    r"""Tell the separator from the first lines of a file.

    Examples
    --------
    >>> separator_of("Datum;Preis\\n03.01.2022;54,35\\n04.01.2022;54,17\\n"), separator_of("text\\na, b\\n")
    (';', ',')
    """
    best, chosen = (0.0, 0), "\t" if name.lower().endswith((".tsv", ".tab")) else ","
    for separator in SEPARATORS:
        rows = [row for _, row in split(head, separator) if row]
        if not rows:
            continue
        usual, count = Counter(map(len, rows)).most_common(1)[0]
        if usual < 2:
            continue
        names = any(
            len(row) == len(below) == usual and not any(map(is_value, row)) and any(map(is_value, below))
            for row, below in itertools.pairwise(rows[:60])
        )  # a row of names stands above one of values
        best, chosen = max(
            (best, chosen), ((count / len(rows) + 0.3 * names, usual), separator), key=lambda pair: pair[0]
        )
    return chosen
