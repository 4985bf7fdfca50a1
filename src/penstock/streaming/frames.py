"""Rows of a frame pushed one after the other, and their forecasts as a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from penstock.data.frames import FrameKind, read_panel
from penstock.streaming.forecast import StreamForecast

if TYPE_CHECKING:
    from penstock.streaming.stream import Stream

__all__ = ["push_frame"]


def push_frame(stream: Stream, frame: Any, future: Any) -> Any:
    """Do what :meth:`penstock.streaming.stream.Stream.push_frame` says."""
    old, horizon = stream.model.kind_, stream.model.horizon
    panel, kind = read_panel(frame, old.columns, "error" if stream.missing == "error" else "ffill", old, stream.ids)
    alone = len(panel) == len(stream.ids) == 1 and None in (*panel.ids, *stream.ids)
    names = stream.ids if alone else panel.ids
    covariates = np.hstack([panel.past, panel.known])
    columns = (*old.columns.past, *old.columns.known)
    owners = panel.series_of(np.arange(panel.rows))
    answers: dict[Any, StreamForecast] = {}
    for row in np.lexsort((np.arange(panel.rows), panel.times)):
        place = int(owners[row])
        steps = None
        if old.columns.known:  # only the last row's forecast is looked at
            steps = {name: np.zeros(horizon) for name in old.columns.known}
            if row == panel.offsets[place + 1] - 1:
                steps = {name: np.asarray(each)[place] for name, each in (future or {}).items()}
        series = stream._series(names[place])
        value = stream._value(np.nan if panel.filled[row] else float(panel.y[row]), series)
        given = stream._covariates(dict(zip(columns, covariates[row].tolist(), strict=True)), series)
        answer = stream._push(series, int(panel.times[row].astype(np.int64)), value, given, stream._ahead(steps))
        if answer is not None:
            answers[names[place]] = answer
    return _frame(stream, kind, answers)


def _frame(stream: Stream, kind: FrameKind, answers: dict[Any, StreamForecast]) -> Any:
    none = np.zeros((1 + 2 * len(stream.levels), 0))
    values = np.concatenate([none, *(each.values for each in answers.values())], axis=1)
    times = [stream.model.tail_.times[:0], *(each.times for each in answers.values())]
    found = {
        kind.columns.id: [name for name in answers for _ in range(stream.model.horizon)],
        kind.columns.time: np.concatenate(times),
        "yhat": values[0],
    }
    for place, level in enumerate(stream.levels):
        found |= {f"lo-{level:g}": values[1 + 2 * place], f"hi-{level:g}": values[2 + 2 * place]}
    return kind.frame(found)
