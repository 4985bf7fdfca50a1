"""Which worker did what, and how long it waited."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Share", "Work"]


@dataclass
class Share:
    """What one worker did.

    Attributes
    ----------
    jobs, seconds
        Jobs that it ended, and the time that they took.
    programs
        Programs that it compiled, or took from JAX's cache.
    machine
        What it computes with.
    """

    jobs: int = 0
    seconds: float = 0.0
    programs: int = 0
    machine: dict[str, str] = field(default_factory=dict)


@dataclass
class Work:
    """What the workers of an engine did for one call.

    Attributes
    ----------
    engine
        Name of the engine.
    shares
        What each worker did, by its name.
    seconds
        Time that the engine had jobs to do.
    resumed
        Jobs whose answers were kept by an earlier run.
    died
        Jobs that were begun again since their worker died.
    here
        What ran in the calling process, and why, each in a sentence.
    sent, received
        Bytes of jobs and of answers, without what travels to each worker once.
    differs
        How the workers compute otherwise than the calling process; empty where they do not.
    """

    engine: str
    shares: dict[str, Share] = field(default_factory=dict)
    seconds: float = 0.0
    resumed: int = 0
    died: int = 0
    here: list[str] = field(default_factory=list)
    sent: int = 0
    received: int = 0
    differs: str = ""

    def add(self, about: dict[str, Any]) -> None:
        """Count what a job's answer says of its worker."""
        share = self.shares.setdefault(about["worker"], Share(machine=about["machine"]))
        share.jobs += 1
        share.seconds += about["seconds"]
        share.programs += about["programs"]

    @property
    def exceptions(self) -> list[str]:
        """What ran otherwise than asked, in sentences."""
        again = f"{self.died} {'job was' if self.died == 1 else 'jobs were'} begun again, since the worker died."
        return [*([again] if self.died else []), *([self.differs] if self.differs else []), *self.here]

    @property
    def notes(self) -> list[str]:
        """How to read the table of the workers, in sentences."""
        said = [
            f"Engine: {self.engine}; {self.seconds:.1f} s in all. A worker waits while it starts and while others work."
        ]
        return said + ([f"{self.resumed} answers were kept by an earlier run."] if self.resumed else [])

    def to_json(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        workers = {
            name: {
                "jobs": share.jobs,
                "seconds": share.seconds,
                "waited": max(self.seconds - share.seconds, 0.0),
                "programs": share.programs,
                "machine": share.machine,
            }
            for name, share in self.shares.items()
        }
        return {
            "name": self.engine,
            "seconds": self.seconds,
            "workers": workers,
            "resumed": self.resumed,
            "died": self.died,
            "bytes": {"sent": self.sent, "received": self.received},
            "notes": [*self.notes, *self.exceptions],
        }
