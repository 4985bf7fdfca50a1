"""What came of a study: facts, figures beside the source's, tables, a verdict, pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.files import jsonable, write_json
from penstock.report.numbers import show
from penstock.report.page import Page, Reported
from penstock.report.table import Table
from penstock.studies.figures import Figure, figures_table
from penstock.version import __version__

if TYPE_CHECKING:
    from penstock.evaluation.comparison import Comparison
    from penstock.report.svg import Picture
    from penstock.studies.study import Request

__all__ = ["StudyResult"]


@dataclass(frozen=True, eq=False)
class StudyResult(Reported):
    """What came of a study.

    Attributes
    ----------
    study, request
        Name of the study, and what was asked of it.
    facts
        Rows, shapes, sizes of the split, parameters: what can be checked against the source to the digit.
    figures
        The source's figures beside ours; the first is the one that a summary shows.
    tables
        The tables, the most important first.
    verdict
        What came of it, in sentences.
    leaks
        What leaks under this protocol, in sentences.
    notes
        More for the reader, in sentences.
    draw
        Draws the pictures; called only where they are wanted.
    comparison
        The comparison of series, where the study is one.
    more
        More for :meth:`to_json`.
    """

    study: str
    request: Request
    facts: dict[str, Any]
    figures: Sequence[Figure]
    tables: Sequence[Table]
    verdict: Sequence[str]
    leaks: Sequence[str] = ()
    notes: Sequence[str] = ()
    draw: Callable[[], Sequence[Picture]] | None = None
    comparison: Comparison | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Name the study, its edition, its protocol and its options."""
        asked = self.request
        options = "".join(f", {_told(name.replace('_', ' '), value)}" for name, value in asked.changed.items())
        cut = f", at most {asked.epochs} epochs" if asked.epochs else ""
        return f"{self.study}, edition {asked.edition}, {asked.protocol} protocol{options}{cut}"

    @property
    def stem(self) -> str:
        """Name of the result's files, without their endings."""
        return self.request.stem(self.study)

    def figure(self, name: str) -> Figure:
        """Find a figure by its name."""
        return next(each for each in self.figures if each.name == name)

    def to_json(self) -> dict[str, Any]:
        """Give everything a reader needs to check the result."""
        asked = self.request
        return {
            "penstock": __version__,
            "study": self.study,
            "title": self.title,
            "protocol": asked.protocol,
            "edition": asked.edition,
            "seed": asked.seed,
            "members": asked.members,
            "epochs": asked.epochs,
            "data": asked.data and str(asked.data),
            "options": jsonable(asked.given),
            "versions": {name: version(name) for name in ("jax", "optax", "scikit-learn", "statsmodels")},
            "facts": jsonable(self.facts),
            "figures": [figure.to_json() for figure in self.figures],
            "leaks": list(self.leaks),
            "tables": [table.to_json() for table in self.tables],
            "verdict": list(self.verdict),
            "notes": list(self.notes),
            **({"comparison": self.comparison.to_json()} if self.comparison is not None else {}),
            **jsonable(self.more),
        }

    def write_json(self, path: str | Path) -> Path:
        """Write :meth:`to_json`, whole or not at all."""
        return write_json(path, self.to_json())

    def pictures(self) -> list[Picture]:
        """Draw the pictures."""
        return list(self.draw()) if self.draw is not None else []

    def page(self) -> Page:
        """Lay the result out: verdict, leaks, tables, facts, pictures."""
        figures = [figures_table(self.figures)] if self.figures else []
        settings = {} if self.comparison is None else self.comparison.settings()
        return Page(
            title=self.title,
            lead=[*self.verdict, *self.notes],
            tables=[*self.tables[:1], *figures, *self.tables[1:]],
            warnings=list(self.leaks),
            facts={
                **{name: show(value) for name, value in self.facts.items()},
                **settings,
            },
            pictures=self.pictures(),
        )


def _told(name: str, value: Any) -> str:
    """Write an option in words: a switch as with or without what it names."""
    return f"{'with' if value else 'without'} {name}" if isinstance(value, bool) else f"{name} {value}"
