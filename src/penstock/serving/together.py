"""Rows of many sessions at once: those of sessions that share a network are stepped together."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from penstock.errors import PenstockError
from penstock.serving.steps import Row, answer_of
from penstock.streaming.library import FORECAST
from penstock.streaming.many import push_each

if TYPE_CHECKING:
    from penstock.serving.sessions import Session, Sessions

__all__ = ["Group", "take_together"]

Group = list[tuple[int, Any, Any, int, int, float]]
"""Rows of different sessions that share a network: place in the request, row, session, address, time, value."""


def take_together(sessions: Sessions, rows: list[Any]) -> list[dict[str, Any]]:
    """Do what :meth:`penstock.serving.sessions.Sessions.steps_together` says."""
    answers: list[Any] = [None] * len(rows)
    groups: dict[Any, Group] = {}
    taken: set[str] = set()
    find, last = sessions.by_id.get, None
    group: Group = []
    for place, row in enumerate(rows):
        name, y, step = row.session, row.y, row.step
        if name in taken:  # the rows of one session are taken in their order
            _take(sessions, groups, answers)
            groups, taken, last = {}, set(), None
        session = find(name)
        if (
            session is None
            or y is None
            or (quick := session.quick) is None
            or session.failed
            or (step is not None and step != session.step + 1)
        ):
            answers[place] = sessions.answer(name, _row(row))
            continue
        moment = row.t if type(row.t) is int and session.counts else _time(session, row.t)
        if moment is None:
            answers[place] = sessions.answer(name, _row(row))
            continue
        network, pointer = quick
        if network is not last:
            last, group = network, groups.setdefault(network, [])
        taken.add(name)
        group.append((place, row, session, pointer, moment, y))
    _take(sessions, groups, answers)
    return answers


def _take(sessions: Sessions, groups: dict[Any, Group], answers: list[Any]) -> None:
    now = time.monotonic()
    for network, group in groups.items():
        _, _, _, pointers, times, y = zip(*group, strict=True)
        status, values = push_each(network, pointers, times, np.array(y))
        there = status == FORECAST
        if not there.all():
            # Of the others nothing was taken: the policies of their streams say what is done.
            for (place, row, session, *_), fits in zip(group, there.tolist(), strict=True):
                if not fits:
                    answers[place] = sessions.answer(session.id, _row(row))
            group[:] = [group[each] for each in np.flatnonzero(there)]
            values = values[there]
        numbers: Any = values
        if not np.isfinite(values).all():  # an interval without bounds is infinite
            numbers = values.astype(object)
            numbers[~np.isfinite(values)] = None
        for (place, _, session, *_), lines in zip(group, numbers.tolist(), strict=True):
            session.step = step = session.step + 1
            session.used = now
            session.answer = answers[place] = answer_of(session.id, step, lines, session.labels)
        sessions.taken.update([each[2].served.name for each in group])
        sessions.note(group)


def _time(session: Session, t: Any) -> int | None:
    try:
        moment: int = session.stream.read_time(t)
    except PenstockError:
        return None
    return moment


def _row(row: Any) -> Row:
    return Row(row.t, row.y, None, {}, None, row.step, False)
