"""One row of a session as it comes in JSON, and the forecast after it as it goes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from penstock.serving.problems import RequestError
from penstock.serving.tables import check_object, finite, kind_of
from penstock.streaming.forecast import StreamForecast

__all__ = ["MEANT", "STEP", "Row", "answer_of", "forecast_of", "read_row"]

STEP = ("t", "y", "series", "covariates", "future", "step", "times")
"""Names of a row in JSON."""

MEANT = {
    **dict.fromkeys(("time", "ds", "date", "datetime", "timestamp"), "t"),
    **dict.fromkeys(("value", "target", "close"), "y"),
    **dict.fromkeys(("id", "unique_id", "name"), "series"),
}
"""What is meant by names that a row of a session does not have."""

_LONGEST = 100  # characters of a time or of a name
_TAKEN = ("self", "t", "y", "id", "future")  # arguments of Stream.push, which no covariate can be given by


class Row(NamedTuple):
    """A row that was checked.

    Attributes
    ----------
    t, y, series, covariates, future
        As for :meth:`penstock.streaming.stream.Stream.push`.
    step
        The number that the client gives the step; None: it gives none.
    times
        Whether the answer tells the times of the steps ahead.
    """

    t: Any
    y: float | None
    series: Any
    covariates: dict[str, Any]
    future: dict[str, Any] | None
    step: int | None
    times: bool

    def to_json(self) -> dict[str, Any]:
        """Describe the row for the journal."""
        named = {"series": self.series, "covariates": self.covariates or None, "future": self.future}
        return {"t": self.t, "y": self.y, **{name: value for name, value in named.items() if value is not None}}


def read_row(given: Any, what: str = "the body", more: tuple[str, ...] = ()) -> Row:
    """Check a row of JSON.

    Parameters
    ----------
    given
        The object.
    what
        What messages call it.
    more
        Further names that it may have.

    Raises
    ------
    RequestError
        422 for unknown or missing names and values of another kind.

    Examples
    --------
    >>> read_row({"t": 81, "y": 2.5, "step": 1}).to_json()
    {'t': 81, 'y': 2.5}
    """
    row = check_object(given, (*STEP, *more), what, MEANT)
    time, y, series, step = row.get("t"), row.get("y"), row.get("series"), row.get("step")
    if "t" not in row or "y" not in row:
        raise RequestError(
            422, f"{what} lacks {'t' if 't' not in row else 'y'!r}; a step has a time 't' and a value 'y'."
        )
    if type(time) not in (str, int, float) or (isinstance(time, str) and len(time) > _LONGEST):
        raise RequestError(
            422, f"'t' is {kind_of(time)}; a time is needed: text in ISO 8601, or a number as in the fit."
        )
    if isinstance(time, (int, float)) and abs(time) > 2**62:
        raise RequestError(422, "'t' lies beyond 2**62; a time is needed.")
    if y is not None and type(y) is not float:
        _check_number(y, "'y'", "a number, or null where it is missing,")
    if type(series) not in (str, int, type(None)) or (isinstance(series, str) and len(series) > 10 * _LONGEST):
        raise RequestError(422, f"'series' is {kind_of(series)}; the name of a series is needed.")
    if step is not None and (type(step) is not int or step < 1):
        raise RequestError(422, f"'step' is {kind_of(step)}; the number of the step is needed, from 1 on.")
    if type(row.get("times", False)) is not bool:
        raise RequestError(422, f"'times' is {kind_of(row['times'])}; true or false is needed.")
    covariates, future = row.get("covariates") or {}, row.get("future")
    if covariates:
        _check_columns(covariates, "'covariates'", several=False)
    if future is not None:
        _check_columns(future, "'future'", several=True)
    return Row(time, None if y is None else float(y), series, covariates, future, step, row.get("times", False))


def _check_number(value: Any, what: str, needed: str) -> None:
    if type(value) not in (int, float):
        raise RequestError(422, f"{what} is {kind_of(value)}; {needed} is needed.")


def _check_columns(given: Any, what: str, *, several: bool) -> None:
    if not isinstance(given, dict):
        raise RequestError(422, f"{what} is {kind_of(given)}; an object of columns is needed.")
    for name, value in given.items():
        if name in _TAKEN:
            raise RequestError(
                422, f"{what}: a session cannot be given a column named {name!r}; rename it and fit again."
            )
        if several and not isinstance(value, list):
            raise RequestError(
                422, f"{what}[{name[:80]!r}] is {kind_of(value)}; a list with one number a step is needed."
            )
        for each in value if several else [value]:
            if each is not None or several:
                _check_number(each, f"{what}[{name[:80]!r}]", "a number")


def forecast_of(session: str, step: int, found: StreamForecast | None, *, times: bool) -> dict[str, Any]:
    """Describe the forecast after a row.

    Parameters
    ----------
    session, step
        The session, and the number of the step.
    found
        What the stream gave; None: no forecast, since the row was dropped or the series has too few rows.
    times
        Whether the times of the steps ahead are told.

    Returns
    -------
    ``session``, ``step``; ``yhat`` with one number a step ahead, or null; ``intervals`` with the lower and the upper
    bounds of each level, null where an interval is infinite; ``times``.
    """
    if found is None:
        return {"session": session, "step": step, "yhat": None}
    answer = answer_of(session, step, [finite(line) for line in found.values], [f"{each:g}" for each in found.levels])
    if times:
        answer["times"] = [each if isinstance(each, int) else str(each) for each in _plain(found.times)]
    return answer


def answer_of(session: str, step: int, lines: list[list[float | None]], labels: Sequence[str]) -> dict[str, Any]:
    """Describe a forecast whose values are numbers for JSON: the forecasts, then the bounds of each level by its label.

    Examples
    --------
    >>> answer_of("s", 1, [[5.0], [4.0], [None]], ["80"])
    {'session': 's', 'step': 1, 'yhat': [5.0], 'intervals': {'80': {'lo': [4.0], 'hi': [None]}}}
    """
    if not labels:
        return {"session": session, "step": step, "yhat": lines[0]}
    bounds = zip(labels, lines[1::2], lines[2::2], strict=True)
    intervals = {label: {"lo": low, "hi": high} for label, low, high in bounds}
    return {"session": session, "step": step, "yhat": lines[0], "intervals": intervals}


def _plain(times: Any) -> list[Any]:
    return times.astype("datetime64[us]").astype(str).tolist() if times.dtype.kind == "M" else times.tolist()
