"""What a study is: a published experiment that runs under two protocols and says what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from penstock.errors import OptionError, nearest
from penstock.evaluation.comparison import Comparison
from penstock.files import write_json
from penstock.version import __version__

__all__ = ["Request", "Study", "StudyResult"]


@dataclass(frozen=True)
class Request:
    """What was asked of a study.

    Attributes
    ----------
    protocol
        ``"honest"``, or ``"published"``: as the source did it, leaks included.
    edition
        Edition of the source.
    members, seed
        Networks to train, and the seed they derive from.
    data
        A data file to read instead of the usual one.
    epochs
        Most epochs to train, where fewer than the source's are wanted.
    """

    protocol: str = "honest"
    edition: int = 1
    members: int = 5
    seed: int = 0
    data: Path | None = None
    epochs: int | None = None


@dataclass(frozen=True, eq=False)
class StudyResult:
    """What came of a study: exact facts, and the comparison.

    Attributes
    ----------
    facts
        Rows, shape of the windows, sizes of the split, parameters: what can be checked against the source to the digit.
    published
        The figures that the source states.
    """

    study: str
    request: Request
    facts: dict[str, Any]
    published: dict[str, float]
    comparison: Comparison

    @property
    def title(self) -> str:
        """Name the study, its edition and its protocol."""
        cut = f", at most {self.request.epochs} epochs" if self.request.epochs else ""
        return f"{self.study}, edition {self.request.edition}, {self.request.protocol} protocol{cut}"

    @property
    def published_in_words(self) -> str:
        """The source's figures, one after the other."""
        return ", ".join(f"{name} {value:g}" for name, value in self.published.items())

    def to_json(self) -> dict[str, Any]:
        """Give everything a reader needs to check the result."""
        asked = self.request
        return {
            "penstock": __version__,
            "study": self.study,
            "protocol": asked.protocol,
            "edition": asked.edition,
            "seed": asked.seed,
            "members": asked.members,
            "epochs": asked.epochs,
            "data": asked.data and str(asked.data),
            "versions": {name: version(name) for name in ("jax", "optax", "statsmodels")},
            "facts": self.facts,
            "published": self.published,
            **self.comparison.to_json(),
        }

    def write_json(self, path: str | Path) -> Path:
        """Write :meth:`to_json`, whole or not at all."""
        return write_json(path, self.to_json())

    def report(self, path: str | Path) -> Path:
        """Write the page of the study."""
        facts = {name: _in_words(value) for name, value in self.facts.items()}
        return self.comparison.report(path, self.title, {**facts, "published test figures": self.published_in_words})


@dataclass(frozen=True)
class Study:
    """A published experiment.

    Attributes
    ----------
    run
        Runs it as requested.
    editions
        Editions of the source that it can follow.
    """

    name: str
    summary: str
    run: Callable[[Request], StudyResult]
    editions: tuple[int, ...] = (1,)

    def __call__(self, request: Request) -> StudyResult:
        """Run the study, or say what of the request is not allowed."""
        for given, allowed, what in (
            (request.protocol, ("honest", "published"), "protocol"),
            (request.edition, self.editions, "edition"),
        ):
            if given not in allowed:
                raise OptionError(f"study {self.name}: {what} {given!r} is unknown; {nearest(given, allowed)}")
        return self.run(request)


def _in_words(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return " × ".join(f"{item:,}" for item in value)
    return f"{value:,}" if isinstance(value, int) else str(value)
