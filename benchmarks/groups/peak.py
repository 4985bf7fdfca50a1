"""Share of the machine's fused-multiply-add peak that the kernels alone reach on one core."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from frame.bench import Bench
from frame.section import Section

__all__ = ["run"]

_PROGRAM = Path(__file__).parents[2] / "native" / "run.sh"


def run(bench: Bench, quick: bool) -> Section:
    """Build the native benchmark as the package is built, and show what it measured."""
    section = Section("Share of the peak")
    if not (shutil.which("g++") or shutil.which("clang++")):
        section.say("Not measured: no C++ compiler here.\n")
        return section
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["sh", str(_PROGRAM), "bench", folder], capture_output=True, text=True)
    section.failed = done.returncode != 0
    if section.failed:
        section.say("```\n" + (done.stdout + done.stderr).strip() + "\n```\n")
        return section
    found = json.loads(done.stdout)
    section.say(
        f"The kernels alone, float32, one core, {found['isa']}, forward and backward; peak: {found['peak_gflops']:.0f} "
        "GFLOP/s of independent fused multiply-adds. Useful FLOPs only: no padding, no activations. The best of many "
        "short runs.\n"
    )
    section.say("| kernel | GFLOP/s | of peak |\n|---|---|---|")
    for row in found["rows"]:
        section.say(f"| {row['row']} | {row['gflops']:.0f} | {100 * row['of_peak']:.0f} % |")
    section.say("")
    section.data.append(found)
    return section
