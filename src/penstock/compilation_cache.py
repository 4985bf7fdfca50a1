"""Compiled programs on disk, so that the second process that needs a program does not compile it.

JAX keeps programs in a folder, but writes them in place: a process that is killed while it writes leaves a torn
program, which JAX neither reads nor replaces. So every process works in a folder of its own, made of hard links to
the programs that are there, and hands over at its end what it has added, each by one atomic rename.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, MutableMapping
from importlib.metadata import version
from pathlib import Path

__all__ = [
    "LIMIT",
    "OFF",
    "VARIABLE",
    "keep",
    "machine_key",
    "programs",
    "prune",
    "summary",
    "user_cache",
    "without_own_folder",
]

VARIABLE = "PENSTOCK_CACHE"
"""The environment variable that names another folder, or is ``off``."""

JAX_VARIABLE = "JAX_COMPILATION_CACHE_DIR"
OFF = ("off", "0", "none")
LIMIT = 128 * 1024**2
"""Bytes that stay when a command begins; the programs that were used longest ago are deleted first."""

SETTINGS = {
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    "JAX_PERSISTENT_CACHE_ENABLE_XLA_CACHES": "none",
}
"""What makes JAX keep every program, the small ones too, under names that do not depend on the folder."""

RUNNING = "running"
ABANDONED = 2 * 24 * 3600.0
"""Seconds after which the folder of a process that did not end properly is deleted."""


def keep(environment: MutableMapping[str, str]) -> str:
    """Make JAX keep its compiled programs; to be called before JAX is imported.

    Parameters
    ----------
    environment
        The variables of this process. ``PENSTOCK_CACHE`` is read, JAX's own are set. Where
        ``JAX_COMPILATION_CACHE_DIR`` is set already, JAX keeps its programs there and nothing is changed.

    Returns
    -------
    One line that says where programs are kept, or why they are not.
    """
    if JAX_VARIABLE in environment:
        return f"kept in {environment[JAX_VARIABLE]} ({JAX_VARIABLE})"
    root = _root(environment)
    if root is None:
        return f"not kept ({VARIABLE}={environment[VARIABLE]})"
    shared = root / machine_key(environment)
    try:
        shared.mkdir(parents=True, exist_ok=True)
        prune(root)
        own = _own_folder(root, shared)
    except OSError as error:
        return f"not kept: {error}"
    atexit.register(_hand_over, own, shared, os.getpid())
    environment.update({**SETTINGS, JAX_VARIABLE: str(own)})
    return f"kept in {shared} ({VARIABLE} names another folder, or is off)"


def summary(environment: MutableMapping[str, str]) -> str:
    """Return one line that says where programs are kept, how many, and how large they are."""
    root, used = _root(environment), environment.get(JAX_VARIABLE)
    if used and (root is None or Path(used).parent != root / RUNNING):
        return f"kept in {used} ({JAX_VARIABLE})"
    if root is None:
        return f"not kept ({VARIABLE}={environment[VARIABLE]})"
    sizes = [status.st_size for _, status in programs(root)]
    return f"{len(sizes)} in {root}, {sum(sizes) / 1e6:.1f} MB ({VARIABLE} names another folder, or is off)"


def without_own_folder(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for a process that is started from this one, which is to have a folder of its own.

    Parameters
    ----------
    environment
        The variables of this process.

    Returns
    -------
    The same, without the folder that :func:`keep` made for this process alone.
    """
    root, used = _root(environment), environment.get(JAX_VARIABLE)
    own = used is not None and root is not None and Path(used).parent == root / RUNNING
    return {name: value for name, value in environment.items() if not own or name != JAX_VARIABLE}


def user_cache(environment: Mapping[str, str]) -> Path:
    """Return the folder for caches of this user on this platform."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def machine_key(environment: MutableMapping[str, str]) -> str:
    """Return a hash of what a compiled program depends on beside its own text: JAX, the processor, our kernels."""
    parts = [version("jax"), version("jaxlib"), platform.machine(), environment.get("PENSTOCK_ISA", "")]
    processor = Path("/proc/cpuinfo")
    if processor.is_file():
        lines = processor.read_text().splitlines()
        parts += sorted({line for line in lines if line.startswith(("flags", "Features", "model name"))})
    digest = hashlib.sha256("\n".join(parts).encode())
    for library in sorted((Path(__file__).parent / "kernels").glob("*penstock_kernels*")):
        digest.update(library.read_bytes())
    return digest.hexdigest()[:16]


def prune(root: Path, limit: int = LIMIT) -> int:
    """Delete the programs used longest ago until at most `limit` bytes are left, and return the bytes that are left."""
    files = [(max(status.st_atime, status.st_mtime), status.st_size, path) for path, status in programs(root)]
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= limit:
            break
        path.unlink(missing_ok=True)
        total -= size
    return total


def programs(root: Path) -> list[tuple[Path, os.stat_result]]:
    """List the programs below a folder, beside another process that may delete some."""
    found = []
    for path in root.glob("*/*-cache"):
        try:
            found.append((path, path.stat()))
        except FileNotFoundError:
            continue
    return found


def _root(environment: Mapping[str, str]) -> Path | None:
    wanted = environment.get(VARIABLE, "")
    if wanted.lower() in OFF:
        return None
    return Path(wanted).absolute() if wanted else user_cache(environment) / "penstock" / "programs"


def _own_folder(root: Path, shared: Path) -> Path:
    """Make the folder of this process, with a link to every program that is there."""
    running = root / RUNNING
    running.mkdir(exist_ok=True)
    for folder in running.iterdir():
        try:
            age = time.time() - folder.stat().st_mtime
        except FileNotFoundError:  # its process has just ended
            continue
        if age > ABANDONED:
            shutil.rmtree(folder, ignore_errors=True)
    own = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=running))
    for path in shared.glob("*-cache"):
        try:
            os.link(path, own / path.name)
        except FileNotFoundError:  # another process has just deleted it
            continue
    return own


def _hand_over(own: Path, shared: Path, process: int) -> None:
    """Move the programs that this process has added to where the next one finds them."""
    if os.getpid() != process:  # a forked child ends by the same list of calls
        return
    try:
        there = {path.name for path in shared.glob("*-cache")}
        for path in own.glob("*-cache"):
            if path.name not in there:
                path.replace(shared / path.name)
    except OSError:
        pass  # the folder was deleted or is full: the next process compiles again
    shutil.rmtree(own, ignore_errors=True)
