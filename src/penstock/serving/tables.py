"""Rows of a request as a frame in the columns of a model, and forecasts as rows of JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from penstock.data.columns import Columns
from penstock.data.frames import FrameKind
from penstock.data.reading.csv import parse_csv
from penstock.errors import nearest
from penstock.serving.problems import RequestError
from penstock.strict_json import strict_json

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CSV",
    "JSON",
    "check_object",
    "finite",
    "frame_of_csv",
    "frame_of_rows",
    "kind_of",
    "media_type",
    "read_object",
    "rows_of_frame",
]

JSON, CSV = "application/json", "text/csv"

_NONE: Mapping[str, str] = MappingProxyType({})


def media_type(header: str, allowed: tuple[str, ...]) -> str:
    """Return the media type of a body.

    Parameters
    ----------
    header
        The header ``Content-Type``.
    allowed
        Types that can be read here.

    Raises
    ------
    RequestError
        415 for any other, or for another character set than UTF-8.
    """
    if header in allowed:
        return header
    kind, _, parameters = header.partition(";")
    found = kind.strip().lower()
    if found not in allowed:
        raise RequestError(415, f"the header Content-Type is {header[:80]!r}; allowed: {', '.join(allowed)}.")
    charset = parameters.lower().partition("charset=")[2].strip(' "')
    if charset not in ("", "utf-8", "utf8"):
        raise RequestError(415, f"the body's character set is {charset[:40]!r}; allowed: utf-8.")
    return found


def read_object(body: bytes, allowed: tuple[str, ...], meant: Mapping[str, str] = _NONE) -> dict[str, Any]:
    """Read the JSON object of a body.

    Parameters
    ----------
    body
        UTF-8.
    allowed
        Names that it may have.
    meant
        What is meant by some others, for messages.

    Raises
    ------
    RequestError
        400 for what is no JSON (NaN and infinite numbers are none), or no text; 422 for other names, or no object.
    """
    try:
        found = strict_json(body)
        if b"\\u" in body:  # half of a surrogate pair is no character: neither an answer nor the journal can hold it
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise RequestError(400, "the body holds half of a surrogate pair; write the character whole.") from None
    except ValueError as error:
        raise RequestError(
            400, f"the body is no JSON that can be read: {error}. Write a missing value as null."
        ) from None
    return check_object(found, allowed, "the body", meant)


def check_object(found: Any, allowed: tuple[str, ...], what: str, meant: Mapping[str, str] = _NONE) -> dict[str, Any]:
    """Return an object of JSON whose names are all known."""
    if not isinstance(found, dict):
        raise RequestError(422, f"{what} is {kind_of(found)}; an object with the names {', '.join(allowed)} is needed.")
    for name in found:
        if name not in allowed:
            near = nearest(meant.get(name.lower(), name[:80]), allowed)
            raise RequestError(422, f"{what} has the name {name[:80]!r}; {near}")
    return found


def kind_of(value: Any) -> str:
    """Name the kind of a value in the words of JSON."""
    if value is None:
        return "null"
    kinds = {bool: "a truth value", str: "text", list: "a list", dict: "an object"}
    return kinds.get(type(value), "a number")


def frame_of_rows(rows: Any, columns: Columns, most: int, what: str = "rows") -> pd.DataFrame:
    """Make a frame of a list of objects.

    Parameters
    ----------
    rows
        Objects with the columns' names; a name that one lacks is missing there.
    columns
        The columns of the model.
    most
        Most rows.
    what
        What messages call them.

    Raises
    ------
    RequestError
        413 for more rows than are allowed; 422 for what is no list of objects, unknown names, or values that are no
        numbers.
    """
    import pandas as pd

    if not isinstance(rows, list) or not rows:
        given = "an empty list" if rows == [] else kind_of(rows)
        raise RequestError(422, f"{what} is {given}; a list of objects, one a row, is needed.")
    _check_count(len(rows), most)
    numbers = {name for _, name in columns.numbers}
    known = tuple(dict.fromkeys((columns.id, columns.time, *numbers, *columns.static)))
    for place, row in enumerate(rows):
        check_object(row, known, f"{what}[{place}]")
        for name, value in row.items():
            if name in numbers and not (value is None or (isinstance(value, (int, float)) and value is not True)):
                raise RequestError(422, f"{what}[{place}][{name!r}] is {kind_of(value)}; a number or null is needed.")
            if isinstance(value, (list, dict, bool)) or (name == columns.time and value is None):
                raise RequestError(422, f"{what}[{place}][{name!r}] is {kind_of(value)}; text or a number is needed.")
    present = [name for name in known if any(name in row for row in rows)]
    table = {name: [row.get(name) for row in rows] for name in present}
    return pd.DataFrame(
        {name: np.array(cells, dtype=np.float64) if name in numbers else cells for name, cells in table.items()}
    )


def frame_of_csv(body: bytes, kind: FrameKind, most: int) -> pd.DataFrame:
    """Make a frame of a text table in the columns of a model.

    Parameters
    ----------
    body
        The table, with a line of names.
    kind
        How the frame of the model's fit was written: its columns, and whether its times count steps.
    most
        Most rows.

    Raises
    ------
    RequestError
        413 for more rows than are allowed.
    DataError
        Where the table cannot be read.
    """
    _check_count(body.count(b"\n"), most + 1)
    columns = kind.columns
    text = {columns.id, columns.time, *columns.static}
    return parse_csv(body, "the body", text - {columns.time} if kind.counts_steps else text)


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise RequestError(413, f"the request has {count:,} rows; allowed: {most:,}. Send them in several requests.")


def finite(values: Any) -> list[float | None]:
    """Return numbers for JSON, null where one does not exist: an interval without bounds is infinite."""
    found: list[float] = (values if isinstance(values, np.ndarray) else np.asarray(values, np.float64)).tolist()
    return [each if -math.inf < each < math.inf else None for each in found]


def rows_of_frame(frame: Any) -> list[dict[str, Any]]:
    """Return the rows of a frame of forecasts, times as ISO 8601.

    Examples
    --------
    >>> import pandas as pd
    >>> rows_of_frame(pd.DataFrame({"ds": pd.to_datetime(["2024-01-02"]), "yhat": [1.5], "lo-80": [-np.inf]}))
    [{'ds': '2024-01-02T00:00:00', 'yhat': 1.5, 'lo-80': None}]
    """
    cells: dict[str, list[Any]] = {}
    for name in frame.columns:
        column = frame[name]
        if column.dtype.kind == "f":
            cells[str(name)] = finite(column.to_numpy())
        elif column.dtype.kind in "iu":
            cells[str(name)] = column.tolist()
        else:
            cells[str(name)] = [each.isoformat() if hasattr(each, "isoformat") else str(each) for each in column]
    return [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
