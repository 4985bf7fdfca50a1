"""A row of many series at once: of all series of a stream, or of many streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import described
from penstock.errors import DataError

if TYPE_CHECKING:
    from penstock.streaming.library import OpenNetwork
    from penstock.streaming.stream import Stream

__all__ = ["push_all", "push_each", "quick_series"]

Values = NDArray[np.float64]


def push_all(stream: Stream, t: Any, y: Any, future: Mapping[str, Any] | None, covariates: Mapping[str, Any]) -> Values:
    """Do what :meth:`penstock.streaming.stream.Stream.push_all` says."""
    try:
        values = np.ascontiguousarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"y={described(y)}; allowed: a number for each of the {len(stream.ids)} series.") from error
    stream._require_mapping(future)
    count, rows = len(stream.ids), stream._rows
    if values.shape != (count,):
        raise DataError(f"y has the shape {values.shape}; one value for each of the {count} series is needed.")
    time = stream._clock.read(t)
    if stream._simple and not covariates and future is None and _regular(stream, time, values):
        native = stream._native
        assert native is not None  # noqa: S101
        native.push_many(time, values)
        stream.carried += int(np.isnan(values).sum())
        return native.own["out"].copy()
    given = {name: np.broadcast_to(np.asarray(each, np.float64), (count,)) for name, each in covariates.items()}
    taken = [stream._covariates({name: each[s] for name, each in given.items()}, s) for s in range(count)]
    steps = (count, stream.model.horizon)
    parts = {name: np.broadcast_to(each, steps) for name, each in (future or {}).items()}
    aheads = [stream._ahead({name: each[s] for name, each in parts.items()} or None) for s in range(count)]
    for series in range(count):
        stream._value(values[series], series)
        stream._check_first(series, values[series], taken[series])
        if rows.count[series] + 1 < stream.model.rows_needed:
            raise DataError(
                f"{int(rows.count[series])} rows{stream._whose(series)} are too few for a forecast; push its rows "
                "alone first."
            )
        if rows.count[series] and time <= rows.times[series, rows.end[series] - 1]:
            raise DataError(
                f"the row at {stream._clock.show(time)} is not later than the newest{stream._whose(series)}; push_all "
                "takes rows in order."
            )
    gone = [stream._missing(series, time) for series in range(count)]  # refuses them before anything is taken
    for series in range(count):
        stream._carry(series, gone[series])
    if stream._native is None:
        for series in range(count):
            stream.carried += int(np.isnan(values[series]))
            stream._bounds.observe(series, values[series])
            rows.append(series, time, values[series], taken[series])
        ahead = None if aheads[0] is None else np.concatenate([each for each in aheads if each is not None])
        return stream._steps_of.forecast(range(count), ahead)
    for series in range(count):
        stream._take(series, time, float(values[series]), taken[series], aheads[series], wanted=True)
    return stream._native.own["out"].copy()


def _regular(stream: Stream, time: int, values: Values) -> bool:
    """Say whether the rows follow the newest of every series by its step, and hold values that can be taken."""
    rows = stream._rows
    if not np.isfinite(values).all() and (stream.missing == "error" or np.isinf(values).any()):
        return False
    if stream._positive and (values <= 0).any():
        return False
    end = int(rows.end[0])
    together = end > 0 and bool((rows.end == end).all())
    newest = rows.times[:, end - 1] if together else rows.times[np.arange(len(values)), rows.end - 1]
    enough = rows.count + 1 >= stream.model.rows_needed
    return bool((enough & (rows.count > 0) & (time - newest == stream._steps)).all())


def quick_series(stream: Stream) -> tuple[OpenNetwork, int] | None:
    """Return the network and the address of the series of a stream, for :func:`push_each`.

    None where a row needs more than the check of its step: of several series, or with covariates.
    """
    if stream._native is None or len(stream.ids) > 1 or not stream._simple:
        return None
    return stream._native.network, stream._native.pointers[0]


def push_each(
    network: OpenNetwork, pointers: Sequence[int], times: Sequence[int], y: Values
) -> tuple[NDArray[np.int32], Values]:
    """Take a row of each of many series of streams that share a network, as :meth:`Stream.push` takes one.

    A series may come several times; its answer is then that after its last row. The values are finite, and rows have no
    covariates. A row that does not follow the newest of its series by its step is not taken.

    Parameters
    ----------
    network
        The network of the streams.
    pointers
        Address of each series: ``stream._native.pointers``.
    times
        Times as whole numbers.
    y
        Values ``[n]``.

    Returns
    -------
    What ``penstock_push`` answers to each row ``[n]``, and forecasts and bounds ``[n, 1 + 2 levels, horizon]``.
    """
    count, library = len(pointers), network.library
    at, when = np.array(pointers, np.uintp), np.array(times, np.int64)
    answers = np.empty(count, np.int32)
    library.push_each(at.ctypes.data, count, when.ctypes.data, y.ctypes.data, 0, answers.ctypes.data)
    found = np.empty((count, 1 + 2 * network.size("levels"), network.size("horizon")))
    library.outputs(at.ctypes.data, count, found.ctypes.data)
    return answers, found
