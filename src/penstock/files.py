"""Whole files or none: writing beside and renaming, and checking a path before the work that fills it."""

from __future__ import annotations

import dataclasses
import errno
import json
import math
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from penstock.argument_types import checked_path
from penstock.errors import OptionError, WriteError

__all__ = ["check_destination", "jsonable", "made_whole", "refuse_input", "write_json", "write_whole"]


def check_destination(path: str | Path) -> Path:
    """Refuse a path that cannot be written, before hours of work go into what it should hold."""
    path = checked_path(path).resolve()  # a link stays a link, and the file behind it is written
    if path.is_dir():
        raise OptionError(f"{str(path)!r} is a folder; give the name of a file in it.")
    if path.exists() and not path.is_file():
        raise OptionError(f"{str(path)!r} is a device or a pipe, which cannot be replaced; give the name of a file.")
    folder = path.parent
    if not folder.is_dir():
        raise OptionError(
            f"the folder {str(folder)!r} of {path.name!r} does not exist; make it first: mkdir -p {folder}"
        )
    if not os.access(folder, os.W_OK):
        raise OptionError(f"the folder {str(folder)!r} cannot be written; choose another for {path.name!r}.")
    return path


def refuse_input(path: str | Path, inputs: Iterable[str | Path | None]) -> None:
    """Refuse a path to write that is one of the files which are read: the data would be gone.

    Raises
    ------
    OptionError
        Where it is, also by another name of the same file.
    """
    path = Path(path)
    for each in inputs:
        if each is None or not Path(each).exists():
            continue
        same = path.resolve() == Path(each).resolve() or (path.exists() and path.samefile(each))
        if same:
            raise OptionError(
                f"{str(path)!r} is the file that is read; writing a result there would delete it. Give another name."
            )


def write_whole(path: str | Path, content: bytes | str) -> Path:
    """Write a file beside its place and rename it, so that an interruption leaves the old file whole.

    The new file has the mode of the one that it replaces. Where the system knows files without a name (Linux), nothing
    of an interrupted one is left, even by a signal that ends the process at once.

    Raises
    ------
    OptionError
        Where the path names a folder or a device, or its folder does not exist.
    WriteError
        Where the disk is full or the file cannot be written for another reason.
    """
    path = check_destination(path)
    data = content.encode() if isinstance(content, str) else content

    def write(beside: Path) -> None:
        with _nameless(path.parent) or beside.open("xb") as file:
            if path.exists():
                os.chmod(file.fileno() if os.chmod in os.supports_fd else beside, stat.S_IMODE(path.stat().st_mode))  # noqa: PTH101
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if not beside.exists():
                _give_name(file.fileno(), beside)

    return made_whole(path, write)


def made_whole(path: str | Path, write: Callable[[Path], object]) -> Path:
    """Let `write` fill a new file beside `path`, and rename it there once it is whole; errors as in `write_whole`."""
    path = check_destination(path)
    beside = path.with_name(f".{secrets.token_hex(4)}.part-{path.name[-200:]}")
    try:
        write(beside)
        beside.replace(path)
        _keep_name(path.parent)
    except BaseException as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _not_written(path, error) from error
        raise
    return path


def _keep_name(folder: Path) -> None:
    """Write a folder's names to the disk, so that a file that was renamed there is found after a loss of power."""
    with suppress(OSError):  # a system, or a file system, whose folders cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _not_written(path: Path, error: OSError) -> WriteError:
    """Say why a file could not be written, and how much room its folder has where that is the reason."""
    reason = error.strerror or str(error)
    room = ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        with suppress(OSError):
            room = f" ({shutil.disk_usage(path.parent).free / 1e3:,.0f} kB free)"
    kept = "; the file that was there is as it was" if path.exists() else ""
    return WriteError(f"{str(path)!r} cannot be written: {reason}{room}{kept}. Free some space, or give another path.")


def _nameless(folder: Path) -> BinaryIO | None:
    """Open a file without a name in a folder, which is gone when it is closed; None where the system knows none."""
    flag = getattr(os, "O_TMPFILE", 0)
    if not flag or not Path("/proc/self/fd").is_dir():
        return None
    try:
        return os.fdopen(os.open(folder, flag | os.O_WRONLY, 0o666), "wb")
    except OSError:  # a file system without them
        return None


def _give_name(descriptor: int, path: Path) -> None:
    """Give a file without a name one."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:  # a folder is named so that linkat is called, which follows the link to the file
        os.link(f"/proc/self/fd/{descriptor}", path.name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        os.close(folder)


def write_json(path: str | Path, content: Any) -> Path:
    """Write JSON that any reader takes: UTF-8, no NaN."""
    return write_whole(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def jsonable(value: Any) -> Any:
    """Turn numpy's numbers, tuples and paths into what JSON knows; a number that does not exist becomes None.

    Examples
    --------
    >>> import numpy as np
    >>> jsonable({"shape": (np.int64(3), 4), "p": float("nan")})
    {'shape': [3, 4], 'p': None}
    """
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    if hasattr(value, "tolist"):  # an array or a number of numpy
        return jsonable(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return repr(value)
    return value
