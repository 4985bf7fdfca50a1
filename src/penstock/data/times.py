"""The time column: dates, datetimes with and without zone, periods, text, numbers, or counted steps; in and out."""

from __future__ import annotations

import re
import warnings
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from penstock.data.column_types import type_words
from penstock.data.reading.cells import is_date
from penstock.data.reading.dates import AmbiguousDatesError, NotTimesError, parse_dates
from penstock.data.reading.form import NATIVE, Form
from penstock.data.reading.notes import note
from penstock.data.reading.offsets import SeveralZonesError
from penstock.data.reading.steps import MonthsOrQuartersError, are_dates, decimal_years, whole_times
from penstock.errors import DataError

__all__ = [
    "Times",
    "as_time_type",
    "looks_dated",
    "read_times",
    "show_time",
    "time_type",
]

Times = tuple[NDArray[Any], Form]
"""Times in datetime64[ns] (UTC where they have a zone) or int64, and how they were written."""

_WHOLE = re.compile(r"[-+]?\d+")
_SAMPLE = 1000  # cells by which a column of dates is told
_NAMED = re.compile(r"[A-Za-z]{3}.*\d{4}|\d{4}.*[A-Za-z]{3}")  # a year, and a name: of a month, if pandas reads it
_SHARE = re.compile(r"\d{4}\.\d+")


def read_times(series: nw.Series[Any], like: Form = NATIVE, dayfirst: bool | None = None) -> Times:
    """Read a time column, or say what is wrong with it.

    Parameters
    ----------
    series
        The column.
    like
        The form of an earlier frame of the same kind, which decides where the cells leave it open.
    dayfirst
        Whether days come before months where both are numbers; None: where only one reading is possible.

    Raises
    ------
    DataError
        For missing values and values that are no times; the message names the first row.
    """
    missing = series.is_null().to_numpy()
    if missing.any():
        raise DataError(
            f"the time column {series.name!r} has {int(missing.sum())} missing values, the first in row "
            f"{int(missing.argmax())}; drop or fill these rows."
        )
    if series.dtype.is_integer():
        return _whole(series, like)
    if series.implementation.is_pandas() and hasattr(series.to_native().dtype, "freq"):
        return _periods(series)
    zone = getattr(time_type(series), "time_zone", None)
    if zone is not None and series.implementation.is_pandas():
        native = series.to_native().dt.tz_convert("UTC").dt.tz_localize(None)
        return _nanoseconds(native.to_numpy(), series.name), NATIVE
    if zone is not None:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if series.dtype in (nw.Date, nw.Datetime):
        return _nanoseconds(series.to_numpy(), series.name), NATIVE
    if series.dtype in (nw.String, nw.Object, nw.Categorical, nw.Enum):
        return _texts(series, like, dayfirst)
    if series.dtype.is_float() or series.dtype.is_decimal():
        return _floats(series, like)
    raise DataError(
        f"the time column {series.name!r} holds {type_words(series)}; allowed: dates, datetimes, whole numbers, or "
        "text such as '2018-01-31'."
    )


def looks_dated(series: nw.Series[Any]) -> bool:
    """Whether a column holds dates, of any form; counted steps do not count."""
    if series.dtype in (nw.Date, nw.Datetime) or hasattr(getattr(series.to_native(), "dtype", None), "freq"):
        return True
    head = series.head(_SAMPLE).drop_nulls()
    if not len(head):
        return False
    if series.dtype.is_integer():
        return are_dates(np.unique(np.array(head.to_numpy(), dtype=np.int64)))
    if series.dtype not in (nw.String, nw.Object):
        return False
    cells = list(dict.fromkeys(_as_text(value).strip() for value in head.to_list()))
    try:
        if all(map(_WHOLE.fullmatch, cells)):
            return are_dates(np.unique(np.array([int(cell) for cell in cells], dtype=np.int64)))
        parse_dates(cells)
    except (AmbiguousDatesError, SeveralZonesError):
        return True
    except NotTimesError:
        dated = [is_date(cell) and _SHARE.fullmatch(cell) is None for cell in cells]
        return sum(dated) > 0.8 * len(cells)  # most are: reading the column names the one that is none
    except OverflowError:
        return False
    return True


def _whole(series: nw.Series[Any], like: Form) -> Times:
    steps = np.array(series.to_numpy(), dtype=np.int64)  # a narrower type would wrap behind its last number
    if series.dtype == nw.UInt64 and steps.min(initial=0) < 0:  # wrapped around
        raise DataError(f"the time column {series.name!r} counts beyond 2**63; count steps from a smaller number.")
    unique, places = np.unique(steps, return_inverse=True)
    found = _dated(unique, series.name, "int", like)
    if found is None:
        return steps, NATIVE
    times, form, said = found
    note(f"the time column {series.name!r} is {said}.")
    return times[places], form


