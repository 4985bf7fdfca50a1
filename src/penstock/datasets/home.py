"""Where data files lie, and how those that can be downloaded come there."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from penstock.argument_types import checked_path
from penstock.errors import DataError, nearest

__all__ = ["HOME_VARIABLE", "DataFile", "data_file"]

HOME_VARIABLE = "PENSTOCK_DATA"

_BLOCK = 1 << 20


@dataclass(frozen=True)
class DataFile:
    """A file of a public data set.

    Attributes
    ----------
    name
        Name of the file in the folder of data.
    source
        Where the file comes from, in words.
    url
        Address to download it from; None where it has to be downloaded by hand.
    sha256
        Accepted checksums: of the public file first, then of other copies with the same content; empty where the source
        updates the file.
    """

    name: str
    source: str
    url: str | None = None
    sha256: tuple[str, ...] = ()


def data_file(file: DataFile, given: str | Path | None = None) -> Path:
    """Find a data file whole, download it where that is allowed, or say where to get it and where to put it.

    Parameters
    ----------
    file
        What is needed.
    given
        A file of your own to read instead, whose checksum is not looked at, or a folder in which `file` lies. Where
        it is left out: the folder that PENSTOCK_DATA names; else the cache of earlier downloads, which the first call
        fills (``~/.cache/penstock`` on Linux).

    Raises
    ------
    DataError
        Where the file is missing and cannot be downloaded, or its checksum is wrong: cut off, or changed.
    """
    if given is not None and not checked_path(given).is_dir():
        return Path(given)
    folder = os.environ.get(HOME_VARIABLE) if given is None else str(given)
    if folder and (Path(folder) / file.name).is_file():
        return _whole(Path(folder) / file.name, file)
    if given is None and file.url is not None:
        return _download(file, folder)
    raise DataError(_missing(file, folder, HOME_VARIABLE if given is None else "given"))


def _whole(path: Path, file: DataFile) -> Path:
    """Refuse a file with a wrong checksum."""
    if not file.sha256:
        return path
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while block := content.read(_BLOCK):
            digest.update(block)
    if digest.hexdigest() not in file.sha256:
        raise DataError(
            f"{str(path)!r} is not the {file.name} that is needed ({path.stat().st_size:,} bytes, SHA-256 "
            f"{digest.hexdigest()[:12]}…, not {file.sha256[0][:12]}…): it is cut off or was changed. Get it from "
            f"{file.source} and put it there."
        )
    return path


def _download(file: DataFile, folder: str | None) -> Path:
    """Download into the cache, whole or not at all, with a progress bar on a terminal."""
    import pooch
    import requests

    log, bar = pooch.get_logger(), _Bar(file.name)
    said = log.level
    log.setLevel("WARNING")  # pooch tells of each download; the bar does
    try:
        arrived = pooch.retrieve(
            file.url,
            known_hash=file.sha256[0] if file.sha256 else None,
            fname=file.name,
            path=pooch.os_cache("penstock"),
            downloader=pooch.HTTPDownloader(progressbar=bar, timeout=60),
        )
    except (OSError, ValueError, requests.RequestException) as error:
        reason = str(error).splitlines()[0][:240]
        raise DataError(f"{_missing(file, folder)} The download from {file.url} failed: {reason}") from error
    finally:
        log.setLevel(said)
        bar.close()
    return Path(arrived)


def _missing(file: DataFile, folder: str | None, how: str = HOME_VARIABLE) -> str:
    if not folder:
        return (
            f"{file.name} is needed: get it from {file.source}, put it in a folder, and set {HOME_VARIABLE} to that "
            "folder."
        )
    there = sorted(p.name for p in Path(folder).glob("*")) if Path(folder).is_dir() else []
    hint = f" There, {nearest(file.name, there)}".replace("There, allowed", "There are") if there else ""
    return f"{file.name} is not in {folder!r} ({how}); get it from {file.source} and put it there.{hint}"


class _Bar:
    """pooch's interface to a progress bar, drawn by rich on a terminal, silent elsewhere."""

    def __init__(self, name: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(),
            console=console, disable=not console.is_terminal, transient=True,
        )  # fmt: skip
        self._task = self._progress.add_task(name, total=None)
        self._progress.start()

    @property
    def total(self) -> float | None:
        return self._progress.tasks[0].total

    @total.setter
    def total(self, size: float) -> None:
        self._progress.update(self._task, total=size)

    def update(self, count: int) -> None:
        self._progress.advance(self._task, count)

    def reset(self) -> None:
        self._progress.reset(self._task)

    def close(self) -> None:
        self._progress.stop()
