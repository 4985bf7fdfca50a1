"""Walking forward: refits and members together, compilation included."""

from __future__ import annotations

from frame.bench import Bench
from frame.row import Row
from frame.section import Section, measured
from jobs.walk import WalkForward

__all__ = ["run"]


def run(bench: Bench, quick: bool) -> Section:
    """Measure the first walk of a process."""
    section = Section("Walking forward")
    section.say(
        "An LSTM of 16 units, window 24, batch 32, 36 steps a fit, fitted afresh at every refit, in 5 members; from a "
        "frame to scored forecasts in the first call of a process, compilation included; imports are not counted.\n"
    )
    walk = WalkForward(refits=12) if quick else WalkForward()
    paths = ("ours", "torch-1") if quick else ("ours", "torch-1", "torch-2")
    row = Row(f"{walk.refits} refits of {walk.members} members", walk, paths, fresh=True, rounds=1)
    measured(section, bench, "walk forward", [row])
    return section
