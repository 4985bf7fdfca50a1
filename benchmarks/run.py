"""Penstock beside its peers: every row measured in turn in one run, on the same data from the same weights.

Usage: python benchmarks/run.py [--only GROUP ...] [--quick] [--out FOLDER]

Writes FOLDER/benchmarks.md and FOLDER/benchmarks.json. Each path runs in a process of its own that sleeps while the
others measure. Outputs (and gradients, of layers) are compared before anything is timed. A figure is the median
over the rounds of their medians. Ratios travel from machine to machine; times do not.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

from frame.bench import Bench
from frame.machine import describe
from frame.section import Section

GROUPS = ("steps", "members", "layers", "lengths", "fits", "walks", "epoch", "streams", "peak")


def main() -> int:
    """Run what the command line asks for; 1 if a path failed or disagreed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=GROUPS, metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--quick", action="store_true", help="fewer rows, shorter turns: about three minutes")
    parser.add_argument("--out", type=Path, default=Path("build/benchmarks"), help="folder of the results")
    options = parser.parse_args()

    began, machine = time.time(), describe()
    print(_foreword(machine), flush=True)
    sections: list[Section] = []
    options.out.mkdir(parents=True, exist_ok=True)
    with Bench(seconds=0.1 if options.quick else 0.25, rounds=2 if options.quick else 3) as bench:
        for name in options.only:
            section = importlib.import_module(f"groups.{name}").run(bench, options.quick)
            sections.append(section)
            _write(options.out, machine, sections, time.time() - began)
    print(f"{time.time() - began:.0f} s; written to {options.out}/benchmarks.md and .json")
    return int(any(section.failed for section in sections))


def _foreword(machine: dict[str, object]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())  # type: ignore[attr-defined]
    load = machine["load average"][0]  # type: ignore[index]
    return (
        f"{machine['processor']}, {machine['cores']} cores, float32; Python {machine['python']}, {packages}; kernels: "
        f"{machine['kernels']}; load average before: {load:.2f}. Medians in milliseconds; in brackets their ratio to "
        "the first column; best peer: the smallest ratio.\n"
    )


def _write(folder: Path, machine: dict[str, object], sections: list[Section], seconds: float) -> None:
    """Write after every group, so that an interrupted run leaves what it has."""
    parts = [f"## {section.title}\n\n" + "\n".join(section.lines) for section in sections]
    (folder / "benchmarks.md").write_text("\n".join([_foreword(machine), *parts]))
    data = {"machine": machine, "seconds": seconds, "groups": {s.title: s.data for s in sections}}
    (folder / "benchmarks.json").write_text(json.dumps(data, indent=1))


if __name__ == "__main__":
    sys.exit(main())
