"""Whole training steps of the studies' models."""

from __future__ import annotations

from frame.bench import Bench
from frame.row import Row
from frame.section import Section, measured
from jobs.model import MODELS
from paths.table import EVERY

__all__ = ["ROWS", "run"]

_NO_RECURRENT = "torch has no recurrent dropout on a CPU and runs without, which favours it."

ROWS = [
    Row("S&P: LSTM 20, batch 20, window 63, RMSprop", MODELS["sp500"], EVERY),
    Row("NYSE: RNN 12 on 3, batch 64, window 5, RMSprop", MODELS["nyse"], EVERY),
    Row("stocks: LSTM 25 → LSTM 10, embedding 2,489 × 10, dense, batch 32, window 52, Adam", MODELS["stocks"], EVERY),
    Row("macro: LSTM 12 → LSTM 6 on 2, batch 20, window 24, RMSprop", MODELS["macro"], EVERY, note=_NO_RECURRENT),
    Row(
        "IMDB: embedding 20,000 × 100, GRU 32, batch 32, window 100, RMSprop", MODELS["imdb"], EVERY,
        note=_NO_RECURRENT + " Its GRU resets after the product, which is another network: outputs are not compared.",
    ),
]  # fmt: skip


def run(bench: Bench, quick: bool) -> Section:
    """Measure."""
    section = Section("Training steps")
    section.say(
        "A step within an epoch: shuffle, gather a batch, forward, dropout where the study has it, backward, update.\n"
    )
    measured(section, bench, "training step", ROWS[::4] if quick else ROWS)
    return section
