"""A year of days on the S&P 500: a network that is updated every day, beside refits every 21 days and every day.

    python benchmarks/daily_updates.py [--days 252] [--skip 252 --no-refits --learning-rate 0.001]

Every model forecasts the next day from all rows before it. The time of 252 daily refits is that of the
refits every 21 days, each from fresh weights, scaled up; the forecasts of a refit serve the 21 days after it. The rate
of the updates was chosen on the year before (``--skip 252``), which the table does not show.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import penstock as ps
from penstock.evaluation.significance import diebold_mariano

STEP = 21


def network(seed: int) -> ps.Forecaster:
    """Return the network, as README trains it."""
    return ps.Forecaster(ps.Network([ps.LSTM(20)]), window=63, scale="window", seed=seed)


def main() -> None:
    """Measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=252)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--replay", type=int, default=63)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--skip", type=int, default=0, help="last days that are left out: to choose on years before")
    parser.add_argument("--no-refits", action="store_true", help="fit once and update alone")
    options = parser.parse_args()
    frame = ps.datasets.sp500()
    frame = frame[["ds", "y"]][: len(frame) - options.skip].reset_index(drop=True)
    rows, first = len(frame), len(frame) - options.days
    y = frame["y"].to_numpy()
    forecasts = {name: np.full(options.days, np.nan) for name in ("refit", "update", "once")}
    refit_seconds, update_seconds = [], 0.0
    once = network(options.seed).fit(frame[:first])  # compiles; its time counts for nothing
    daily = network(options.seed).fit(frame[:first])
    for day in range(options.days):
        if day % (options.days if options.no_refits else STEP) == 0:
            begin = time.perf_counter()
            refit = network(options.seed).fit(frame[: first + day])
            refit_seconds.append(time.perf_counter() - begin)
        if day:
            begin = time.perf_counter()
            daily.update(
                frame[first + day - 1 : first + day],
                epochs=options.epochs, replay=options.replay, learning_rate=options.learning_rate,
            )  # fmt: skip
            update_seconds += time.perf_counter() - begin
        known = frame[: first + day]
        for name, model in (("refit", refit), ("update", daily), ("once", once)):
            forecasts[name][day] = model.predict(known[-100:])["yhat"].iloc[0]
    actual = y[first:rows]
    naive = np.sqrt(np.mean((actual - y[first - 1 : rows - 1]) ** 2))
    print("| | RMSE | skill over the last value | seconds |")
    print("|---|---|---|---|")
    everyday = np.mean(refit_seconds) * options.days
    for name, label, seconds in (
        ("once", "fitted once", refit_seconds[0]),
        ("refit", f"refitted every {STEP} days", sum(refit_seconds)),
        ("update", "updated every day", refit_seconds[0] + update_seconds),
    ):
        rmse = np.sqrt(np.mean((actual - forecasts[name]) ** 2))
        print(f"| {label} | {rmse:.2f} | {1 - (rmse / naive) ** 2:.4f} | {seconds:.1f} |")
    print(f"| refitted every day (from {len(refit_seconds)} refits) | | | {everyday:.1f} |")
    losses = {name: (actual - each) ** 2 for name, each in forecasts.items()}
    for other, label in (("refit", f"refits every {STEP} days"), ("once", "the single fit")):
        statistic, p = diebold_mariano(losses["update"], losses[other])
        print(f"squared errors of updates against those of {label}: Diebold-Mariano {statistic:+.2f}, p = {p:.2f}")
    times = everyday / update_seconds
    print(f"the last value: {naive:.2f}; {options.days} updates took {update_seconds:.1f} s, {times:.1f} times less")


if __name__ == "__main__":
    main()
