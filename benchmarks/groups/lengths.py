"""Padded sequences, and what a step of padding costs."""

from __future__ import annotations

from frame.bench import Bench
from frame.row import Row
from frame.section import Section, measured
from groups.layers import NAMES
from jobs.layer import Layer
from paths.table import EVERY

__all__ = ["run"]


def run(bench: Bench, quick: bool) -> Section:
    """Measure full sequences, then the same layer where half of the steps are padding."""
    section = Section("Lengths")
    section.say("Batch 32, window 100, lengths from 1 to 100. torch packs padded sequences, Keras masks them.\n")
    shares: list[tuple[str, str, float]] = []
    for cell, units, inputs in (("lstm", 32, 32), ("gru_after", 32, 100))[1 if quick else 0 :]:
        name = f"{NAMES[cell]} {units} on {inputs}"
        rows = [
            Row(f"{name}, full", Layer(cell, units, inputs), EVERY),
            Row(f"{name}, half padded", Layer(cell, units, inputs, padded=0.5), EVERY),
        ]
        full, half = measured(section, bench, "layer", rows)
        shares += [(name, label, times / full.by_label()[label]) for label, times in half.by_label().items()]
    section.say("| layer | path | cost of half-padded sequences over full ones |\n|---|---|---|")
    for name, label, share in shares:
        section.say(f"| {name} | {label} | {share:.2f} |")
    section.say()
    return section
