"""Ensembles: the S&P model trained many times side by side."""

from __future__ import annotations

from dataclasses import replace

from frame.bench import Bench
from frame.row import Row
from frame.section import Section, measured
from jobs.model import MODELS
from paths.table import TORCH

__all__ = ["run"]


def run(bench: Bench, quick: bool) -> Section:
    """Measure."""
    section = Section("Members")
    section.say("The S&P model, time of a step per member; the peers train one model at a time.\n")
    single = MODELS["sp500"]
    rows = []
    for members in (20,) if quick else (1, 8, 20, 64):
        many = replace(single, members=members, steps=single.steps if members < 20 else 20)
        peers = dict.fromkeys((*TORCH, "keras"), single)
        rows.append(
            Row(
                f"{members} member{'s' if members > 1 else ''}", many, ("ours", "scan", *TORCH, "keras"),
                jobs=peers, per={"ours": members, "scan": members}, tolerance=None if members > 1 else 1e-3,
            )
        )  # fmt: skip
    measured(section, bench, "S&P model, per member", rows)
    return section