def _dated(numbers: NDArray[np.int64], name: str, kind: str, like: Form) -> tuple[NDArray[Any], Form, str] | None:
    """Read whole numbers as dates; None where they count steps."""
    try:
        return whole_times(numbers, kind, like.pattern)
    except MonthsOrQuartersError:
        raise DataError(
            f"the time column {name!r} holds {numbers.min()} to {numbers.max()}, which may be months or quarters; "
            f"write months as '{numbers.min() // 100}-01', quarters as '{numbers.min() // 100}Q1'."
        ) from None


def _floats(series: nw.Series[Any], like: Form) -> Times:
    values = np.array(series.cast(nw.Float64()).to_numpy(), dtype=np.float64)
    unique, places = np.unique(values, return_inverse=True)
    if np.isfinite(unique).all() and (unique == np.floor(unique)).all() and np.abs(unique).max() < 2**53:
        whole = unique.astype(np.int64)
        found = _dated(whole, series.name, "float", like)
        if found is None:
            return whole[places], Form("float", "count")
    else:
        texts = [repr(float(each)) for each in unique]
        digits = max(len(text.partition(".")[2]) for text in texts)
        found = decimal_years(unique, digits)
    if found is None:
        raise DataError(
            f"the time column {series.name!r} holds {type_words(series)}; allowed: dates, datetimes, whole numbers, "
            "years with a share of twelfths such as 1990.25, or text such as '2018-01-31'."
        )
    times, form, said = found
    note(f"the time column {series.name!r} is {said}.")
    return times[places], form


def _periods(series: nw.Series[Any]) -> Times:
    """Read pandas' periods as the times at which they begin."""
    native = series.to_native()
    times = _nanoseconds(native.dt.to_timestamp(how="start").to_numpy(), series.name)
    return times, Form("period", str(native.dtype).removeprefix("period[").removesuffix("]"))


def _texts(series: nw.Series[Any], like: Form, dayfirst: bool | None) -> Times:
    import pandas as pd

    native = series.to_native()
    if series.implementation.is_pandas():
        values, (places, found) = native, pd.factorize(native)
    else:
        values = series.to_list()
        places, found = pd.factorize(np.array(values, dtype=object))
    unique = [_as_text(value) for value in found]
    cells = [str(each).strip() for each in unique]
    said = ""
    try:
        if all(map(_WHOLE.fullmatch, cells)):
            numbers = np.array([int(cell) for cell in cells], dtype=np.int64)
            found = _dated(np.unique(numbers), series.name, "text", like)
            found = found and whole_times(numbers, "text", found[1].pattern)
            if found is None:
                return numbers[places], Form("text", "count")
            times, form, said = found
        elif all(map(_SHARE.fullmatch, cells)) and (found := _shares(cells)) is not None:
            times, form, said = found
        else:
            times, form, said = parse_dates(cells, dayfirst=dayfirst, like=like.pattern)
    except NotTimesError as error:
        wrong = [str(value).strip() == error.cell for value in values]
        raise _refused(series.name, error, wrong.index(True) if True in wrong else 0, cells) from None
    except SeveralZonesError as error:
        raise DataError(
            f"the time column {series.name!r} holds times with several offsets from UTC "
            f"({error.cell!r}: {error.why}); name the zone of their place: --zone America/New_York on the command "
            f"line, or frame[{series.name!r}] = pandas.to_datetime(frame[{series.name!r}], utc=True).dt.tz_convert"
            "('America/New_York')."
        ) from None
    except OverflowError:
        raise DataError(f"the time column {series.name!r} holds numbers beyond 64 bits; count steps from 0.") from None
    if said:
        note(
            f"the time column {series.name!r}: {said}."
            if not said.startswith("read")
            else f"the time column {series.name!r} is {said}."
        )
    return times[places], form


def _as_text(value: Any) -> Any:
    """Write a date or a time among objects as text."""
    return value if isinstance(value, str) else value.isoformat() if hasattr(value, "isoformat") else str(value)


def _shares(cells: list[str]) -> tuple[NDArray[Any], Form, str] | None:
    found = {len(cell.partition(".")[2]) for cell in cells}
    digits = max(found) if len(found) == 1 else -max(found)  # 1990.0 and 1990.25: as many as are needed
    return decimal_years(np.array([float(cell) for cell in cells]), digits, "text")


