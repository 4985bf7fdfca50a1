"""The time column: dates, datetimes with and without zone, text, or counted steps; in and out again."""

from __future__ import annotations

import re
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from penstock.errors import DataError

__all__ = ["as_time_type", "dtype_from_json", "dtype_to_json", "read_times", "show_time", "time_type"]

_ZONE = re.compile(r"\d{2}:\d{2}.*(Z|[+-]\d{2}:?\d{2})$")


def read_times(series: nw.Series[Any]) -> NDArray[np.generic]:
    """Read a time column into datetime64[ns] (UTC where it has a zone) or int64, or say what is wrong with it."""
    missing = series.is_null().to_numpy()
    if missing.any():
        raise DataError(
            f"the time column {series.name!r} has {int(missing.sum())} missing values, the first in row "
            f"{int(missing.argmax())}; drop or fill these rows."
        )
    if series.dtype.is_integer():
        steps = np.array(series.to_numpy(), dtype=np.int64)
        _must_not_be_days(steps, series.name)
        return steps
    zone = getattr(time_type(series), "time_zone", None)
    if zone is not None and series.implementation.is_pandas():
        native = series.to_native().dt.tz_convert("UTC").dt.tz_localize(None)
        return _nanoseconds(native.to_numpy(), series.name)
    if zone is not None:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if series.dtype in (nw.Date, nw.Datetime):
        return _nanoseconds(series.to_numpy(), series.name)
    if series.dtype in (nw.String, nw.Object, nw.Categorical):
        return _parse_times(series)
    raise DataError(
        f"the time column {series.name!r} holds {series.dtype}; allowed: dates, datetimes, whole numbers, or text "
        "such as '2018-01-31'."
    )


def _parse_times(series: nw.Series[Any]) -> NDArray[np.generic]:
    import pandas as pd

    values = series.to_list()
    parsed = pd.to_datetime(pd.Series(values, dtype=object), format="ISO8601", errors="coerce", utc=True)
    wrong = parsed.isna().to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"the time column {series.name!r} has {int(wrong.sum())} values that are no dates, the first in row {row}: "
            f"{values[row]!r}; write dates as '2018-01-31' or '2018-01-31 16:00:00'."
        )
    if any(_ZONE.search(str(value)) for value in values):
        raise DataError(
            f"the time column {series.name!r} holds text with time zones; turn it into times first, for example with "
            f"pandas.to_datetime(frame[{series.name!r}], utc=True)."
        )
    return _nanoseconds(parsed.dt.tz_localize(None).to_numpy(), series.name)


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


def _must_not_be_days(steps: NDArray[np.int64], name: str) -> None:
    """Refuse days written as whole numbers, 20181231: counted on, they would give 20181232."""
    year, month, day = steps // 10_000, steps // 100 % 100, steps % 100
    if ((year >= 1800) & (year <= 2200) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all():
        raise DataError(
            f"the time column {name!r} holds days written as whole numbers ({steps[0]}); turn them into dates first, "
            f"for example with pandas.to_datetime(frame[{name!r}].astype(str)), or write them as '2018-01-31'."
        )


def time_type(series: nw.Series[Any]) -> nw.dtypes.DType:
    """Give the type of the time column, also for zones that narwhals does not read off pandas ('America/New_York')."""
    native = getattr(series.to_native(), "dtype", None)
    zone = getattr(native, "tz", None)
    return series.dtype if zone is None else nw.Datetime(native.unit, str(zone))  # type: ignore[union-attr]


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


def dtype_to_json(dtype: nw.dtypes.DType) -> list[str | None]:
    """Describe the type of a column for a model file."""
    if isinstance(dtype, nw.Datetime):
        return ["Datetime", dtype.time_unit, dtype.time_zone]
    text = dtype in (nw.Object, nw.Categorical, nw.Enum)
    return ["String" if text else type(dtype).__name__]


def dtype_from_json(parts: list[Any]) -> nw.dtypes.DType:
    """Read the type of a column back."""
    dtype: nw.dtypes.DType = getattr(nw, parts[0])(*parts[1:])
    return dtype
