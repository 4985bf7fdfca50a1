"""Sessions: streams of the served models, each under a name that nobody guesses."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.serving.limits import Limits
from penstock.serving.models import ServedModel
from penstock.serving.notes import collect_notes
from penstock.serving.problems import RequestError, problem_of
from penstock.serving.steps import Row, forecast_of
from penstock.serving.tables import kind_of
from penstock.serving.together import Group, take_together
from penstock.streaming.many import quick_series

if TYPE_CHECKING:
    from penstock.streaming.library import OpenNetwork

__all__ = ["OPTIONS", "Session", "Sessions", "read_level", "read_options"]

OPTIONS = ("level", "intervals", "late", "duplicate", "missing")
"""Options of a session: those of :meth:`penstock.Forecaster.stream`."""


@dataclass(slots=True)
class Session:
    """A stream, and how far it has come.

    Attributes
    ----------
    id
        Its name.
    served
        The model that it was begun with; one that is reloaded later does not change it.
    stream
        The stream.
    options
        How it was made.
    step
        Steps that were taken.
    answer
        The answer to the last of them, which a repeated request gets again.
    used
        When it was last asked for anything, in seconds of the clock that never goes back.
    failed
        Whether a step failed in a way that nobody foresaw, so that its state is unknown.
    quick
        The network and the address of its series, where its rows can be taken together with those of others.
    counts
        Whether its times are counted steps.
    labels
        What its levels are called.
    """

    id: str
    served: ServedModel
    stream: Any
    options: dict[str, Any]
    step: int = 0
    answer: dict[str, Any] = field(default_factory=dict)
    used: float = field(default_factory=time.monotonic)
    failed: bool = False
    quick: tuple[OpenNetwork, int] | None = field(init=False)
    counts: bool = field(init=False)
    labels: list[str] = field(init=False)

    def __post_init__(self) -> None:
        """Look once at what every row needs of the stream."""
        self.quick, self.counts = quick_series(self.stream), self.stream.counts
        self.labels = [f"{level:g}" for level in self.stream.levels]

    def about(self) -> dict[str, Any]:
        """Say what a client must know of the session."""
        return {
            "session": self.id,
            "model": self.served.name,
            "sha256": self.served.sha256,
            "series": [None if name is None else str(name) for name in self.stream.ids],
            "horizon": self.served.model.horizon,
            "step": self.step,
            "options": self.options,
            "mode": self.stream.mode,
            "counts": {name: getattr(self.stream, name) for name in ("dropped", "amended", "carried")},
        }


def read_options(given: dict[str, Any]) -> dict[str, Any]:
    """Check the options of a new session, as far as their kinds go; the stream checks their values.

    Parameters
    ----------
    given
        The body's names and values; those of :data:`OPTIONS` are read.

    Raises
    ------
    RequestError
        422 for a value of another kind.

    Examples
    --------
    >>> read_options({"level": 80, "late": "drop"})
    {'level': [80], 'late': 'drop'}
    """
    options = {name: given[name] for name in OPTIONS if given.get(name) is not None}
    for name, value in options.items():
        if name == "level":
            options[name] = read_level(value)
        elif not isinstance(value, str):
            raise RequestError(422, f"{name!r} is {kind_of(value)}; text is needed.")
    return options


def read_level(value: Any) -> list[float]:
    """Check the kinds of levels: a number or a list of them."""
    levels = value if isinstance(value, list) else [value]
    for each in levels:
        if type(each) not in (int, float):
            raise RequestError(
                422, f"'level' holds {kind_of(each)}; numbers between 0 and 100 are needed, such as [80, 95]."
            )
    return levels


class Sessions:
    """The sessions of a server; all methods are called in the worker's thread.

    Parameters
    ----------
    limits
        How many there may be, and when one that nobody uses is deleted.

    Attributes
    ----------
    by_id
        The sessions by their names.
    compiled
        Names of those whose steps take microseconds.
    taken
        Steps that were taken, by model.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.by_id: dict[str, Session] = {}
        self.compiled: set[str] = set()
        self.taken: Counter[str] = Counter()

    def create(self, served: ServedModel, options: dict[str, Any]) -> Session:
        """Begin a session after the rows that the model keeps.

        Parameters
        ----------
        served
            The model.
        options
            Those of :data:`OPTIONS`.

        Raises
        ------
        RequestError
            422 where the model has no streams; 429 where there are too many sessions.
        OptionError
            For an option that is not allowed.
        """
        if not served.streams:
            raise RequestError(
                422, f"{served.model!r} has no sessions, which recurrent networks (Forecaster) alone have; ask "
                f"/v1/models/{served.name}/forecast with the later rows."
            )  # fmt: skip
        self.expire()
        if len(self.by_id) >= self.limits.sessions:
            raise RequestError(
                429, f"there are {self.limits.sessions:,} sessions already; delete one, or try again later.",
                {"Retry-After": "60"},
            )  # fmt: skip
        session = Session(secrets.token_urlsafe(16), served, served.model.stream(**options), options)
        self.add(session)
        return session

    def are_quick(self, ids: list[str]) -> bool:
        """Whether a step of each of these sessions takes microseconds, the commit included."""
        return self.compiled.issuperset(ids)

    def add(self, session: Session) -> None:
        """Take a session in."""
        self.by_id[session.id] = session
        if session.stream.compiled:
            self.compiled.add(session.id)

    def commit(self) -> None:
        """Do what must be done before anything is answered: nothing, where sessions end with the process."""

    def flush(self) -> None:
        """Wait until the disk has what was committed: nothing, where sessions end with the process."""

    def restore(self, models: list[ServedModel]) -> None:
        """Take up the sessions of an earlier process: none, where they end with it."""

    def close(self) -> None:
        """End all sessions, or leave them to the next process."""

    def find(self, id: str) -> Session:
        """Return a session.

        Raises
        ------
        RequestError
            404 where there is none of this name; 409 where its state is unknown.
        """
        session = self.by_id.get(id)
        if session is None:
            raise RequestError(404, "there is no such session: it was deleted, or was not used for too long.")
        if session.failed:
            raise RequestError(409, "an earlier step of this session failed; delete it, and begin another.")
        session.used = time.monotonic()
        return session

    def delete(self, id: str) -> None:
        """End a session."""
        if self.by_id.pop(id, None) is None:
            raise RequestError(404, "there is no such session: it was deleted, or was not used for too long.")
        self.compiled.discard(id)

    def expire(self) -> int:
        """Delete the sessions that were not used for too long, and return their number."""
        if not self.limits.idle:
            return 0
        first = time.monotonic() - self.limits.idle
        gone = [name for name, session in self.by_id.items() if session.used < first]
        for name in gone:
            self.delete(name)
        return len(gone)

    def step(self, id: str, row: Row) -> dict[str, Any]:
        """Take one row, and forecast after it.

        A step whose number is that of the last one is not taken again, and gets the same answer.

        Parameters
        ----------
        id
            The session.
        row
            The row.

        Returns
        -------
        What is answered.

        Raises
        ------
        RequestError
            404 and 409 as :meth:`find`; 409 for a step whose number is neither the next nor the last.
        PenstockError
            For a row that is refused; the session is as it was.
        """
        session = self.find(id)
        if row.step is not None and row.step == session.step:
            return session.answer
        if row.step is not None and row.step != session.step + 1:
            raise RequestError(409, f"step {row.step} cannot be taken: the next of this session is {session.step + 1}.")
        return self._take(session, row)

    def _take(self, session: Session, row: Row) -> dict[str, Any]:
        try:
            with collect_notes() as notes:
                found = session.stream.push(row.t, row.y, row.series, future=row.future, **row.covariates)
            session.answer = forecast_of(session.id, session.step + 1, found, times=row.times)
            if notes:
                session.answer["notes"] = notes
        except Exception as error:
            session.failed = problem_of(error).status == 500
            raise
        session.step += 1
        self.taken[session.served.name] += 1
        return session.answer

    def steps(self, rows: list[tuple[str, Row]]) -> list[dict[str, Any]]:
        """Take rows of several sessions, in their order; a row that is refused does not hold up the others.

        Parameters
        ----------
        rows
            The session and the row of each.

        Returns
        -------
        The answer of each, or the status and the error in words.
        """
        return [self.answer(name, row) for name, row in rows]

    def answer(self, name: str, row: Row) -> dict[str, Any]:
        """Take one row of a session; return its answer, or the status and the error in words."""
        try:
            return self.step(name, row)
        except Exception as error:
            problem = problem_of(error)
            return {"session": name, "status": problem.status, "error": problem.message}

    def steps_together(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Do what :meth:`steps` does, of rows with `session`, `t`, `y` and `step` alone: those of one network at once.

        Parameters
        ----------
        rows
            What :meth:`penstock.serving.quick.StepReader.many` reads.

        Returns
        -------
        As of :meth:`steps`.
        """
        return take_together(self, rows)

    def note(self, group: Group) -> None:
        """Keep rows that were taken together: nothing, where sessions end with the process."""