def _refused(name: str, error: NotTimesError, row: int, cells: list[str]) -> DataError:
    if isinstance(error, AmbiguousDatesError):
        return DataError(
            f"the time column {name!r} can be read with the day or with the month first ({error.cell!r} in row {row}); "
            f"say which: --dayfirst or --monthfirst on the command line, or frame[{name!r}] = "
            f"pandas.to_datetime(frame[{name!r}], dayfirst=True)."
        )
    if error.why == "outside":
        few = len({cell[:4] for cell in cells} - {error.cell[:4]}) > 0
        return DataError(
            f"the time column {name!r} has dates outside the years 1678 to 2261, the first in row {row}: "
            f"{error.cell!r}; {'mend or drop such rows' if few else 'count steps in whole numbers instead'}."
        )
    turn = "write dates as '2018-01-31' or '2018-01-31 16:00:00'"
    if error.why.startswith(("others are", "there is no such")):
        turn = "mend or drop this row"
    if not error.why and _pandas_reads(cells):
        turn = f"let pandas read them: frame[{name!r}] = pandas.to_datetime(frame[{name!r}], format='mixed')"
    return DataError(
        f"the time column {name!r} has values that are no dates, the first in row {row}: {error.cell!r}"
        f"{f' ({error.why})' if error.why else ''}; {turn}."
    )


def _pandas_reads(cells: list[str]) -> bool:
    """Whether pandas reads these cells as times, in one way, so that it can be advised."""
    import pandas as pd

    if not all(map(_NAMED.search, cells)):
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return not pd.to_datetime(pd.Series(cells), format="mixed").isna().any()
        except (ValueError, TypeError, OverflowError):
            return False


def _nanoseconds(times: NDArray[Any], name: str) -> NDArray[np.generic]:
    """Count in nanoseconds, which reach from 1678 to 2261, and refuse what lies outside instead of wrapping around."""
    years = times.astype("datetime64[Y]").astype(np.int64) + 1970
    outside = (years < 1678) | (years > 2261)
    if outside.any():
        row = int(outside.argmax())
        raise DataError(
            f"the time column {name!r} has {int(outside.sum())} dates outside the years 1678 to 2261, the first in row "
            f"{row}: {show_time(times[row])}; count steps in whole numbers instead."
        )
    return times.astype("datetime64[ns]")


def time_type(series: nw.Series[Any]) -> nw.dtypes.DType:
    """Give the type of the time column, also for zones that narwhals does not read off pandas ('America/New_York').

    Raises
    ------
    DataError
        For a zone that has no name, so that no answer and no model file could hold it.
    """
    native = getattr(series.to_native(), "dtype", None)
    zone = getattr(native, "tz", None)
    if zone is None:
        return nw.String() if series.dtype in (nw.Object, nw.Categorical, nw.Enum) else series.dtype
    return nw.Datetime(native.unit, _zone_name(zone, series.name))  # type: ignore[union-attr]


def _zone_name(zone: Any, column: str) -> str:
    """Name a time zone so that it is found again: those of dateutil by the name behind their file."""
    import pandas as pd

    name = str(zone)
    file = str(getattr(zone, "_filename", ""))
    if "zoneinfo/" in file:
        name = file.split("zoneinfo/")[-1]
    elif type(zone).__module__.startswith("dateutil") and type(zone).__name__ == "tzutc":
        name = "UTC"
    elif name.startswith("pytz.FixedOffset("):
        minutes = int(name[17:-1])
        name = f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    try:
        pd.Timestamp(0, tz=name)
    except Exception:
        raise DataError(
            f"the time column {column!r} has the time zone {zone!r}, which has no name; give it one: "
            f"frame[{column!r}] = frame[{column!r}].dt.tz_convert('UTC')."
        ) from None
    return name


def as_time_type(expression: nw.Expr, dtype: nw.dtypes.DType) -> nw.Expr:
    """Bring times in UTC back to the type of the column they came from."""
    if isinstance(dtype, nw.Datetime) and dtype.time_zone is not None:
        plain = expression.cast(nw.Datetime(dtype.time_unit))
        return plain.dt.replace_time_zone("UTC").dt.convert_time_zone(dtype.time_zone)
    return expression.cast(dtype)


def show_time(time: Any) -> str:
    """Show a time in a message, without the parts that are zero."""
    text = str(time)
    return text.removesuffix(".000000000").removesuffix("T00:00:00")
