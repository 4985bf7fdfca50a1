"""Columns of a table that was read from a file, as numbers and as times; what is neither is named by its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.errors import DataError, named

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["number_column", "require_columns", "time_column"]


def require_columns(table: pd.DataFrame, columns: tuple[str, ...], file: str) -> None:
    """Refuse a table that lacks a column.

    Raises
    ------
    DataError
        For the first of `columns` that is absent; the message lists those that the file has.
    """
    absent = [name for name in columns if name not in table.columns]
    if absent:
        raise DataError(f"{file} has no column {absent[0]!r}; it has {named(table.columns)}.")


def number_column(table: pd.DataFrame, name: str, file: str) -> pd.Series:
    """Return a column as float64; a missing value stays missing.

    Raises
    ------
    DataError
        For the first value that is no number, with its row.

    Examples
    --------
    >>> import pandas as pd
    >>> number_column(pd.DataFrame({"y": ["5", "four"]}), "y", "a.csv")
    Traceback (most recent call last):
    penstock.errors.DataError: a.csv: the column 'y' holds 'four' in row 1, which is no number (1 value); mend the file.
    """
    import pandas as pd

    given = table[name]
    return _checked(given, pd.to_numeric(given, errors="coerce"), "number", file).astype("float64")


def time_column(table: pd.DataFrame, name: str, file: str) -> pd.Series:
    """Return a column as datetime64[ns].

    Raises
    ------
    DataError
        For the first value that is missing or no date, with its row.
    """
    import pandas as pd

    given = table[name]
    if given.isna().any():
        row = given.index[given.isna()][0]
        raise DataError(f"{file}: the column {name!r} has no date in row {row}; mend the file.")
    found = pd.to_datetime(given, format="ISO8601", errors="coerce")
    return _checked(given, found, "date such as 2018-01-31", file).astype("datetime64[ns]")


def _checked(given: pd.Series, found: pd.Series, what: str, file: str) -> pd.Series:
    wrong = found.isna() & given.notna()
    if wrong.any():
        row, count = given.index[wrong][0], int(wrong.sum())
        raise DataError(
            f"{file}: the column {given.name!r} holds {given[row]!r} in row {row}, which is no {what} ({count} "
            f"value{'s' * (count > 1)}); mend the file."
        )
    return found
