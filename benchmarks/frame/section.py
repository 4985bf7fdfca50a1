"""A part of the page: a title, a table or several, and what a reader must know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from frame.bench import Bench, Figures
from frame.row import Row
from frame.table import header, labels, line, notes

__all__ = ["Section", "measured"]


@dataclass
class Section:
    """Markdown lines, and the same as data for JSON."""

    title: str
    lines: list[str] = field(default_factory=list)
    data: list[dict[str, Any]] = field(default_factory=list)
    failed: bool = False

    def say(self, text: str = "") -> None:
        """Add a line, and show it at once."""
        self.lines.append(text)
        print(text, flush=True)


def measured(section: Section, bench: Bench, name: str, rows: Sequence[Row]) -> list[Figures]:
    """Measure rows into a section, showing each when it is done; `name` heads the first column."""
    columns = labels(rows)
    section.say(header(name, columns))
    every = []
    for row in rows:
        figures = bench.measure(row)
        every.append(figures)
        section.say(line(figures, columns))
        section.data.append(as_data(figures))
        section.failed |= bool(figures.failed)
    section.say()
    _say_all(section, notes(every))
    return every


def _say_all(section: Section, lines: Iterable[str]) -> None:
    lines = list(lines)
    for text in lines:
        section.say(text)
    if lines:
        section.say()


def as_data(figures: Figures) -> dict[str, Any]:
    """Give everything that was measured of a row."""
    row = figures.row
    paths = {}
    for path, times in figures.times.items():
        ways = [times, *figures.slower[path]]
        paths[path] = [
            {"way": way.way, "seconds": way.figure, "minimum": way.minimum, "rounds": [asdict(r) for r in way.rounds]}
            for way in ways
        ]
    return {
        "row": row.name,
        "job": asdict(row.job),  # type: ignore[call-overload]
        "paths": paths,
        "best peer": figures.best_peer,
        "ratio to best peer": figures.ratio(figures.best_peer),
        "apart": {path: {"relative": apart, "where": where} for path, (apart, where) in figures.apart.items()},
        "failed": figures.failed,
        "facts": figures.facts,
        "load average": figures.load,
        "note": row.note,
        "took": figures.seconds,
    }
