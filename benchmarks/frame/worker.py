"""A process for one path: it waits on a pipe, blocked, while the others measure.

Thread pools of two libraries in one process disturb each other: OpenMP's threads spin after their work and once made a
row of torch a hundred times slower.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from frame.row import Arrays, Job
from frame.timing import sample

__all__ = ["PathError", "Worker"]

_REST = 0.3  # seconds; OpenMP's threads spin for 0.2 after their work


class PathError(Exception):
    """A path could not solve a job; the message is the last line of its traceback."""


class Worker:
    """A path's process, seen from outside: `send` starts something, `receive` waits for its answer."""

    def __init__(self, library: str, environment: dict[str, str], log: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, library, str(log)), daemon=True)
        with _environment(environment):
            self._process.start()
        theirs.close()

    def send(self, command: str, *arguments: Any) -> None:
        """Ask for ``prepare`` (job, arrays, warm, skip) or ``measure`` (way, seconds, least, warm)."""
        self._pipe.send((command, arguments))

    def receive(self) -> Any:
        """Wait for the answer.

        Raises
        ------
        PathError
            When the path failed.
        """
        try:
            done, answer = self._pipe.recv()
        except EOFError:
            raise PathError(f"its process ended with exit code {self._process.exitcode}") from None
        if not done:
            raise PathError(answer)
        return answer

    def ask(self, command: str, *arguments: Any) -> Any:
        """Send and receive."""
        self.send(command, *arguments)
        return self.receive()

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join(timeout=10)
        if self._process.is_alive():
            self._process.kill()


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _serve(pipe: Connection, library: str, log: str) -> None:
    """Obey until the pipe closes; what libraries print goes to the log."""
    with Path(log).open("a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    tasks = _Tasks(library)
    while True:
        try:
            command, arguments = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer = True, getattr(tasks, command)(*arguments)
        except Exception as error:
            traceback.print_exc()
            sys.stderr.flush()
            answer = False, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        pipe.send(answer)


class _Tasks:
    """The commands, inside the process."""

    def __init__(self, library: str) -> None:
        self._library = library
        self._task: Any = None
        self._ways: dict[str, Callable[[], object]] = {}
        self._units = 1

    def prepare(self, job: Job, arrays: Arrays, warm: bool, skip: set[str]) -> tuple[Arrays, list[str]]:
        """Build a task in place of the last; give its outputs and the names of its ways.

        With `warm` each way is called once, so that compilation and first allocations are over. The ways to `skip` are
        left out.
        """
        self._task, self._ways = None, {}
        task = importlib.import_module(f"paths.{self._library}.{job.kind}").Task(job, arrays)
        outputs = task.outputs()
        self._task, self._units = task, task.units
        self._ways = {name: way for name, way in task.ways().items() if name not in skip}
        for way in self._ways.values() if warm else ():
            way()
        return outputs, list(self._ways)

    def measure(self, way: str, seconds: float, least: int, warm: bool) -> list[float]:
        """Time calls; seconds a unit. Before that the threads of the path that measured last fall asleep.

        With `warm` one call goes before, which wakes the path's own; without, the process's first call is timed.
        """
        time.sleep(_REST)
        if warm:
            self._ways[way]()
        return [taken / self._units for taken in sample(self._ways[way], seconds, least)]

    def facts(self) -> dict[str, float]:
        """Give what the task tells beside its times, if it tells anything."""
        return self._task.facts() if hasattr(self._task, "facts") else {}
