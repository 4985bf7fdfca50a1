"""Panels beyond memory: write shards of many series, then measure reading, training and forecasting from them.

    python benchmarks/shards.py write FOLDER --series 1000000 --files 20
    /usr/bin/time -v python benchmarks/shards.py read FOLDER
    /usr/bin/time -v python benchmarks/shards.py fit FOLDER --model model.penstock
    /usr/bin/time -v python benchmarks/shards.py predict FOLDER --model model.penstock --out FORECASTS
    python benchmarks/shards.py equal FOLDER --model model.penstock --out FORECASTS --files 2

`fit` also reads; with ``--steps`` an epoch takes so many steps at most, on windows drawn from all series.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd

import penstock as ps


def write(folder: Path, series: int, files: int, rows: int) -> None:
    """Write daily series that wander about levels of their own, whole series a file."""
    folder.mkdir(parents=True, exist_ok=True)
    days = pd.date_range("2024-01-01", periods=rows)
    for number, names in enumerate(np.array_split(np.arange(series), files)):
        draw = np.random.default_rng([0, number])
        level = draw.lognormal(4, 1, (len(names), 1))
        week = 1 + 0.2 * np.sin(2 * np.pi * (np.arange(rows) + draw.integers(0, 7, (len(names), 1))) / 7)
        y = level * (week + 0.05 * draw.normal(size=(len(names), rows)).cumsum(axis=1))
        frame = pd.DataFrame(
            {
                "unique_id": np.repeat([f"series_{name:08d}" for name in names], rows),
                "ds": np.tile(days, len(names)),
                "y": y.ravel(),
            }
        )
        frame.to_parquet(folder / f"part-{number:04d}.parquet", index=False)


def read(folder: Path) -> None:
    """Read every file into a panel, one after the other."""
    shards, first, rows = ps.Shards(folder), None, 0
    for place, frame in shards.frames():
        panel, kind = shards.panel(place, frame, first)
        first, rows = first or kind, rows + panel.rows
    shards.require_whole()
    print(f"{rows:,} rows")


def fit(folder: Path, model: Path, units: int, steps: int | None) -> None:
    """Train one epoch."""
    net = ps.Forecaster(
        ps.Network([ps.LSTM(units)]), window=24, horizon=6, scale="window", season=7, epochs=1, batch=512,
        optimizer=ps.Adam(), validation="horizon", steps_per_epoch=steps,
    )  # fmt: skip
    net.fit(ps.Shards(folder)).save(model)
    print(net.shards_, net.history_.training_loss[0], net.history_.validation_loss[0])


def predict(folder: Path, model: Path, out: Path) -> None:
    """Forecast every file."""
    print(len(ps.load(model).predict(ps.Shards(folder), out=out)), "files of forecasts")


def equal(folder: Path, model: Path, out: Path, files: int) -> None:
    """Hold forecasts of some files against those of one panel of all their series."""
    paths = sorted(folder.glob("*.parquet"))[:files]
    whole = ps.load(model).predict(pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True))
    shards = pd.concat([pd.read_parquet(out / path.name) for path in paths], ignore_index=True)
    print("equal, bit for bit:", whole.equals(shards))


def main() -> None:
    """Run one part, and say how long it took and how much memory."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", choices=("write", "read", "fit", "predict", "equal"))
    options.add_argument("folder", type=Path)
    options.add_argument("--series", type=int, default=1_000_000)
    options.add_argument("--files", type=int, default=20)
    options.add_argument("--rows", type=int, default=60)
    options.add_argument("--units", type=int, default=16)
    options.add_argument("--steps", type=int)
    options.add_argument("--model", type=Path, default=Path("shards.penstock"))
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    began = time.perf_counter()
    if given.what == "write":
        write(given.folder, given.series, given.files, given.rows)
    elif given.what == "read":
        read(given.folder)
    elif given.what == "fit":
        fit(given.folder, given.model, given.units, given.steps)
    elif given.what == "predict":
        predict(given.folder, given.model, given.out)
    else:
        equal(given.folder, given.model, given.out, given.files)
    seconds, most = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{given.what}: {seconds:.1f} s, {time.process_time():.1f} CPU s, {most:.2f} GB at most")


if __name__ == "__main__":
    main()
