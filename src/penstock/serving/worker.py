"""The jobs on sessions, one at a time: what waits is carried out together, and answered once it is kept."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, NamedTuple

from penstock.serving.problems import RequestError

__all__ = ["Worker"]


class _Job(NamedTuple):
    do: Callable[[], Any]
    future: asyncio.Future[Any]
    quick: bool


_Answer = tuple["asyncio.Future[Any]", Any, Exception | None]


class Worker:
    """Carries out jobs in their order, never two at once, so that they need no locks.

    Jobs of some microseconds are carried out in the thread of the event loop, since to wake another takes longer; all
    others in a thread of their own. Jobs of one kind that wait are carried out in a row; then `commit` is called once,
    and only then are they answered: many requests share the time that a disk takes.

    Parameters
    ----------
    commit
        Called after each row of jobs; where it raises, the jobs are answered by that error.
    most
        Most jobs that wait.
    """

    def __init__(self, commit: Callable[[], None], most: int) -> None:
        self.commit, self.most = commit, most
        self._waiting: deque[_Job] = deque()
        self._handed: SimpleQueue[list[_Job]] = SimpleQueue()  # to the thread, one row at a time; an empty one ends it
        self._busy = self._closed = False
        self._thread = threading.Thread(target=self._run, name="penstock sessions", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    async def do(self, job: Callable[[], Any], *, quick: bool = False, always: bool = False) -> Any:
        """Let a job be carried out, and return what it returns, or raise what it raises.

        Parameters
        ----------
        job
            The job.
        quick
            Whether it takes microseconds, its commit included.
        always
            Whether it is taken however many wait.

        Raises
        ------
        RequestError
            503 where too many wait, or the server ends.
        """
        if self._closed:
            raise RequestError(503, "the server is ending; try again later.", {"Retry-After": "5"})
        if quick and not self._busy and not self._waiting:
            result = job()
            self.commit()
            return result
        if len(self._waiting) >= self.most and not always:
            raise RequestError(503, f"{self.most:,} requests wait already; try again later.", {"Retry-After": "1"})
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(_Job(job, future, quick))
        self._go_on()
        return await future

    async def close(self) -> None:
        """Carry out what waits, and end the thread."""
        self._closed = True
        last = asyncio.get_running_loop().create_future()
        self._waiting.append(_Job(lambda: None, last, quick=False))
        self._go_on()
        await last
        self._handed.put([])
        self._thread.join()

    def _go_on(self) -> None:
        """Carry out rows of jobs until the thread has one, or none wait."""
        while self._waiting and not self._busy:
            quick, row = self._waiting[0].quick, []
            while self._waiting and self._waiting[0].quick == quick:
                row.append(self._waiting.popleft())
            if quick:
                _deliver(self._answers(row))
            else:
                self._busy = True
                self._handed.put(row)

    def _run(self) -> None:
        while row := self._handed.get():
            answers, loop = self._answers(row), row[0].future.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._done, answers)

    def _done(self, answers: list[_Answer]) -> None:
        self._busy = False
        _deliver(answers)
        self._go_on()

    def _answers(self, row: list[_Job]) -> list[_Answer]:
        answers = [_answer(job) for job in row]
        try:
            self.commit()
        except Exception as error:
            answers = [(job.future, None, error) for job in row]
        return answers


def _answer(job: _Job) -> _Answer:
    try:
        return job.future, job.do(), None
    except Exception as error:
        return job.future, None, error


def _deliver(answers: list[_Answer]) -> None:
    for future, result, error in answers:
        if future.done():  # nobody waits for it any more
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
