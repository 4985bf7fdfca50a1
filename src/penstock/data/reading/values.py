"""Columns of numbers: of any type, and of text where there is one way to read it."""

from __future__ import annotations

import decimal
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from penstock.data.column_types import type_words
from penstock.data.reading.cells import is_number
from penstock.data.reading.notes import note
from penstock.data.reading.numbers import AmbiguousNumbersError, NotNumbersError, Numbers, read_cells
from penstock.errors import DataError

__all__ = ["DECIMAL_MARK", "number_columns", "numbers", "text_numbers"]

DECIMAL_MARK = "penstock decimal mark"
"""Among the attributes of a pandas frame: ``"?"`` where its file may use decimal commas."""

_SAMPLE = 1000  # cells of another column that may show the decimal mark


def numbers(
    series: nw.Series[Any], role: str = "target", table: nw.DataFrame[Any] | None = None
) -> NDArray[np.float64]:
    """Read a column of numbers (a covariate may also be True or False), missing values as NaN.

    Parameters
    ----------
    series
        The column: numbers, decimals, or text that holds numbers as pages print them.
    role
        What the column is for, for messages.
    table
        The whole table: where a cell could be read with a decimal point or comma, its other columns may show which.

    Raises
    ------
    DataError
        For a cell that is no number, with its row, or that can be read in two ways.
    """
    if series.dtype.is_numeric() or (role != "target" and series.dtype == nw.Boolean):
        return np.array(series.cast(nw.Float64()).to_numpy(), dtype=np.float64)
    if series.dtype in (nw.String, nw.Object, nw.Categorical, nw.Enum):
        cells = series.to_list()
        if all(isinstance(cell, (str, int, float, decimal.Decimal, np.number)) or _nothing(cell) for cell in cells):
            return text_numbers(cells, series.name, role, table)
    if series.implementation.is_pandas() and (found := _other_numbers(series.to_native())) is not None:
        return found
    first = next((value for value in series.to_list() if value is not None), None)
    static = f"; name it in static={series.name!r} if it is the same in every row" if role != "target" else ""
    turn = (
        f"give it as 0 and 1, for example frame[{series.name!r}] = frame[{series.name!r}].astype(float)"
        if series.dtype == nw.Boolean
        else "give a column of numbers"
    )
    held = type_words(series)
    raise DataError(
        f"the {role} column {series.name!r} holds {held}, not numbers (first value: {first!r}); {turn}{static}."
    )


def _nothing(cell: Any) -> bool:
    import pandas as pd

    return cell is None or cell is pd.NA


def _other_numbers(column: Any) -> NDArray[np.float64] | None:
    """Read pandas' numbers of a type that no other library has: sparse ones, those of 128 bits."""
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return None
    if pd.api.types.is_complex_dtype(column.dtype):
        return None
    return np.asarray(column, dtype=np.float64)


def text_numbers(
    cells: list[Any], name: str, role: str, table: nw.DataFrame[Any] | None = None, mark: str = ""
) -> NDArray[np.float64]:
    """Read cells of text as numbers, and say in one line what was read as what."""
    import pandas as pd

    values = np.empty(len(cells), dtype=np.float64)
    texts = np.array([isinstance(cell, str) for cell in cells])
    values[~texts] = [
        np.nan if cell is None or cell is pd.NA else float(cell) for cell in cells if not isinstance(cell, str)
    ]
    written = [cell for cell in cells if isinstance(cell, str)]
    if not written:
        return values
    places, unique = pd.factorize(np.array(written, dtype=object))
    try:
        read = read_cells(unique.tolist(), mark, lambda: _mark(table, name))
    except AmbiguousNumbersError as error:
        plain = error.cell.strip()
        sign = "," if "," in plain else "."
        raise DataError(
            f"the {role} column {name!r} can be read in two ways: {plain!r} in row {cells.index(error.cell)} may be "
            f"{plain.replace(sign, '')} or {plain.replace(sign, '.')}; say which: --decimal . or --decimal , on the "
            f"command line, or frame[{name!r}] = frame[{name!r}].str.replace({sign!r}, '').astype(float) for thousands."
        ) from None
    except NotNumbersError as error:
        static = f"; name it in static={name!r} if it is the same in every row" if role != "target" else ""
        why = f" ({error.why})" if error.why else ""
        raise DataError(
            f"the {role} column {name!r} holds text that is no number, the first in row {cells.index(error.cell)}: "
            f"{error.cell!r}{why}; mend or drop this row, or name a column of numbers{static}."
        ) from None
    if said := read.sentence(name):
        missing = _first_missing(read, unique.tolist(), cells)
        note(f"the {role} column {said}{missing}")
    values[texts] = read.values[places]
    return values


def _first_missing(read: Numbers, unique: list[str], cells: list[Any]) -> str:
    blank = [cell for cell, value in zip(unique, read.values.tolist(), strict=True) if value != value]
    if not blank:
        return ""
    rows = [row for row, cell in enumerate(cells) if cell in blank]
    return f" {len(rows)} values are missing, the first in row {rows[0]}."


def _mark(table: nw.DataFrame[Any] | None, own: str) -> str:
    """Tell the decimal mark by the other columns of text; where they show none or both, as `read_cells` wants it."""
    if table is None:
        return ""
    marks = set()
    for name in table.columns:
        if name == own or table[name].dtype != nw.String:
            continue
        cells = [cell for cell in table[name].head(_SAMPLE).to_list() if isinstance(cell, str)]
        try:
            read = read_cells(dict.fromkeys(cells))
        except (NotNumbersError, ValueError):
            continue
        if read.decimal and any(_shows(cell, read.decimal) for cell in cells):
            marks.add(read.decimal)
    if len(marks) == 1:
        return marks.pop()
    return getattr(table.to_native(), "attrs", {}).get(DECIMAL_MARK, "")


def _shows(cell: str, mark: str) -> bool:
    """Whether a cell is one that only this mark can read, or that holds both."""
    other = "," if mark == "." else "."
    before, found, after = cell.strip().rpartition(mark)
    digits = len(after) - len(after.lstrip("0123456789"))
    return bool(found) and (digits != 3 or other in before)


def _holds_numbers(column: nw.Series[Any]) -> bool:
    """Whether the objects of a column are numbers, such as pandas' decimals."""
    if column.dtype != nw.Object:
        return False
    cells = column.head(_SAMPLE).drop_nulls().to_list()
    return bool(cells) and all(isinstance(cell, (int, float, decimal.Decimal)) for cell in cells)


def number_columns(table: nw.DataFrame[Any], leave_out: tuple[str, ...] = ()) -> list[str]:
    """Name the columns that hold numbers, as numbers or as text that can be read so."""
    found = []
    for name in table.columns:
        if name in leave_out or name == "Unnamed: 0":  # a counter of rows, written with the table
            continue
        column = table[name]
        if column.dtype.is_numeric() or _holds_numbers(column):
            found.append(name)
        elif column.dtype == nw.String:
            cells = [cell for cell in column.head(_SAMPLE).to_list() if isinstance(cell, str)]
            try:
                read = read_cells(dict.fromkeys(cells), evidence=lambda: ".")
            except (NotNumbersError, ValueError):
                if sum(map(is_number, cells)) > len(cells) / 2:
                    found.append(name)  # reading it names the cell that is none
                continue
            if np.isfinite(read.values).any():
                found.append(name)
    return found
