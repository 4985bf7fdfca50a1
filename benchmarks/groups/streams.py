"""One row at a time: the forecast after each."""

from __future__ import annotations

from frame.bench import Bench
from frame.row import Row
from frame.section import Section, measured
from jobs.tick import Tick

__all__ = ["ROWS", "run"]

PATHS = ("ours", "scan", "torch-1")
ROWS = [Row(f"LSTM {units}, window {window}", Tick(units, window), PATHS) for units, window in ((16, 63), (64, 63))]


def run(bench: Bench, quick: bool) -> Section:
    """Measure."""
    section = Section("Streams")
    section.say(
        "A row comes and the forecast after it is wanted, from Python; the last `window` rows are read. Ours is "
        "`stream.push`; the column of `lax.scan` is one jitted call of JAX a row.\n"
    )
    measured(section, bench, "tick", ROWS[:1] if quick else ROWS)
    return section
