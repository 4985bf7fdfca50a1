"""What every engine is: it runs tasks, here or on workers, and gives their answers by number."""

from __future__ import annotations

import abc
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any, ClassVar, NamedTuple, Self

from penstock import errors
from penstock.checkpoints import Run, current_run
from penstock.engines.in_use import without_engine
from penstock.engines.machine import differences, machine, refuse_difference
from penstock.engines.packet import unpack
from penstock.engines.task import SharedPanel, Task
from penstock.engines.work import Work
from penstock.errors import EngineError, TrainingWarning
from penstock.progress import counted

__all__ = ["RETRIES", "Asked", "Engine", "Job", "Workers", "lost", "resumed"]

RETRIES = 3
"""Times that a job is begun again whose worker died."""


class Engine(abc.ABC):
    """Where tasks run.

    Attributes
    ----------
    name
        What messages call it.
    divides
        Whether work is cut into jobs for workers; else it is done as a whole, in this process.
    """

    name: ClassVar[str]
    divides: ClassVar[bool] = True

    @abc.abstractmethod
    def run(self, tasks: Sequence[Task], work: Work) -> Iterator[tuple[int, Any]]:
        """Run tasks.

        Within :func:`penstock.training.checkpoints` each answer is kept, and those that are there are not asked for.

        Parameters
        ----------
        tasks
            The tasks.
        work
            What the workers do is counted there.

        Yields
        ------
        The number of a task and its answer, in any order.

        Raises
        ------
        PenstockError
            What a task raised first; the others are given up.
        """

    def close(self) -> None:
        """End the workers that the engine started."""
        return

    def __enter__(self) -> Self:
        """Return the engine, which is closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the workers."""
        self.close()


class Job(NamedTuple):
    """A task as it travels.

    Attributes
    ----------
    number
        Number of the task.
    words
        What it is, for messages.
    content
        The bytes.
    shared
        What it reads beside.
    """

    number: int
    words: str
    content: bytes
    shared: Sequence[SharedPanel]


class Asked(abc.ABC):
    """Jobs that were handed to workers."""

    @abc.abstractmethod
    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Iterate over the number of a job and its answer, as they arrive."""

    @abc.abstractmethod
    def cancel(self) -> None:
        """Give up what has not ended."""


class Workers(Engine):
    """An engine whose workers are other processes."""

    def __init__(self) -> None:
        self._first: tuple[str, dict[str, str]] | None = None

    @abc.abstractmethod
    def ask(self, jobs: Sequence[Job], work: Work) -> Asked:
        """Hand jobs to the workers, the first ones first, and return at once.

        Parameters
        ----------
        jobs
            The jobs.
        work
            What the workers do is counted there.

        Returns
        -------
        The jobs as they run.
        """

    def run(self, tasks: Sequence[Task], work: Work) -> Iterator[tuple[int, Any]]:
        """Run tasks on the workers; those that cannot travel run here meanwhile."""
        begin, kept = time.perf_counter() - work.seconds, current_run()
        here = [number for number, task in enumerate(tasks) if task.obstacle]
        there = []
        with counted("job", len(tasks), self.name) as advance:
            for number, task in enumerate(tasks):
                if task.obstacle:
                    continue
                content = None if kept is None else kept.answer(task.key)
                if content is None:
                    there.append(number)
                    continue
                yield number, resumed(task, content, work)
                advance()
            there.sort(key=lambda number: -tasks[number].size)
            jobs = [Job(number, tasks[number].words, tasks[number].packed, tasks[number].shared) for number in there]
            work.sent += sum(len(job.content) for job in jobs)
            work.here += list(dict.fromkeys(f"{tasks[number].obstacle}; it ran in this process." for number in here))
            asked = self.ask(jobs, work) if jobs else None
            try:
                for number in here:
                    yield number, _run_here(tasks[number], kept)
                    advance()
                for number, content in asked or ():
                    answer = self._answer(tasks[number], content, work)
                    if kept is not None:
                        kept.keep(tasks[number].key, content)
                    work.seconds = time.perf_counter() - begin
                    yield number, answer
                    advance()
            finally:
                if asked is not None:
                    asked.cancel()

    def see(self, worker: str, found: dict[str, str], work: Work) -> None:
        """Refuse a worker that would not compute what the others do, or that runs another version of Penstock.

        Parameters
        ----------
        worker
            Its name.
        found
            What it computes with.
        work
            Takes note of what differs from this process.

        Raises
        ------
        EngineError
            Where it is refused; the message says what to do.
        """
        mine = machine()
        refuse_difference("this process", mine, f"the worker {worker}", found, versions_alone=True)
        self._first = self._first or (worker, found)
        refuse_difference(f"the worker {self._first[0]}", self._first[1], f"the worker {worker}", found)
        if names := differences(mine, found):
            told = "; ".join(f"{name}: {found.get(name) or 'none'}, here {mine.get(name) or 'none'}" for name in names)
            work.differs = (
                f"The workers compute otherwise than this process ({told}): here the same call may give results that "
                "differ from about the seventh digit on."
            )

    def _answer(self, task: Task, content: bytes, work: Work) -> Any:
        """Read an answer, or raise the error that it tells."""
        about, arrays = unpack(content)
        self.see(about["worker"], about["machine"], work)
        for category, message in about["warnings"]:
            kind = getattr(errors, category, UserWarning)
            warnings.warn(message, kind if issubclass(kind, Warning) else UserWarning, stacklevel=4)
        if "error" in about:
            kind = getattr(errors, about["error"], None) if about["error"] else None
            if kind is None:
                raise EngineError(
                    f"{task.words}: the worker {about['worker']} failed with {about['message']}\n{about['trace']}"
                )
            raise kind(f"{task.words}: {about['message']}")
        work.add(about)
        work.received += len(content)
        return task.read_answer(about["answer"], arrays)


def resumed(task: Task, content: bytes, work: Work) -> Any:
    """Read an answer that an earlier run kept, and warn where it was computed otherwise."""
    about, arrays = unpack(content)
    mine = machine()
    if names := differences(mine, about["machine"]):
        told = "; ".join(f"{name} was {about['machine'].get(name)} and is {mine.get(name)}" for name in names)
        warnings.warn(
            f"answers of the earlier run were computed elsewhere ({told}): the result may differ from an "
            "uninterrupted run's, in about the seventh digit.", TrainingWarning, stacklevel=4
        )  # fmt: skip
    work.resumed += 1
    return task.read_answer(about["answer"], arrays)


def _run_here(task: Task, kept: Run | None) -> Any:
    """Run a task in this process, with checkpoints of its own where some are kept."""
    with without_engine(), nullcontext() if kept is None else kept.job(task.key):
        return task.run()


def lost(job: Job, died: int, why: Any) -> EngineError:
    """Return the error of a job whose workers died too often."""
    return EngineError(
        f"{job.words}: {died} workers died while they did it ({why}); give workers more memory, or look into their "
        "logs."
    )
