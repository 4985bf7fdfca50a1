"""Whole fits, compilation included."""

from __future__ import annotations

from frame.bench import Bench
from frame.row import Row
from frame.section import Section, measured
from jobs.fit import Fit

__all__ = ["run"]


def run(bench: Bench, quick: bool) -> Section:
    """Measure the first fit of a process, and a fit after it."""
    section = Section("Whole fits")
    section.say("The S&P model, 10 epochs of 98 steps, from a frame to a fitted model; imports are not counted.\n")
    paths = ("ours", "scan", "torch-1", "torch-2", "keras", "neuralforecast")
    paths = tuple(path for path in paths if path not in ("scan", "torch-2")) if quick else paths
    rows = [Row("first fit of a process, compilation included", Fit(), paths, fresh=True, rounds=1 if quick else 2)]
    if not quick:
        rows.append(Row("a fit after it", Fit(), paths, rounds=2))
    measured(section, bench, "10 epochs", rows)
    return section
