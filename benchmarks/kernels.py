"""Training steps of single recurrent layers: ours, `lax.scan` and torch, in turn in one run.

Usage: python benchmarks/kernels.py [--peer PYTHON] [--rounds N]

PYTHON is the interpreter of an environment with benchmarks/kernels-requirements.txt; without it torch
is left out. A step is forward, backward and Adam on a last-state linear head. Each path runs in a
process of its own, the paths take turns round by round, and a row shows the smallest median of a
round: on a busy machine the least disturbed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

ROWS = {  # cell, units, inputs, batch, window, members
    "S&P: LSTM 20, batch 20, window 63": ("lstm", 20, 1, 20, 63, 0),
    "NYSE: RNN 12, batch 64, window 5": ("rnn", 12, 3, 64, 5, 0),
    "GRU 32 on 100, batch 32, window 100": ("gru", 32, 100, 32, 100, 0),
    "LSTM 64 on 64, batch 64, window 100": ("lstm", 64, 64, 64, 100, 0),
    "20 members of the S&P model": ("lstm", 20, 1, 20, 63, 20),
}
GATES = {"lstm": 4, "gru": 3, "rnn": 1}


def ours(cell: str, H: int, I: int, B: int, T: int, members: int, seconds: float) -> float:  # noqa: E741
    """Time a training step of ours, or of each member."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    import optax

    from penstock import kernels

    rng = np.random.default_rng(0)

    def normal(*shape: int):
        return jnp.asarray(rng.normal(size=shape) * 0.2, jnp.float32)

    weights = [normal(I, GATES[cell] * H), normal(H, GATES[cell] * H), normal(GATES[cell] * H)]
    weights += [normal(GATES[cell] * H)] if cell == "gru" else []
    params = (weights, normal(H, 1), normal(1))
    x, y, zero = normal(B, T, I), normal(B, 1), jnp.zeros((B, H), jnp.float32)

    def loss(params):
        weights, V, d = params
        if cell == "lstm":
            h = kernels.lstm(x, zero, zero, *weights, sequence=False)[1][0]
        else:
            h = getattr(kernels, cell)(x, zero, *weights, sequence=False)[1]
        return jnp.mean((h @ V + d - y) ** 2)

    gradient = jax.grad(loss)
    if members:
        params = jax.tree.map(lambda a: jnp.stack([a] * members), params)
        gradient = jax.vmap(gradient)
    optimizer = optax.adam(1e-3)
    steps = 20

    @jax.jit
    def epoch(carry):
        def step(carry, _):
            params, state = carry
            updates, state = optimizer.update(gradient(params), state)
            return (optax.apply_updates(params, updates), state), None

        return jax.lax.scan(step, carry, None, length=steps)[0]

    carry = (params, optimizer.init(params))
    return measure(lambda: jax.block_until_ready(epoch(carry)), seconds) / steps / max(members, 1)


def torch_step(cell: str, H: int, I: int, B: int, T: int, _members: int, seconds: float) -> float:  # noqa: E741
    """Time a training step of torch."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[cell](I, H, batch_first=True)
    head = torch.nn.Linear(H, 1)
    optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], fused=True)
    x, y = torch.randn(B, T, I), torch.randn(B, 1)

    def step() -> None:
        optimizer.zero_grad()
        ((head(layer(x)[0][:, -1]) - y) ** 2).mean().backward()
        optimizer.step()

    return measure(step, seconds)


def measure(call, seconds: float) -> float:
    """Take the median time of a call."""
    for _ in range(3):
        call()
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.7)
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        path, row = options.run
        print(json.dumps((torch_step if path.startswith("torch") else ours)(*ROWS[row], options.seconds)))
        return

    paths = {"native": (sys.executable, {"PENSTOCK_KERNELS": "native"})}
    paths["scan"] = (sys.executable, {"PENSTOCK_KERNELS": "scan"})
    if options.peer:
        paths |= {f"torch {n}": (options.peer, {"OMP_NUM_THREADS": str(n)}) for n in (1, 2)}
    print("| training step | native, ms | " + " | ".join(f"{p}, ms (ratio)" for p in list(paths)[1:]) + " |")
    print("|---" * (len(paths) + 1) + "|")
    for row in ROWS:
        best: dict[str, float] = {}
        for _ in range(options.rounds):
            for path, (python, environment) in paths.items():
                command = [python, __file__, "--seconds", str(options.seconds), "--run", path, row]
                done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
                best[path] = min(best.get(path, float("inf")), json.loads(done.stdout))
        native = best.pop("native")
        others = " | ".join(f"{t * 1e3:.3f} ({t / native:.1f})" for t in best.values())
        print(f"| {row} | {native * 1e3:.4f} | {others} |", flush=True)


if __name__ == "__main__":
    main()
