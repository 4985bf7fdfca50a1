"""What a cell of a table looks like: a number, a date, nothing, or text."""

from __future__ import annotations

import re

__all__ = ["EMPTY_CELLS", "MISSING_CELLS", "is_date", "is_number", "is_value"]

EMPTY_CELLS = (
    "",
    ".",
    "NA",
    "N/A",
    "n/a",
    "na",
    "#N/A",
    "NaN",
    "nan",
    "NAN",
    "-nan",
    "-NaN",
    "NULL",
    "null",
    "None",
    "<NA>",
)
"""How programs write a missing number; '.' is FRED's. Never looked for in names, labels and texts."""

MISSING_CELLS = (
    *EMPTY_CELLS, "-", "--", "---", "–", "—", "#NA", "Null", "none", "NONE", "#NV", "n.a.", "N.A.", "nil", "NIL",
    "#VALUE!", "#DIV/0!", "#REF!", "…", "...", "?", "*",
)  # fmt: skip
"""How pages write one, too; a note says that it was read so."""

_NUMBER = re.compile(
    r"[-+(−]?\s*[$€£¥]?\s*[-+−]?[\d.,'’\s\u00a0\u202f\u2009]*\d[\d.,]*(?:[eE][-+]?\d+)?\s*[%KMBTkmb]?\)?\s*[$€£¥]?"
)
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})([T ].*)?"
    r"|\d{4}[- ]?[QqMW]\d{1,2}|\d{1,2}[-/ .]?[A-Za-z]{3,9}\.?[-/ ,]*\d{2,4}|[A-Za-z]{3,9}\.? ?\d{1,2},? \d{4}"
)


def is_number(cell: str) -> bool:
    """Whether a cell holds a number, decorated or not."""
    return _NUMBER.fullmatch(cell.strip()) is not None


def is_date(cell: str) -> bool:
    """Whether a cell holds a date with more than a year in it."""
    return _DATE.fullmatch(cell.strip()) is not None


def is_value(cell: str) -> bool:
    """Whether a cell holds a number or a date.

    Examples
    --------
    >>> [is_value(cell) for cell in ("2022-01-03", "1,234.5", "(3.2%)", "Close", "")]
    [True, True, True, False, False]
    """
    return is_number(cell) or is_date(cell)
