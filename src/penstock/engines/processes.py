"""Processes on this machine, each a Python of its own; no process is forked, and no script is imported again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import weakref
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, ClassVar

from penstock.argument_types import checked_types, described
from penstock.compilation_cache import without_own_folder
from penstock.cores import usable_cores
from penstock.engines.engine import RETRIES, Asked, Job, Workers, lost
from penstock.engines.machine import THREADS
from penstock.engines.packet import unpack
from penstock.engines.work import Work
from penstock.engines.worker import read_message, write_message
from penstock.errors import OptionError

__all__ = ["Processes"]

_START = """import json, os, sys
sys.path[:], cores = json.loads(sys.argv.pop())
if cores:
    os.sched_setaffinity(0, cores)
from penstock.engines.worker import main
main()"""
_PATIENCE = 10.0  # seconds in which a worker that is told to end hands over its programs


class Processes(Workers):
    """Spawned processes on this machine.

    They stay until :meth:`close`, or the end of a ``with`` block, so that what they compiled serves the next call too.

    Parameters
    ----------
    workers
        Number of processes; None: one for each core.
    threads
        Threads of each; None: the cores divided by the workers. Where there are as many cores for each, every worker is
        held to its own (Linux), since JAX computes in its caller's thread beside those that ``NPROC`` allows.
    environment
        Variables to set in them beside those of this process.
    pin
        Whether to hold workers to cores; False: they run where the system puts them, beside other programs that keep
        cores busy.

    Examples
    --------
    >>> Processes(2)
    Processes(workers=2)
    """

    name: ClassVar[str] = "processes"

    @checked_types("workers", "threads", "pin")
    def __init__(
        self,
        workers: int | None = None,
        *,
        threads: int | None = None,
        environment: Mapping[str, str] | None = None,
        pin: bool = True,
    ) -> None:
        super().__init__()
        cores = usable_cores()
        for option, value in (("workers", workers), ("threads", threads)):
            if value is not None and not 1 <= value <= 1024:
                raise OptionError(f"{option}={value} is out of range; allowed: 1 to 1024, or None.")
        if not isinstance(environment, (Mapping, type(None))) or not all(
            isinstance(each, str) for pair in (environment or {}).items() for each in pair
        ):
            raise OptionError(
                f"environment={described(environment)}; allowed: text by name, such as {{'NPROC': '2'}}, or None."
            )
        self.workers = cores if workers is None else workers
        self.threads = max(cores // self.workers, 1) if threads is None else threads
        self._cores = _shares(self.workers, self.threads) if pin else [[]] * self.workers
        self._environment = dict(environment or {})
        self._places: list[_Worker | None] = [None] * self.workers
        self._end = weakref.finalize(self, _end_all, self._places)

    def __repr__(self) -> str:
        return f"Processes(workers={self.workers})"

    def ask(self, jobs: Sequence[Job], work: Work) -> Asked:
        """Hand jobs to the processes."""
        return _Asked(self, jobs, work)

    def close(self) -> None:
        """End the processes."""
        _end_all(self._places)

    def _worker(self, place: int, work: Work) -> _Worker:
        """Return the worker at a place, started where none lives."""
        worker = self._places[place]
        if worker is not None and worker.process.poll() is not None:  # it ended between two calls
            self._drop(place)
            worker = None
        if worker is None:
            environment = {
                **without_own_folder(os.environ),
                THREADS: str(self.threads),
                **self._environment,
            }
            worker = self._places[place] = _Worker(environment, self._cores[place])
            try:
                about, _ = unpack(worker.ask(b"report"))
                self.see(about["worker"], about["machine"], work)
            except BaseException:
                self._drop(place)
                raise
        return worker

    def _drop(self, place: int) -> None:
        """Forget a worker that died or is not wanted."""
        worker, self._places[place] = self._places[place], None
        if worker is not None:
            worker.kill()


class _DiedError(Exception):
    """A worker ended before it answered."""


class _Worker:
    """One process."""

    def __init__(self, environment: Mapping[str, str], cores: Sequence[int]) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the worker)
        self.process = subprocess.Popen(  # noqa: S603 (this Python)
            [sys.executable, "-c", _START, json.dumps([sys.path, list(cores)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=dict(environment),
        )
        self.holds: deque[str] = deque()

    def ask(self, *parts: bytes) -> bytes:
        """Send a message and wait for its answer."""
        assert self.process.stdout is not None  # noqa: S101
        self.send(*parts)
        answer = read_message(self.process.stdout)  # type: ignore[arg-type]
        if answer is None:
            raise _DiedError(self.why())
        return answer[0]

    def send(self, *parts: bytes) -> None:
        """Send a message."""
        assert self.process.stdin is not None  # noqa: S101
        try:
            write_message(self.process.stdin, parts)  # type: ignore[arg-type]
        except OSError:
            raise _DiedError(self.why()) from None

    def why(self) -> str:
        """Say how the process ended: its last line, or the signal that ended it."""
        try:
            code = self.process.wait(_PATIENCE)  # its pipe is closed, so it is about to end
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        if code < 0:
            return f"ended by signal {-code}"
        return lines[-1] if lines else f"ended with code {code}"

    def kill(self) -> None:
        """End the process at once."""
        self.process.kill()
        self._close()

    def end(self) -> None:
        """Let the process end by itself, which hands over the programs that it compiled."""
        with suppress(OSError):
            if self.process.stdin is not None:
                self.process.stdin.close()
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._close()

    def _close(self) -> None:
        self.process.wait()
        for file in (self.process.stdin, self.process.stdout, self._said):
            with suppress(OSError):
                if file is not None:
                    file.close()


class _Asked(Asked):
    """Jobs in a queue, and a thread for each process, which takes the next when its process has ended one."""

    def __init__(self, engine: Processes, jobs: Sequence[Job], work: Work) -> None:
        self._engine, self._work = engine, work
        self._waiting = deque((job, 0) for job in jobs)
        self._count = self._left = len(jobs)
        self._cancelled = False
        self._changed = threading.Condition()
        self._answers: SimpleQueue[tuple[int, bytes] | BaseException] = SimpleQueue()
        count = min(engine.workers, len(jobs))
        self._busy = [False] * count
        self._threads = [threading.Thread(target=self._serve, args=(place,), daemon=True) for place in range(count)]
        for thread in self._threads:
            thread.start()

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Iterate over the answers."""
        for _ in range(self._count):
            answer = self._answers.get()
            if isinstance(answer, BaseException):
                raise answer
            yield answer

    def cancel(self) -> None:
        """End the processes that are within a job, and wait for the threads."""
        with self._changed:
            self._cancelled = True
            self._waiting.clear()
            self._changed.notify_all()
            ended = []
            for place, busy in enumerate(self._busy):
                worker = self._engine._places[place]
                if busy and worker is not None:
                    worker.process.kill()
                    ended.append((place, worker))
        for thread in self._threads:
            thread.join()
        for place, worker in ended:
            if self._engine._places[place] is worker:  # it had just answered
                self._engine._drop(place)

    def _serve(self, place: int) -> None:
        try:
            while (taken := self._next()) is not None:
                self._do(place, *taken)
        except BaseException as error:
            self._answers.put(error)

    def _next(self) -> tuple[Job, int] | None:
        """Wait for a job; None where all have ended. A job of a worker that dies is handed out again."""
        with self._changed:
            while not self._waiting and self._left and not self._cancelled:
                self._changed.wait()
            return self._waiting.popleft() if self._waiting and not self._cancelled else None

    def _do(self, place: int, job: Job, died: int) -> None:
        try:
            self._busy[place] = True
            if self._cancelled:
                return
            worker = self._engine._worker(place, self._work)
            if self._cancelled:
                return
            for each in job.shared:
                if each.key not in worker.holds:
                    worker.send(b"put", each.key.encode(), each.content)
                    worker.holds.append(each.key)
            while len(worker.holds) > max(len(job.shared), 4):
                worker.send(b"forget", worker.holds.popleft().encode())
            content = worker.ask(b"run", job.content, *(each.key.encode() for each in job.shared))
        except _DiedError as error:
            self._busy[place] = False
            self._again(place, job, died + 1, str(error))
            return
        self._busy[place] = False
        with self._changed:
            self._left -= 1
            self._changed.notify_all()
        self._answers.put((job.number, content))

    def _again(self, place: int, job: Job, died: int, why: str) -> None:
        """Hand out a job whose worker died once more."""
        self._engine._drop(place)
        if self._cancelled:
            return
        if died > RETRIES:
            raise lost(job, died, why)
        with self._changed:
            self._work.died += 1
            self._waiting.appendleft((job, died))
            self._changed.notify_all()


def _shares(workers: int, threads: int) -> list[list[int]]:
    """Return the cores of each worker; none where there are too few for all, or the system cannot hold processes."""
    if not hasattr(os, "sched_getaffinity"):
        return [[]] * workers
    cores = sorted(os.sched_getaffinity(0))
    if workers * threads > len(cores):
        return [[]] * workers
    begin = os.getpid() if workers * threads < len(cores) else 0  # so that two programs do not take the same cores
    return [
        [cores[(begin + worker * threads + thread) % len(cores)] for thread in range(threads)]
        for worker in range(workers)
    ]


def _end_all(places: list[Any]) -> None:
    """End workers side by side."""
    ending = [worker for worker in places if worker is not None]
    places[:] = [None] * len(places)
    for worker in ending:
        with suppress(OSError):
            worker.process.stdin.close()
    for worker in ending:
        worker.end()
