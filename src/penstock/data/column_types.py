"""Types of columns in model files: written by name, and read back from a list of names, never looked up by one."""

from __future__ import annotations

import re
from typing import Any, Literal

import narwhals.stable.v2 as nw

__all__ = ["dtype_from_json", "dtype_to_json", "known_zone", "type_words"]


def type_words(series: nw.Series[Any]) -> str:
    """Name the type of a column in a message: its own library's name where narwhals knows none."""
    if series.dtype == nw.Duration:
        return "durations"
    if series.dtype != nw.Unknown:
        return str(series.dtype)
    native = series.to_native()
    return f"the type {getattr(native, 'type', None) or getattr(native, 'dtype', None)}"


def dtype_to_json(dtype: nw.dtypes.DType) -> list[str | None]:
    """Describe the type of a column for a model file."""
    if isinstance(dtype, nw.Datetime):
        return ["Datetime", dtype.time_unit, dtype.time_zone]
    text = dtype in (nw.Object, nw.Categorical, nw.Enum, nw.Unknown)
    return ["String" if text else type(dtype).__name__]


def dtype_from_json(parts: Any) -> nw.dtypes.DType:
    """Read the type of a column back, which is one of those that columns have.

    Raises
    ------
    ValueError
        For another name, unit or time zone.

    Examples
    --------
    >>> dtype_from_json(["Datetime", "ns", "America/New_York"])
    Datetime(time_unit='ns', time_zone='America/New_York')
    >>> dtype_from_json(["from_dict"])
    Traceback (most recent call last):
    ValueError: a column of the type ['from_dict'] is unknown
    """
    name, *more = parts if isinstance(parts, list) and parts else [None]
    if name == "Datetime" and len(more) in (0, 2):
        unit, zone = more or ("us", None)
        units: dict[Any, Literal["s", "ms", "us", "ns"]] = {"s": "s", "ms": "ms", "us": "us", "ns": "ns"}
        if not isinstance(unit, str) or unit not in units:
            raise ValueError(f"times in the unit {str(unit)[:80]!r} are unknown; allowed: {', '.join(units)}")
        return nw.Datetime(units[unit], None if zone is None else known_zone(zone))
    if not isinstance(name, str) or name not in _TYPES or more:
        raise ValueError(f"a column of the type {str(parts)[:80]} is unknown")
    return _TYPES[name]()


_TYPES: dict[str, Any] = {
    each.__name__: each
    for each in (
        nw.String, nw.Boolean, nw.Date, nw.Float32, nw.Float64, nw.Decimal, nw.Int8, nw.Int16, nw.Int32, nw.Int64,
        nw.Int128, nw.UInt8, nw.UInt16, nw.UInt32, nw.UInt64, nw.UInt128,
    )
}  # fmt: skip
"""Types of columns that a model file may name, beside ``Datetime``."""

_OFFSET = re.compile(r"UTC([+-]\d\d:\d\d)?")


def known_zone(name: Any) -> str:
    """Return the name of a time zone of a model file; a name is looked up in the list of zones, never opened as a path.

    Raises
    ------
    ValueError
        For a name that no zone has.

    Examples
    --------
    >>> known_zone("Europe/Zurich"), known_zone("UTC+05:30")
    ('Europe/Zurich', 'UTC+05:30')
    >>> known_zone("dateutil//etc/hostname")
    Traceback (most recent call last):
    ValueError: no time zone has the name 'dateutil//etc/hostname'
    """
    from zoneinfo import available_timezones

    if not isinstance(name, str) or not (
        _OFFSET.fullmatch(name) or name == "tzlocal()" or name in available_timezones()
    ):
        raise ValueError(f"no time zone has the name {str(name)[:80]!r}")
    return name
