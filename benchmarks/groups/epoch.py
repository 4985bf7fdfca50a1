"""An epoch over a million windows: time against what the step predicts, and memory."""

from __future__ import annotations

from dataclasses import replace

from frame.bench import Bench
from frame.row import Row
from frame.section import Section, measured
from jobs.epoch import FILE, Epoch
from jobs.model import MODELS

__all__ = ["run"]


def run(bench: Bench, quick: bool) -> Section:
    """Measure the step on drawn data, then the epoch in a new process."""
    section = Section("An epoch over a million windows")
    job = Epoch()
    if quick or job.file() is None:
        section.say(f"Not measured: {'--quick' if quick else f'PENSTOCK_DATA names no folder with {FILE}'}.\n")
        return section
    tickers = replace(MODELS["stocks"], category=(2698, 10))
    (step,) = measured(section, bench, "training step", [Row("stocks model, 2,698 tickers", tickers, ("ours",))])
    bench.rest()
    row = Row("epoch of the stocks model", job, ("ours",), fresh=True, rounds=1)
    (epoch,) = measured(section, bench, "weekly returns, 2008 to 2016", [row])
    if "ours" in step.times and "ours" in epoch.times:
        steps = epoch.facts["ours"]["windows"] / job.model.batch
        predicted = step.times["ours"].figure * steps
        taken = epoch.times["ours"].figure
        section.say(f"{steps:,.0f} steps: {taken:.1f} s; the step above predicts {predicted:.1f} s.\n")
    return section
