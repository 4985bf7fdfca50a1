"""One row at a time: the forecast after each."""

from __future__ import annotations

from frame.bench import Bench
from frame.row import Row
from frame.section import Section, measured
from jobs.tick import Tick

__all__ = ["ROWS", "run"]

PATHS = ("ours", "scan", "torch-1", "onnx")
ROWS = [
    Row("LSTM 16, stateful", Tick(16, 63, stateful=True), PATHS),
    *(Row(f"LSTM {units}, window {window}", Tick(units, window), PATHS) for units, window in ((16, 63), (64, 63))),
]


def run(bench: Bench, quick: bool) -> Section:
    """Measure."""
    section = Section("Streams")
    section.say(
        "A row comes and the forecast after it is wanted, from Python: one step from the state that is carried, or the "
        "last `window` rows read anew. Ours is `stream.push`; the column of `lax.scan` is a jitted call of JAX a row, "
        "and the others call the layer and the readout once a row, on one thread.\n"
    )
    measured(section, bench, "tick", ROWS[:2] if quick else ROWS)
    return section
