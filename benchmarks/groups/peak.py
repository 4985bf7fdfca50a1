"""Share of the machine's fused-multiply-add peak that the kernels alone reach on one core."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from frame.bench import Bench
from frame.section import Section

__all__ = ["run"]

_PROGRAM = Path(__file__).parents[2] / "native" / "bench.sh"


def run(bench: Bench, quick: bool) -> Section:
    """Build the native benchmark as the package is built, and show what it prints."""
    section = Section("Share of the peak")
    if not _PROGRAM.exists() or not (shutil.which("g++") or shutil.which("clang++")):
        section.say("Not measured: native/bench.sh or a C++ compiler is absent.\n")
        return section
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["sh", str(_PROGRAM), folder], capture_output=True, text=True)
    section.failed = done.returncode != 0
    section.say("```\n" + (done.stdout + done.stderr).strip() + "\n```\n")
    section.data.append({"output": done.stdout.splitlines()})
    return section
