"""A row of a table: one job that several paths solve in turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

__all__ = ["Arrays", "Job", "Row", "Task"]

Arrays = dict[str, np.ndarray]


class Job(Protocol):
    """What is to be computed, the same for every path: a frozen dataclass."""

    @property
    def kind(self) -> str:
        """Which module of a path solves it: ``paths.torch.step`` for the kind ``step``."""

    def arrays(self) -> Arrays:
        """Draw data and initial weights from a fixed seed."""


class Task(Protocol):
    """A job inside the process of one path: the class ``Task`` of ``paths.LIBRARY.KIND``."""

    units: int
    """Steps (or whatever the row counts) in one call."""

    def outputs(self) -> Arrays:
        """Compute what all paths must agree on, from the initial weights."""

    def ways(self) -> dict[str, object]:
        """Give the honest ways to compute it, callables without arguments, by name; the fastest counts.

        One that returns :class:`frame.timing.Seconds` has timed itself.
        """


@dataclass(frozen=True)
class Row:
    """A row.

    Attributes
    ----------
    name
        As the table shows it.
    job
        What every path computes.
    paths
        Names from :data:`paths.table.PATHS`; the first is the one whose ratio to the others is shown.
    jobs
        Paths that solve another job than the rest, such as one model where others train twenty.
    per
        Divides a path's time, where the row counts members.
    fresh
        Measure every round in a new process, so that compilation counts.
    rounds
        Rounds, where they are not those of the run.
    tolerance
        Largest difference of outputs, relative to the largest output; None where paths draw their own randomness.
    note
        What a reader must know to judge the row.
    """

    name: str
    job: Job
    paths: tuple[str, ...]
    jobs: dict[str, Job] = field(default_factory=dict)
    per: dict[str, int] = field(default_factory=dict)
    fresh: bool = False
    rounds: int | None = None
    tolerance: float | None = 1e-3
    note: str = ""

    def job_of(self, path: str) -> Job:
        """Give the job that a path solves."""
        return self.jobs.get(path, self.job)
