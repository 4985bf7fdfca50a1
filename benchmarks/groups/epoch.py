"""Whole epochs: the published GRU over 25,000 reviews; a million windows, their time and memory."""

from __future__ import annotations

from dataclasses import replace

from frame.bench import Bench
from frame.row import Row
from frame.section import Section, measured
from jobs.epoch import FILE, Epoch
from jobs.model import MODELS
from paths.table import TORCH

__all__ = ["REVIEWS", "run"]

STEPS = 782
"""Of an epoch of 25,000 reviews in batches of 32."""

REVIEWS = Row(
    "IMDB: embedding 20,000 × 100, GRU 32, batch 32, 100 tokens", replace(MODELS["imdb"], steps=100),
    ("ours", *TORCH, "keras"),
    note="Ours as `TextClassifier.fit` trains it. Words are drawn by Zipf's law; every review has 100, so nobody reads "
    "padding. "
    "torch has no recurrent dropout on a CPU and runs without, which favours it; its GRU resets after the "
    "product, which is another network: outputs are compared with Keras alone.",
)  # fmt: skip
"""A part of the epoch that took its source 116 s."""


def run(bench: Bench, quick: bool) -> Section:
    """Measure the epoch of reviews; then the step on drawn data, and the epoch over windows in a new process."""
    section = Section("Whole epochs")
    if quick:
        section.say("Not measured: --quick.\n")
        return section
    section.say(f"100 of the {STEPS} steps of an epoch, in turn; the time of one of them.\n")
    (reviews,) = measured(section, bench, "published GRU", [REVIEWS])
    told = ", ".join(f"{label} {figure * STEPS:.1f} s" for label, figure in reviews.by_label().items())
    section.say(f"{STEPS} such steps: {told}; the source needed 116 s for its epoch.\n")
    bench.rest()
    job = Epoch()
    if job.file() is None:
        section.say(f"An epoch over a million windows is not measured: PENSTOCK_DATA names no folder with {FILE}.\n")
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
