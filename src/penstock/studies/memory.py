"""memory: how many steps back each kind of cell can learn from, and the gradients that say why."""

from __future__ import annotations

from typing import Any

import numpy as np

from penstock.report.lines import Curves, curves_picture
from penstock.report.svg import Picture
from penstock.report.table import Table
from penstock.studies.figures import Figure
from penstock.studies.memory_tasks import EPOCHS, LAYERS, PATIENCE, TASKS, TEST, Found, Learned, learn
from penstock.studies.result import StudyResult
from penstock.studies.study import Request

__all__ = ["laid_out", "run"]

STEPS = (10, 50, 100, 200, 500)
SOLVED = {"adding": 0.01, "copying": 0.99}
_LEAST = 1e-12  # what a logarithmic axis shows of nothing


def run(request: Request) -> StudyResult:
    """Try every cell on both tasks at every length."""
    lengths = [steps for steps in STEPS if steps <= request.options.longest]
    found = {
        (name, cell, steps): learn(task, layer, steps, request)
        for name, task in TASKS.items()
        for steps in lengths
        for cell, layer in LAYERS.items()
    }
    return laid_out(request, found)


def laid_out(request: Request, found: Found) -> StudyResult:
    """Say what came of it, in tables, sentences and pictures."""
    lengths = sorted({steps for _, _, steps in found})
    shown = min(200, lengths[-1])
    facts = {
        "training sequences": request.options.samples,
        "for validation": request.options.samples // 10,
        "test sequences": TEST,
        "optimiser": "Adam, step .005, batches of 50, gradients clipped at a norm of 1",
        "epochs, at most": request.epochs or EPOCHS,
        "epochs without a lower validation error that end training": PATIENCE,
        **{f"validation error that ends training, {name}": task.target_loss for name, task in TASKS.items()},
        "members": request.networks,
        **{f"parameters, adding, {cell}": found["adding", cell, lengths[0]].parameters for cell in LAYERS},
    }
    return StudyResult(
        "memory",
        request,
        facts,
        [_figure(found, cell, shown) for cell in LAYERS],
        [*(_table(found, name, lengths) for name in TASKS), _reach_table(found, shown), _epochs_table(found, lengths)],
        _verdict(found, lengths),
        notes=[
            "The gradient of the answer with respect to an early input is a product of one Jacobian for every step "
            "between. Where it has shrunk to nothing, no training can find out that the early input mattered; where it "
            "survives, it can. The pictures show it before the first step of training and after the last.",
            "The echo state's own weights are random and stay so; its readout is solved for by ridge regression.",
        ],
        draw=lambda: [
            *(_scores(found, name, lengths) for name in TASKS),
            *(_reaches(found, name, shown) for name in TASKS),
        ],
    )


def _solved(name: str, learned: Learned) -> bool:
    if TASKS[name].score == "MSE":
        return learned.score < SOLVED[name]
    return learned.score >= SOLVED[name]


def _figure(found: Found, cell: str, steps: int) -> Figure:
    learned = found["adding", cell, steps]
    low, high = (min(learned.scores), max(learned.scores)) if len(learned.scores) > 1 else (None, None)
    name = f"{cell}: adding at {steps} steps, MSE"
    return Figure(name, None, learned.score, low, high, "the mean sum", TASKS["adding"].without)


def _table(found: Found, name: str, lengths: list[int]) -> Table:
    task = TASKS[name]
    rows: list[dict[str, Any]] = [
        {"cell": cell, **{f"{steps} steps": found[name, cell, steps].score for steps in lengths}} for cell in LAYERS
    ]
    rows.append({"cell": "without memory", **{f"{steps} steps": task.without for steps in lengths}})
    limit = f"below {SOLVED[name]:g}" if task.score == "MSE" else f"from {SOLVED[name]:.0%} on"
    return Table(
        f"{name.capitalize()}: {task.score}",
        {"cell": "", **{f"{steps} steps": task.form for steps in lengths}},
        rows,
        [f"On {TEST:,} fresh sequences; the median of the members. Solved {limit}."],
    )


def _reach_table(found: Found, steps: int) -> Table:
    places = [back for back in (1, 10, 50, 100, steps - 1) if back < steps]
    rows = [
        {
            "cell": cell,
            "weights": when,
            **{f"{back} back": getattr(found["adding", cell, steps], when)[-1 - back] for back in places},
        }
        for cell in LAYERS
        for when in ("before", "after")
    ]
    return Table(
        f"Adding, {steps} steps: the gradient that comes back",
        {"cell": "", "weights": "", **{f"{back} back": ".1e" for back in places}},
        rows,
        ["‖∂y/∂x‖ so many steps before the last, root mean square over 100 sequences, before and after training."],
    )


def _epochs_table(found: Found, lengths: list[int]) -> Table:
    rows = [
        {
            "task": name,
            "cell": cell,
            **{f"{steps} steps": int(np.median(found[name, cell, steps].epochs)) for steps in lengths},
        }
        for name in TASKS
        for cell in LAYERS
        if found[name, cell, lengths[0]].epochs
    ]
    return Table(
        "Epochs trained",
        {"task": "", "cell": "", **{f"{steps} steps": "" for steps in lengths}},
        rows,
        ["The median of the members. Training ends where the validation sequences are solved, or no longer improve."],
    )


def _verdict(found: Found, lengths: list[int]) -> list[str]:
    said = []
    for name in TASKS:
        parts = []
        for cell in LAYERS:
            solved = [steps for steps in lengths if _solved(name, found[name, cell, steps])]
            parts.append(f"{cell} up to {max(solved)} steps" if solved else f"{cell} at no length")
        said.append(f"{name.capitalize()} is solved by: {', '.join(parts)}.")
    return said


def _scores(found: Found, name: str, lengths: list[int]) -> Picture:
    task = TASKS[name]
    lines = {cell: (lengths, [found[name, cell, steps].score for steps in lengths]) for cell in LAYERS}
    lines["without memory"] = (lengths, [task.without] * len(lengths))
    curves = Curves(lines, "steps", task.score, log="xy" if task.score == "MSE" else "x", style="o-")
    caption = f"The score on fresh sequences ({task.score})."
    return curves_picture(f"{name.capitalize()}: who still learns", caption, curves, height=3.0)


def _reaches(found: Found, name: str, steps: int) -> Picture:
    def panel(when: str) -> Curves:
        reaches = {cell: np.maximum(getattr(found[name, cell, steps], when), _LEAST) for cell in LAYERS}
        lines = {cell: (np.arange(steps)[::-1], reach) for cell, reach in reaches.items()}
        return Curves(lines, f"steps back, {when} training", "norm of the gradient", log="y")

    title = f"{name.capitalize()}, {steps} steps: gradients back through time"
    caption = (
        "‖∂y/∂x‖ against the steps back from the last, root mean square over 100 sequences. A straight line down means "
        "that each step multiplies the gradient by the same factor below one."
    )
    return curves_picture(title, caption, [panel("before"), panel("after")], height=3.4, narrow_height=5.6)
