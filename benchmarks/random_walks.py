"""How often a search is said to beat the last value where it does not: on random walks, and where the two are equal.

    python benchmarks/random_walks.py [--series 200] [--momentum 0 0.1]

A fitted model adds the noise of its estimates to a forecast that is best as it is, so on a random walk its expected
loss is larger than the last value's: the null of the Diebold-Mariano test, equal losses, is wrong on one side, and
"beats at 5 %" must be rarer than the 2.5 % that a two-sided test at 5 % allows there. With some momentum (each step
is a share of the last one, plus noise) what the model finds makes up for the noise of its estimates; there the two
are equal, and so they are for twins: the last value plus noise, twice. Clark and West's statistic takes the noise of
the larger model out of its loss: it asks whether there is anything to find, not whether the forecasts are better.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from scipy import stats

import penstock as ps
from penstock.evaluation.significance import diebold_mariano

TEST, ROWS = 100, 400


def walk(seed: int, momentum: float) -> pd.DataFrame:
    """Draw a walk whose steps each hold a share of the one before."""
    steps = np.random.default_rng(seed).normal(size=ROWS)
    for row in range(1, ROWS):
        steps[row] += momentum * steps[row - 1]
    return pd.DataFrame({"ds": range(ROWS), "y": 100 + steps.cumsum()})


def counted(tests: list[tuple[float, float]]) -> str:
    """Count what the test says of statistics and p-values."""
    statistic, p = np.array(tests).T
    return f"better {np.mean((p < 0.05) & (statistic < 0)):6.1%}  worse {np.mean((p < 0.05) & (statistic > 0)):6.1%}"


def main() -> None:
    """Print how often the test says which."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=200)
    parser.add_argument("--momentum", type=float, nargs="*", default=[0.0, 0.1])
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    twins = []
    for _ in range(10 * asked.series):
        step = rng.normal(size=TEST)
        one, other = ((step + 0.1 * rng.normal(size=TEST)) ** 2 for _ in range(2))
        twins.append(diebold_mariano(one, other))
    print(f"twins: equal by construction           {counted(twins)}")
    for momentum in asked.momentum:
        tests, gains, nested = [], [], []
        for seed in range(asked.series):
            model = ps.Tuned(ps.Ridge(1), {"lags": [1, 2, 3, 5, 8]}, sampler="grid", inner=ps.RollingOrigin(test=63))
            result = ps.compare({"search": model}, walk(seed, momentum), ps.RollingOrigin(test=TEST))
            actual = result.panel.y[result.targets[:, 0]]
            ours, last = (result.entries[name].forecast[:, 0] for name in ("search", "Naive"))
            loss, reference = (actual - ours) ** 2, (actual - last) ** 2
            tests.append(diebold_mariano(loss, reference))
            gains.append(loss.mean() / reference.mean() - 1)
            adjusted = reference - (loss - (ours - last) ** 2)
            nested.append(stats.norm.sf(np.sqrt(TEST) * adjusted.mean() / adjusted.std(ddof=1)))
        print(
            f"momentum {momentum:.2f}: loss {np.mean(gains):+.2%} of the last's  {counted(tests)}  "
            f"Clark-West {np.mean(np.array(nested) < 0.05):.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
