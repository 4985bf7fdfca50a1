"""Where the tests keep compiled programs: one folder for all workers and child processes, kept between runs.

The folder is in the user's cache, so that a fresh clone finds it. ``PENSTOCK_TEST_CACHE`` names another folder, or is
``off``. A folder that ``JAX_COMPILATION_CACHE_DIR`` names already is used as it is and never pruned.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import MutableMapping
from importlib.metadata import version
from pathlib import Path

VARIABLE = "PENSTOCK_TEST_CACHE"
LIMIT = 2 * 1024**3
"""Bytes that stay when a run begins; the programs that were used longest ago are deleted first."""

SETTINGS = {
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}


def user_cache(environment: MutableMapping[str, str]) -> Path:
    """Return the folder for caches of this user on this platform."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def build_key() -> str:
    """Return a hash of what a compiled program depends on beside its own text: JAX, the processor, our kernels."""
    parts = [version("jax"), version("jaxlib"), platform.machine()]
    processor = Path("/proc/cpuinfo")
    if processor.is_file():
        lines = processor.read_text().splitlines()
        parts += sorted({line for line in lines if line.startswith(("flags", "Features", "model name"))})
    digest = hashlib.sha256("\n".join(parts).encode())
    for folder in sys.path:
        library = Path(folder) / "penstock" / "kernels" / "libpenstock_kernels.so"
        if library.is_file():
            digest.update(library.read_bytes())
            break
    return digest.hexdigest()[:16]


def keep(environment: MutableMapping[str, str]) -> str:
    """Set the variables that JAX reads at its import, and return one line that says what was chosen."""
    given = environment.get("JAX_COMPILATION_CACHE_DIR")
    if given:
        return f"kept in {given} (JAX_COMPILATION_CACHE_DIR)"
    wanted = environment.get(VARIABLE, "")
    if wanted.lower() in ("off", "0", "none"):
        return f"not kept ({VARIABLE}={wanted})"
    root = Path(wanted) if wanted else user_cache(environment) / "penstock-tests"
    folder = root / build_key()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        prune(root)
    except OSError as error:
        return f"not kept: {error}"
    environment.update({**SETTINGS, "JAX_COMPILATION_CACHE_DIR": str(folder)})
    return f"kept in {folder} ({VARIABLE} names another folder, or is off)"


def prune(root: Path, limit: int = LIMIT) -> int:
    """Delete the programs used longest ago until at most `limit` bytes are left, and return the bytes that are left."""
    files = [(max(stat.st_atime, stat.st_mtime), stat.st_size, path) for path, stat in walk(root)]
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= limit:
            break
        path.unlink(missing_ok=True)
        total -= size
    return total


def walk(root: Path) -> list[tuple[Path, os.stat_result]]:
    """List the programs below a folder, beside another process that may delete some."""
    found = []
    for path in root.glob("*/*-cache"):
        try:
            found.append((path, path.stat()))
        except FileNotFoundError:
            continue
    return found
