"""The one thread that steps sessions: what waits is carried out together, and answered once it is kept."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from penstock.serving.problems import RequestError

__all__ = ["Worker"]

_Job = tuple[Callable[[], Any], "asyncio.Future[Any]"]
_Answer = tuple["asyncio.Future[Any]", Any, Exception | None]


class Worker:
    """Carries out jobs in their order, in one thread, so that they need no locks.

    All jobs that wait are carried out in a row; then `commit` is called once, and only then are they answered: many
    requests share the time that a disk takes.

    Parameters
    ----------
    commit
        Called after each row of jobs; where it raises, the jobs are answered by that error.
    most
        Most jobs that wait.
    """

    def __init__(self, commit: Callable[[], None], most: int) -> None:
        self.commit, self.most = commit, most
        self._jobs: deque[_Job] = deque()
        self._wake = threading.Condition()
        self._busy = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="penstock sessions", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    async def do_at_once(self, job: Callable[[], Any]) -> Any:
        """Carry out a job of some microseconds here where the thread is idle: to wake it takes longer than the job.

        Parameters
        ----------
        job
            The job; nothing of it needs a commit that takes long.

        Returns
        -------
        What the job returns; errors as in :meth:`do`.
        """
        if self._closed or self._jobs or not self._busy.acquire(blocking=False):
            return await self.do(job)
        try:
            result = job()
            self.commit()
            return result
        finally:
            self._busy.release()

    async def do(self, job: Callable[[], Any], *, always: bool = False) -> Any:
        """Let a job be carried out, and return what it returns, or raise what it raises.

        Parameters
        ----------
        job
            The job.
        always
            Whether it is taken however many wait.

        Raises
        ------
        RequestError
            503 where too many wait, or the server ends.
        """
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        with self._wake:
            if self._closed:
                raise RequestError(503, "the server is ending; try again later.", {"Retry-After": "5"})
            if len(self._jobs) >= self.most and not always:
                raise RequestError(503, f"{self.most:,} requests wait already; try again later.", {"Retry-After": "1"})
            self._jobs.append((job, future))
            self._wake.notify()
        return await future

    def close(self) -> None:
        """Carry out what waits, and end the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._jobs and not self._closed:
                    self._wake.wait()
                jobs = list(self._jobs)
                self._jobs.clear()
            if not jobs:
                return
            with self._busy:
                answers = [self._answer(job, future) for job, future in jobs]
                try:
                    self.commit()
                except Exception as error:
                    answers = [(future, None, error) for _, future in jobs]
            loop = answers[0][0].get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_deliver, answers)

    def _answer(self, job: Callable[[], Any], future: asyncio.Future[Any]) -> _Answer:
        try:
            return future, job(), None
        except Exception as error:
            return future, None, error


def _deliver(answers: list[_Answer]) -> None:
    for future, result, error in answers:
        if future.done():  # nobody waits for it any more
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
