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

__all__ = ["take_together"]


class _Group:
    """Rows of different sessions that share a network, column by column."""

    def __init__(self) -> None:
        self.places: list[int] = []  # in the request
        self.sessions: list[Session] = []
        self.pointers: list[int] = []
        self.times: list[int] = []
        self.y: list[float] = []


def take_together(sessions: Sessions, rows: list[Any]) -> list[dict[str, Any]]:
    """Do what :meth:`penstock.serving.sessions.Sessions.steps_together` says."""
    answers: list[Any] = [None] * len(rows)
    groups: dict[Any, _Group] = {}
    taken: set[str] = set()
    find, last = sessions.by_id.get, None
    group = _Group()
    for place, row in enumerate(rows):
        name = row.session
        if name in taken:  # the rows of one session are taken in their order
            _take(sessions, groups, rows, answers)
            groups, taken, last = {}, set(), None
        session = find(name)
        if session is None or session.quick is None or row.y is None or session.failed:
            answers[place] = sessions.answer(name, _row(row))
            continue
        moment = row.t if type(row.t) is int and session.stream.counts else _time(session, row.t)
        if moment is None or (row.step is not None and row.step != session.step + 1):
            answers[place] = sessions.answer(name, _row(row))
            continue
        network, pointer = session.quick
        if network is not last:
            last, group = network, groups.setdefault(network, _Group())
        taken.add(name)
        group.places.append(place)
        group.sessions.append(session)
        group.pointers.append(pointer)
        group.times.append(moment)
        group.y.append(row.y)
    _take(sessions, groups, rows, answers)
    return answers


def _take(sessions: Sessions, groups: dict[Any, _Group], rows: list[Any], answers: list[Any]) -> None:
    now = time.monotonic()
    for network, group in groups.items():
        status, values = push_each(network, group.pointers, group.times, np.array(group.y))
        if not (status == FORECAST).all():
            # Of the others nothing was taken: the policies of their streams say what is done.
            for place, session, found in zip(group.places, group.sessions, status.tolist(), strict=True):
                if found != FORECAST:
                    answers[place] = sessions.answer(session.id, _row(rows[place]))
            there = np.flatnonzero(status == FORECAST)
            group.places = [group.places[each] for each in there]
            group.sessions = [group.sessions[each] for each in there]
            values = values[there]
        numbers: Any = values
        if not np.isfinite(values).all():  # an interval without bounds is infinite
            numbers = values.astype(object)
            numbers[~np.isfinite(values)] = None
        for place, session, lines in zip(group.places, group.sessions, numbers.tolist(), strict=True):
            session.step = step = session.step + 1
            session.used = now
            answer = {"session": session.id, "step": step, **answer_of(lines, session.labels)}
            session.answer = answers[place] = answer
        sessions.note(group.sessions, [rows[place] for place in group.places])


def _time(session: Session, t: Any) -> int | None:
    try:
        moment: int = session.stream.read_time(t)
    except PenstockError:
        return None
    return moment


def _row(row: Any) -> Row:
    return Row(row.t, row.y, None, {}, None, row.step, False)
