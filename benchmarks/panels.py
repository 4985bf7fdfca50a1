"""Forecasts of panels beside published figures: one set of defaults for all, each set in a process of its own.

Usage: python benchmarks/panels.py FOLDER [--only SET ...] [--models MODEL ...] [--members N]

FOLDER holds ``SET.csv.gz`` (unique_id, ds, y) and ``published.csv`` (data, model, metric, value, source, note). The
last rows of each series are the test; nothing is chosen by them, nor by a set's name. MASE and sMAPE are those of
``penstock.compare``. Seconds are those of the clock (fitting, forecasting and scoring), memory the largest of the
process. ETS, MSTL and ARIMA need ``pip install 'penstock[classical]'``; ARIMA takes a second a series and more. The
model ``forecast`` is ``ps.forecast`` with its defaults, which is told the horizon alone.
The networks of neuralforecast and darts (nf-lstm, nf-gru, darts-lstm, and with our options nf-lstm-ours, nf-gru-ours,
darts-gru-ours) are those of ``panel_peers.py``.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

from panel_peers import PEERS, peer

# The sets and the network's options are those of the studies and of ps.forecast; they have no public face.
from penstock.datasets.home import data_file
from penstock.studies.public_panels import PANELS, published_figures, split

SETS = tuple(PANELS)

MODELS = (
    *("naive", "theta", "dynamic", "ets", "mstl", "boosting", "arima", "network", "combination", "forecast"),
    *PEERS,
)

USUAL = ("naive", "theta", "network", "forecast")
"""Those that are measured unless asked otherwise."""

SHOWN = ("DeepAR", "Theta", "ETS", "TBATS", "ES-RNN", "N-BEATS", "WaveNet", "FFNN", "AutoARIMA", "TiRex")


def read(folder: Path, name: str) -> pd.DataFrame:
    """Read a set."""
    frame = pd.read_csv(data_file(PANELS[name].file, folder))
    if not pd.api.types.is_integer_dtype(frame["ds"]):
        frame["ds"] = pd.to_datetime(frame["ds"])
    return frame


def measure(folder: Path, name: str, models: list[str], members: int, peer_steps: int | None) -> dict[str, Any]:
    """Fit and forecast one set; return scores, seconds and peak memory of each model."""
    import penstock as ps
    from penstock.automatic.candidates import panel_forecaster

    horizon, season = PANELS[name].horizon, PANELS[name].season
    frame, origin = read(folder, name), ps.RollingOrigin(horizon=horizon, test=horizon, align="series")
    naive = ps.SeasonalNaive(season[0], horizon=horizon) if season[0] > 1 else ps.Naive(horizon=horizon)
    periods = tuple(period for period in season if period > 1)
    network = panel_forecaster(horizon, periods, members=members)
    theta = ps.Theta(season[0], horizon=horizon)
    every: dict[str, tuple[str, Any]] = {
        "naive": (naive.label, naive),
        "theta": (theta.label, theta),
        "dynamic": ("Theta, dynamic", ps.Theta(season[0], variant="dynamic", horizon=horizon)),
        "ets": ("ETS", ps.ETS(season[0], horizon=horizon)),
        "mstl": ("MSTL", ps.MSTL(season, horizon=horizon)),
        "boosting": ("Boosting", ps.Boosting(season, horizon=horizon)),
        "arima": ("ARIMA", ps.ARIMA(season[0], horizon=horizon)),
        "network": (f"{network.label}, {members} members", network),
        "combination": ("both, weights validated", ps.Ensemble([network, theta], "weighted", horizon=horizon)),
    }
    found: dict[str, Any] = {}
    for each in models:
        began = time.perf_counter()
        if each == "forecast":
            label, model = "ps.forecast", in_one_call(folder, name)
        elif each in every:
            label, model = every[each]
        else:
            label, model = peer(each, frame, horizon, network.window, peer_steps)
        result = ps.compare({label: model}, frame, origin, metrics=["mase", "smape"], season=season[0])
        seconds = time.perf_counter() - began
        if result.coverage.scored < result.coverage.series:
            raise ValueError(f"{label}: {result.coverage.scored} of {result.coverage.series} series are scored")
        row = result.row(label)
        found[label] = {"MASE": row["mase"], "sMAPE": row["smape"], "seconds": seconds, "MB": peak_memory()}
    return found


def in_one_call(folder: Path, name: str) -> pd.DataFrame:
    """Forecast the test rows by ``ps.forecast`` with its defaults; return forecasts as ``compare`` takes them."""
    import penstock as ps

    train, _ = split(PANELS[name], folder)
    cutoffs = train.groupby("unique_id")["ds"].max().rename("cutoff")
    forecasts: pd.DataFrame = ps.forecast(train, PANELS[name].horizon).frame.join(cutoffs, on="unique_id")
    return forecasts


def peak_memory() -> float:
    """Return the largest memory that this process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Measure what the command line asks for; 1 if a set failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of the sets")
    parser.add_argument("--only", nargs="+", choices=SETS, default=list(SETS), metavar="SET", help=", ".join(SETS))
    parser.add_argument("--members", type=int, default=3, help="networks from different seeds; their median is taken")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=USUAL, metavar="MODEL", help=", ".join(MODELS))
    parser.add_argument("--peer-steps", type=int, help="most training steps of other libraries; left out: their own")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        print(json.dumps(measure(options.folder, options.only[0], options.models, options.members, options.peer_steps)))
        return 0
    failed = False
    for name in options.only:
        command = [sys.executable, __file__, str(options.folder), "--alone", "--members", str(options.members)]
        command += [] if options.peer_steps is None else ["--peer-steps", str(options.peer_steps)]
        done = subprocess.run(
            [*command, "--only", name, "--models", *options.models], capture_output=True, text=True, check=False
        )
        print(f"\n## {name}\n\n| model | MASE | sMAPE | seconds | MB |\n|---|---|---|---|---|")
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            failed = True
            continue
        for label, row in json.loads(done.stdout.splitlines()[-1]).items():
            print(f"| {label} | {row['MASE']:.3f} | {row['sMAPE']:.2f} | {row['seconds']:.0f} | {row['MB']:.0f} |")
        found = published_figures(name, PANELS[name].season[0], options.folder)
        for row in found[found["model"].str.contains("|".join(SHOWN))].itertuples():
            mase, smape = (f"{value:.3f}" if value == value else "" for value in (row.MASE, row.sMAPE))
            print(f"| {row.model} ({row.source}) | {mase} | {smape} | | |")
        sys.stdout.flush()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
