"""One epoch of the S&P 500 model: Penstock's compiled epoch beside the same model and loop in torch.

LSTM(20), window 63, batch 20, 1,950 samples, RMSprop, MSE. The peers run in turn in ONE process on the same data from
the same initial weights; their outputs are compared before anything is timed. Ratios travel from machine to machine;
times do not.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import torch

import penstock as ps
from penstock.data.frames import read_panel
from penstock.data.scaling import fit_scaling
from penstock.networks.inputs import Inputs
from penstock.training.epoch import begin, compiled_epoch, member_keys
from penstock.training.forward import forward
from penstock.training.plan import Plan
from penstock.training.samples import Samples, Source

UNITS, WINDOW, BATCH, ROUNDS = 20, 63, 20, 9


class TorchModel(torch.nn.Module):
    """The same network in torch."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(1, UNITS, batch_first=True)
        self.dense = torch.nn.Linear(UNITS, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Read the last step."""
        return self.dense(self.lstm(x)[0][:, -1])


def torch_twin(weights: object) -> TorchModel:
    """Copy Penstock's weights of one member into torch; both order the gates i, f, g, o."""
    W, U, b, Wd, bd = (torch.tensor(np.asarray(leaf[0])) for leaf in jax.tree.leaves(weights))
    model = TorchModel()
    with torch.no_grad():
        model.lstm.weight_ih_l0.copy_(W.T)
        model.lstm.weight_hh_l0.copy_(U.T)
        model.lstm.bias_ih_l0.copy_(b)
        model.lstm.bias_hh_l0.zero_()
        model.dense.weight.copy_(Wd.T)
        model.dense.bias.copy_(bd)
    return model


def torch_epoch(model: TorchModel, x: torch.Tensor, y: torch.Tensor) -> Callable[[], float]:
    """Make a torch epoch: shuffle, batches, forward, backward, RMSprop."""
    optimizer = torch.optim.RMSprop(model.parameters(), lr=0.001, alpha=0.9, eps=1e-8)

    def epoch() -> float:
        for rows in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
        return loss.item()

    return epoch


def main() -> None:
    """Measure, print a Markdown table, and write the figures where the first argument says."""
    panel, _ = read_panel(ps.datasets.sp500(start="2010-01-04", end="2018-12-31"))
    y = fit_scaling("minmax", panel).forward(panel.y, np.zeros(panel.rows, dtype=int))
    starts = np.arange(1950)
    network, plan = ps.Network([ps.LSTM(UNITS)]), Plan(batch=BATCH, patience=None)
    samples = Samples.of(Source.of(y[:, None]), y, starts, starts[:0])
    learning = begin(network, plan, Inputs(), 1)(member_keys(0, 1))
    model = torch_twin(learning.weights)

    x = torch.tensor(np.stack([y[s : s + WINDOW] for s in starts]), dtype=torch.float32)[..., None]
    target = torch.tensor(y[starts + WINDOW], dtype=torch.float32)[:, None]
    ours = forward(network, learning.weights, Source.of(y[:, None]), starts, WINDOW, 1)[0]
    apart = float(np.abs(ours - model(x).detach().numpy()).max())
    assert apart < 1e-5, f"the outputs differ by {apart}"

    epoch = compiled_epoch(network, plan, Inputs(), 1, WINDOW, 1)

    def penstock_epoch() -> float:
        nonlocal learning
        learning, loss, _ = epoch(learning, samples)
        return float(loss[0])

    run_torch = torch_epoch(model, x, target)
    runners: dict[str, tuple[Callable[[], float], int]] = {
        "penstock": (penstock_epoch, 0), "torch, 1 thread": (run_torch, 1), "torch, 2 threads": (run_torch, 2),
    }  # fmt: skip
    times: dict[str, list[float]] = {name: [] for name in runners}
    for turn in range(ROUNDS + 1):
        for name, (run, threads) in runners.items():
            if threads:
                torch.set_num_threads(threads)
            began = time.perf_counter()
            run()
            if turn:  # the first turn compiles and warms up
                times[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    steps = -(-len(starts) // BATCH)
    print(f"Outputs agree to {apart:.1e}. Medians of {ROUNDS} epochs of {steps} steps, in turn.\n")
    print("| epoch | ms | ms a step | torch's time over it |\n|---|---|---|---|")
    best = min(seconds for name, seconds in medians.items() if name.startswith("torch"))
    for name, seconds in medians.items():
        print(f"| {name} | {seconds * 1e3:.0f} | {seconds / steps * 1e3:.2f} | {best / seconds:.2f} |")
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps({"seconds": medians, "apart": apart, "steps": steps}, indent=1))


if __name__ == "__main__":
    main()
