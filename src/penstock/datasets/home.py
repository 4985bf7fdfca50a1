"""Where data files lie: the folder that the environment variable PENSTOCK_DATA names."""

from __future__ import annotations

import os
from pathlib import Path

from penstock.errors import DataError, nearest

__all__ = ["HOME_VARIABLE", "data_file"]

HOME_VARIABLE = "PENSTOCK_DATA"


def data_file(name: str, source: str) -> Path:
    """Find a data file, or say where to get it and where to put it.

    Parameters
    ----------
    name
        Name of the file in the folder.
    source
        Where the file can be had, for the message.
    """
    folder = os.environ.get(HOME_VARIABLE)
    if not folder:
        raise DataError(
            f"{name} is needed: get it from {source}, put it in a folder, and set {HOME_VARIABLE} to that folder."
        )
    path = Path(folder) / name
    if not path.is_file():
        there = sorted(p.name for p in Path(folder).glob("*")) if Path(folder).is_dir() else []
        hint = f" There, {nearest(name, there[:12])}" if there else ""
        raise DataError(f"{name} is not in {folder!r} ({HOME_VARIABLE}); get it from {source} and put it there.{hint}")
    return path
