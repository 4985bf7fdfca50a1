"""What was measured on, and with."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

__all__ = ["describe"]

_PACKAGES = ("penstock", "jax", "jaxlib", "numpy", "torch", "keras", "neuralforecast")


def describe() -> dict[str, object]:
    """Give processor, cores, versions, and the path that Penstock's kernels take."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "kernels": _kernels(),
        "load average": os.getloadavg(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _kernels() -> str:
    """Ask in another process: JAX must not start its threads in this one."""
    code = "from penstock import kernels; s = kernels.status(); print(s.path, s.isa or '', s.reason)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]
