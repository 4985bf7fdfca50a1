"""Figures as Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from frame.bench import Figures
from frame.row import Row
from paths.table import PATHS

__all__ = ["header", "labels", "line", "notes"]


def labels(rows: Iterable[Row]) -> list[str]:
    """Give the columns of the paths, each once, in their order."""
    return list(dict.fromkeys(PATHS[path].label for row in rows for path in row.paths))


def header(title: str, columns: list[str]) -> str:
    """Give the head of a table, in milliseconds."""
    first, *others = columns
    cells = [title, f"{first}, ms", *(f"{label} (ratio)" for label in others)]
    if others:
        cells.append("best peer")
    return f"| {' | '.join(cells)} |\n|{'---|' * len(cells)}"


def line(figures: Figures, columns: list[str]) -> str:
    """Give a row: the first path's time, the others' with their ratio to it, and the smallest ratio."""
    times = figures.by_label()
    failed = {PATHS[path].label: "failed" for path in figures.failed}
    cells = [figures.row.name]
    for label in columns:
        if label not in times:
            cells.append(failed.get(label, "–"))
            continue
        over = times[label] / times[columns[0]] if columns[0] in times else None
        cells.append(_milliseconds(times[label]) + ("" if label == columns[0] else f" ({_ratio(over)})"))
    if len(columns) > 1:
        cells.append(f"**{_ratio(figures.ratio(figures.best_peer))}**")
    return f"| {' | '.join(cells)} |"


def notes(figures: Iterable[Figures]) -> list[str]:
    """Say what a reader must know of the rows: their notes, failures, facts."""
    lines = []
    for each in figures:
        said = [each.row.note] if each.row.note else []
        said += [f"{PATHS[path].label} failed: {why}." for path, why in each.failed.items()]
        for path, facts in each.facts.items():
            said.append(
                f"{PATHS[path].label}: " + ", ".join(f"{name} {value:.4g}" for name, value in facts.items()) + "."
            )
        if said:
            lines.append(f"- {each.row.name}: {' '.join(said)}")
    return lines


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _milliseconds(seconds: float) -> str:
    """Give three significant figures.

    Examples
    --------
    >>> _milliseconds(0.000025244), _milliseconds(0.0124), _milliseconds(1.5)
    ('0.0252', '12.4', '1,500')
    """
    value = seconds * 1e3
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else (
        f"{value:.3f}" if value >= 0.1 else f"{value:.4f}"
    )  # fmt: skip
