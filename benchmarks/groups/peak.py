"""Share of the machine's fused-multiply-add peak that the kernels alone reach on one core."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from frame.bench import Bench
from frame.section import Section

__all__ = ["run"]

_NATIVE = Path(__file__).parents[2] / "native"
_ISAS = {
    "generic": [],
    "avx2": ["-mavx2", "-mfma"],
    "avx512": ["-mavx2", "-mfma", "-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw"],
}


def run(bench: Bench, quick: bool) -> Section:
    """Build ``native/peak.cc`` with the compiler's own flags for each instruction set, and show what it prints."""
    section = Section("Share of the peak")
    bench.rest()
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    if not (_NATIVE / "peak.cc").exists() or compiler is None:
        section.say(
            "Not measured: " + ("no C++ compiler was found." if compiler is None else "native/peak.cc is absent.")
        )
        return section
    with tempfile.TemporaryDirectory() as folder:
        program = _built(compiler, Path(folder))
        done = subprocess.run([program], capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    section.failed = done.returncode != 0
    section.say("```\n" + (done.stdout + done.stderr).strip() + "\n```\n")
    section.data.append({"output": done.stdout.splitlines()})
    return section


def _built(compiler: str, folder: Path) -> Path:
    """Compile as CMakeLists.txt does: the kernels once for each instruction set, everything else once."""
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    flags = ["-std=c++17", "-O2", "-ffp-contract=fast", "-fno-math-errno", "-w", *(["-DPENSTOCK_X86"] if x86 else [])]
    objects = []
    for isa, options in _ISAS.items() if x86 else [("generic", [])]:
        objects.append(folder / f"{isa}.o")
        command = [
            compiler,
            *flags,
            *options,
            f"-DPENSTOCK_NAMESPACE={isa}",
            "-c",
            _NATIVE / "kernels.cc",
            "-o",
            objects[-1],
        ]
        subprocess.run(command, check=True)
    program = folder / "peak"
    sources = [_NATIVE / name for name in ("isa.cc", "call.cc", "peak.cc")]
    subprocess.run([compiler, *flags, *sources, *objects, "-pthread", "-o", program], check=True)
    return program
