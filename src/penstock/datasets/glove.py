"""GloVe's word vectors."""

from __future__ import annotations

import os
from pathlib import Path

from penstock.argument_types import checked_path
from penstock.datasets.home import HOME_VARIABLE, DataFile, data_file

__all__ = ["GLOVE_FILE", "glove"]

GLOVE_FILE = DataFile(
    "glove.6B.zip",
    "https://nlp.stanford.edu/projects/glove/ (Pennington et al. 2014, public domain)",
    "https://nlp.stanford.edu/data/glove.6B.zip",
    ("617afb2fe6cbd085c235baf7a465b96f4112bd7f7ccb2b2cbd649fed9cbcf2fb",),
)


def glove(path: str | Path | None = None, *, units: int = 100) -> Path:
    """Find the file of GloVe's vectors, 400,000 words from 6 billion tokens; ``WordVectors.read`` reads it.

    Parameters
    ----------
    path
        A file of your own, or a folder that holds ``glove.6B.100d.txt``, its first rows (``glove.6B.100d.*.txt``) or
        ``glove.6B.zip``; left out, PENSTOCK_DATA or a download of 862 MB.
    units
        Width of the vectors: 50, 100, 200 or 300.

    Returns
    -------
    The path of a text file, which may lie inside the zip.
    """
    given = None if path is None else checked_path(path)
    folder = given or Path(os.environ.get(HOME_VARIABLE) or ".")
    name = f"glove.6B.{units}d"
    if folder.is_file() and folder.suffix != ".zip":
        return folder
    if not (folder / GLOVE_FILE.name).is_file():
        for pattern in (f"{name}.txt", f"{name}.*.txt"):
            found = sorted(folder.glob(pattern)) if folder.is_dir() else []
            if found:
                return found[0]
    return data_file(GLOVE_FILE, path) / f"{name}.txt"
