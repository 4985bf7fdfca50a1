"""How the compiled kernels were built, as the build recorded it; and one line to whoever runs without them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

__all__ = ["BuildRecord", "missing_kernels", "read_record", "tell_once"]

RECORD = "build.txt"


class BuildRecord(NamedTuple):
    """What the build of the kernels left.

    Attributes
    ----------
    built
        Whether it made a library.
    detail
        The compiler, its version and the instruction sets that it compiled for; or the compiler's first error.
    """

    built: bool
    detail: str


def read_record(folders: Iterable[str]) -> BuildRecord | None:
    """Read the record in one of the folders of ``penstock.kernels``; None where there is none.

    Parameters
    ----------
    folders
        An editable installation keeps what was built apart from the sources: the package then has two folders.
    """
    for folder in folders:
        path = Path(folder) / RECORD
        if path.is_file():
            status, _, detail = path.read_text(encoding="utf-8", errors="replace").partition("\n")
            return BuildRecord(status.strip() == "built", " ".join(detail.split()))
    return None


def missing_kernels(record: BuildRecord | None) -> str:
    """Say why there is no library of kernels, given what the build recorded.

    Examples
    --------
    >>> missing_kernels(BuildRecord(False, "recurrence.h:3:1: error: expected ';'"))
    "the compiled kernels could not be built when Penstock was installed: recurrence.h:3:1: error: expected ';'"
    """
    if record is None:
        return "the compiled kernels are not installed, and no record of their build is there: install Penstock again"
    if record.built:
        return f"the compiled kernels were built by {record.detail}, but their library is gone: install Penstock again"
    why = record.detail or "the build gave no reason"
    return f"the compiled kernels could not be built when Penstock was installed: {why}"


def tell_once(folders: Iterable[str]) -> None:
    """Say on a terminal, once for each installation, that the kernels were not built.

    A file in the user's cache folder remembers that it was said; where that cannot be written, it is said each time.
    """
    if not sys.stderr.isatty() or os.environ.get("PENSTOCK_KERNELS") == "scan":
        return
    folders = list(folders)
    record = read_record(folders)
    if record is None or record.built:
        return
    said = _cache_folder() / "told-without-kernels"
    mark = f"{folders}\n{record.detail}\n"
    try:
        if said.is_file() and said.read_text() == mark:
            return
        said.parent.mkdir(parents=True, exist_ok=True)
        said.write_text(mark)
    except OSError:
        pass  # said again next time
    print(  # noqa: T201
        f"penstock: {missing_kernels(record)}. It runs on jax.lax.scan, several times slower; see penstock doctor.",
        file=sys.stderr,
    )


def _cache_folder() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "penstock"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "penstock"
