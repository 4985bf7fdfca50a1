"""The Large Movie Review data set."""

from __future__ import annotations

import lzma
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from penstock.datasets.home import HOME_VARIABLE, DataFile, data_file
from penstock.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["IMDB_FILE", "imdb"]

IMDB_FILE = DataFile(
    "aclImdb_v1.tar.gz",
    "https://ai.stanford.edu/~amaas/data/sentiment/ (Maas et al. 2011; research use, with citation)",
    "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    ("c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",),
)
_REPACKED = "aclImdb.tar.xz"

_NAME = re.compile(r"(?:.*/)?(train|test)/(pos|neg|unsup)/(\d+)_(\d+)\.txt")
_LABELS = {"neg": 0, "pos": 1, "unsup": -1}

Wanted = Callable[[str], re.Match[str] | None]


def imdb(path: str | Path | None = None, *, unlabelled: bool = False) -> pd.DataFrame:
    """Read 50,000 film reviews with their polarity, half of them for training; and 50,000 without a label if wanted.

    Parameters
    ----------
    path
        The archive, packed in any way, or the folder that it holds, or a folder in which the archive lies; left out,
        PENSTOCK_DATA or a download of 84 MB.
    unlabelled
        Also read the reviews without a label, whose ``split`` is "unlabelled".

    Returns
    -------
    A pandas frame in the order of split, label and number: ``split`` ("train", "test"), ``label`` (1 for seven stars
    and more, 0 for four and fewer, −1 for none), ``stars`` (0 for none), ``id`` and ``text``. Equal labels stand
    together: shuffle the training rows before you cut a tail from them.

    Raises
    ------
    DataError
        Where a review is not UTF-8, or the path holds none.

    References
    ----------
    Maas, Daly, Pham, Huang, Ng & Potts (2011), *Learning word vectors for sentiment analysis*.
    """
    import pandas as pd

    def wanted(name: str) -> re.Match[str] | None:
        found = _NAME.fullmatch(name)
        return None if found is None or (found[2] == "unsup" and not unlabelled) else found

    given = None if path is None else Path(path)
    if given is not None and (given / "train").is_dir():
        files = _of_folder(given, wanted)
    else:
        files = _of_archive(_repacked(given) or data_file(IMDB_FILE, path), wanted)
    rows = []
    for found, content in files:
        split = "unlabelled" if found[2] == "unsup" else found[1]
        try:
            rows.append((split, _LABELS[found[2]], int(found[4]), int(found[3]), content.decode()))
        except UnicodeDecodeError as error:
            raise DataError(f"{found[0]} is not UTF-8 (byte {error.start}); unpack the archive again.") from error
    if not rows:
        raise DataError(f"{str(path)!r} holds no review such as train/pos/0_9.txt; give the archive, or its folder.")
    frame = pd.DataFrame(rows, columns=["split", "label", "stars", "id", "text"])
    order = frame["split"].map({"train": 0, "test": 1, "unlabelled": 2})
    return frame.assign(order=order).sort_values(["order", "label", "id"], ignore_index=True).drop(columns="order")


def _repacked(given: Path | None) -> Path | None:
    """Return the path of the recompressed archive, which cannot be downloaded; None where it is not in the folder."""
    folder = given or Path(os.environ.get(HOME_VARIABLE) or ".")
    path = folder / _REPACKED
    return path if path.is_file() else None


def _of_archive(path: Path, wanted: Wanted) -> Iterator[tuple[re.Match[str], bytes]]:
    """Yield the wanted members of an archive with their contents; raise an error for an archive that is cut short."""
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                found = wanted(member.name)
                if found is not None and member.isfile():
                    yield found, cast("IO[bytes]", archive.extractfile(member)).read()
    except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        reason = str(error).splitlines()[0].rstrip(":.")
        raise DataError(f"{str(path)!r} is no whole archive of reviews: {reason}.") from error


def _of_folder(folder: Path, wanted: Wanted) -> Iterator[tuple[re.Match[str], bytes]]:
    for path in folder.glob("*/*/*.txt"):
        found = wanted(path.relative_to(folder).as_posix())
        if found is not None:
            yield found, path.read_bytes()
