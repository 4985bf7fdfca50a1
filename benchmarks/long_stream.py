"""Ten million rows through a stateful stream, beside the forecasts of the whole history read at once.

    python benchmarks/long_stream.py [--rows 10000000] [--units 16]

The rows are pushed one by one in a process of their own for each precision, whose memory is read on the way. Then
``predict`` reads all rows from the first one on, up to each of several moments, and its forecast is set beside that
of the stream at the same row. It ends with status 1 where they differ by more than 1e-5 of the series' spread, or where
the memory has grown by more than 1 MB since the first hundredth of the rows.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

import penstock as ps

FITTED = 300
ALLOWED_DRIFT, ALLOWED_MEGABYTES = 1e-5, 1.0


def resident() -> float:
    """Return the memory of this process in megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def run(rows: int, units: int) -> bool:
    """Push the rows, print a line of the table in Markdown, and say whether the bounds hold."""
    rng = np.random.default_rng(0)
    y = np.sin(np.arange(rows) / 7) + 0.3 * rng.normal(size=rows)
    frame = pd.DataFrame({"ds": np.arange(rows), "y": y})
    network = ps.Network([ps.LSTM(units)])
    model = ps.Forecaster(network, stateful=True, window=63, epochs=20, seed=0).fit(frame[:FITTED])
    stream = model.stream()
    if not stream.compiled:
        raise SystemExit(stream.mode)
    moments = [rows // 100, rows // 10, rows // 3, rows]
    pushed, held, seconds, first = [], [], 0.0, FITTED
    for last in moments:
        values = y[first:last].tolist()
        memory = resident()
        begin = time.perf_counter()
        for row, value in enumerate(values, start=first):
            answer = stream.push(row, value)
        seconds += time.perf_counter() - begin
        pushed.append(float(answer.yhat[0]))
        held.append(resident() - memory)
        first = last
    batch = [float(model.predict(frame[:last])["yhat"].iloc[0]) for last in moments]
    drift = np.abs(np.subtract(pushed, batch)) / y.std()
    grown = sum(held[1:])
    precision = "float64" if os.environ.get("JAX_ENABLE_X64") == "1" else "float32"
    told = ", ".join(f"{each:.1e}" for each in drift)
    each = 1e6 * seconds / (rows - FITTED)
    print(f"| {precision} | {rows:,} | {each:.2f} | {told} | {grown:+.2f} |", flush=True)
    return bool(drift.max() <= ALLOWED_DRIFT and grown <= ALLOWED_MEGABYTES)


def main() -> None:
    """Run each precision in a process of its own, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--units", type=int, default=16)
    parser.add_argument("--here", action="store_true", help="in this process, in the precision that JAX has")
    options = parser.parse_args()
    if options.here:
        raise SystemExit(0 if run(options.rows, options.units) else 1)
    print("| | rows | us a push | drift after 1, 10, 33 and 100 % of the rows | memory after the first 1 %, MB |")
    print("|---|---|---|---|---|", flush=True)
    failed = 0
    for wide in ("0", "1"):
        command = [sys.executable, __file__, "--here", "--rows", str(options.rows), "--units", str(options.units)]
        failed |= subprocess.run(command, env={**os.environ, "JAX_ENABLE_X64": wide}).returncode
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
