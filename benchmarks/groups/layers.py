"""Single layers, forward and backward, over widths, batches and windows."""

from __future__ import annotations

from frame.bench import Bench
from frame.row import Row
from frame.section import Section, measured
from jobs.layer import Layer
from paths.table import EVERY

__all__ = ["run", "sweep"]

UNITS = (4, 8, 16, 20, 32, 64, 128, 256)  # --quick takes every fourth
BATCHES = (1, 4, 16, 64, 256)
WINDOWS = (5, 20, 50, 250, 500)
NAMES = {"lstm": "LSTM", "gru_after": "GRU (reset after)", "gru_before": "GRU (reset before)", "rnn": "RNN"}


def sweep(cell: str, quick: bool) -> list[Row]:
    """Give a cell's rows: inputs as wide as the state; batch 32, window 100 and 20 units where they do not vary."""
    each = 4 if quick else 1
    jobs = [Layer(cell, units, units) for units in UNITS[::each]]
    jobs += [Layer(cell, 20, 20, batch=batch) for batch in BATCHES[::each]]
    jobs += [Layer(cell, 20, 20, window=window) for window in WINDOWS[::each]]
    return [Row(f"H {p.units}, batch {p.batch}, window {p.window}", p, EVERY) for p in jobs]


def run(bench: Bench, quick: bool) -> Section:
    """Measure."""
    section = Section("Layers alone")
    section.say(
        "One call: the whole sequence forward, and back to weights and inputs. Ours, `lax.scan` and Keras-JAX are one "
        "compiled call each, from Python, so the smallest rows hold the cost of that call.\n"
    )
    for cell in ("lstm",) if quick else ("lstm", "gru_after"):
        measured(section, bench, f"{NAMES[cell]}, inputs as wide", sweep(cell, quick))
    wide = [
        Row("GRU 32 on 100, reset after", Layer("gru_after", 32, 100), EVERY),
        Row(
            "GRU 32 on 100, reset before", Layer("gru_before", 32, 100), EVERY,
            note="torch has no such GRU; its column shows its own, which resets after the product.",
        ),
    ]  # fmt: skip
    measured(section, bench, "batch 32, window 100", wide[1 if quick else 0 :])
    return section
