"""What a worker computes with, which decides the last digits of its results."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from penstock.errors import EngineError
from penstock.version import __version__

__all__ = ["THREADS", "differences", "machine", "refuse_difference"]

THREADS = "NPROC"
"""The environment variable that bounds the threads of JAX and of the kernels, read when JAX starts."""

_LIBRARIES = ("jax", "jaxlib", "numpy", "scipy")
_LEVELS = (("avx512", {"avx512f", "avx512dq", "avx512bw", "avx512vl"}), ("avx2", {"avx2", "fma"}))
_CAPS = {"AVX512": "avx512", "AVX2": "avx2", "AVX": "sse", "SSE4_2": "sse"}
_CURES = {
    "instructions of the kernels": "set PENSTOCK_ISA=avx2 on every worker",
    "instructions of XLA": "set PENSTOCK_ISA=avx2 and XLA_FLAGS=--xla_cpu_max_isa=AVX2 on every worker",
    "XLA_FLAGS": "give every worker the same XLA_FLAGS",
    "device": "take workers of one kind, or set JAX_PLATFORMS=cpu on every worker",
}


def machine() -> dict[str, str]:
    """Describe what this process computes with, by name.

    Returns
    -------
    Versions, instruction sets, flags and the device, as text.

    Examples
    --------
    >>> machine()["penstock"] == __version__
    True
    """
    import jax

    from penstock.kernels.choice import status

    live = status()
    return {
        "penstock": __version__,
        **{name: _version(name) for name in _LIBRARIES},
        "device": jax.default_backend(),
        "instructions of the kernels": live.isa or "lax.scan",
        "instructions of XLA": _instructions(os.environ.get("XLA_FLAGS", "")),
        "XLA_FLAGS": os.environ.get("XLA_FLAGS", ""),
    }


def differences(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Name what differs between two machines.

    Examples
    --------
    >>> differences({"jax": "0.10", "device": "cpu"}, {"jax": "0.11", "device": "cpu"})
    ['jax']
    """
    return [name for name in {**one, **other} if one.get(name) != other.get(name)]


def refuse_difference(
    first: str, one: Mapping[str, str], second: str, other: Mapping[str, str], *, versions_alone: bool = False
) -> None:
    """Refuse two machines that compute results which differ in their last digits, or whose versions differ.

    Parameters
    ----------
    first, second
        Names of the two, for the message.
    one, other
        What :func:`machine` gave there.
    versions_alone
        Whether only another version of Penstock counts.

    Raises
    ------
    EngineError
        Where they differ; the message says in what, and what to do.
    """
    names = [name for name in differences(one, other) if name == "penstock" or not versions_alone]
    if not names:
        return
    told = "; ".join(f"{name}: {one.get(name) or 'none'} and {other.get(name) or 'none'}" for name in names)
    versions = [name for name in names if name in ("penstock", *_LIBRARIES)]
    cures = [
        f"install the same versions everywhere: pip install {' '.join(f'{n}=={one[n]}' for n in versions if n in one)}"
    ]
    cures = cures if versions else []
    cures += [_CURES[name] for name in _CURES if name in names]
    if "instructions of XLA" in names and "instructions of the kernels" in names:
        cures.remove(_CURES["instructions of the kernels"])
    raise EngineError(
        f"{first} and {second} would not compute the same numbers ({told}), so their results are not mixed; "
        f"{', and '.join(cures)}."
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


@cache
def _instructions(flags: str) -> str:
    """Return the highest instruction set that XLA compiles for, as far as it changes results."""
    found = platform.machine()
    processor = Path("/proc/cpuinfo")
    if processor.is_file():
        line = next((line for line in processor.read_text().splitlines() if line.startswith("flags")), "")
        has = {*line.partition(":")[2].split()}
        found = next((name for name, needed in _LEVELS if needed <= has), found)
    cap = re.search(r"--xla_cpu_max_isa=(\w+)", flags)
    order = ["sse", "avx2", "avx512"]
    allowed = _CAPS.get(cap.group(1).upper(), found) if cap else found
    return min(found, allowed, key=order.index) if {found, allowed} <= {*order} else found
