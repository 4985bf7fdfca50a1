"""The files of a run that can be resumed: checkpoints of its trainings, and the answers of its jobs."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from penstock.errors import ModelFileError, OptionError
from penstock.files import write_whole
from penstock.storage import Arrays, read_model, write_model

__all__ = ["Run", "TrainingFile", "current", "refuse_differences"]

_SHARE = 20  # times what the last checkpoint took to write that pass before the next: 5 % of the time at most

current: ContextVar[Any] = ContextVar("penstock_checkpoints", default=None)
"""The run whose trainings are kept; None where none are."""


class TrainingFile:
    """The checkpoint of one training.

    Parameters
    ----------
    path
        Where it is written.
    what
        What is trained, by name: options, and fingerprints of the samples.
    seconds
        Seconds between two checkpoints at most.

    Attributes
    ----------
    machine
        What computed the checkpoint that was read.
    """

    def __init__(self, path: Path, what: Mapping[str, str], seconds: float) -> None:
        self.path, self.what, self._seconds, self.machine = path, dict(what), seconds, ""
        self._last, self._cost = time.monotonic(), 0.0

    @property
    def due(self) -> bool:
        """Whether a checkpoint is to be written now."""
        return time.monotonic() - self._last >= min(self._seconds, _SHARE * self._cost)

    def read(self) -> Arrays | None:
        """Read the last checkpoint; None where there is none.

        Raises
        ------
        OptionError
            Where something else was trained; the message names what differs.
        ModelFileError
            Where the file is not whole.
        """
        if not self.path.exists():
            return None
        try:
            about, arrays = read_model(self.path)
        except ModelFileError as error:
            raise ModelFileError(f"{error} Delete the file to train this part again from its beginning.") from error
        refuse_differences(self.path.parent, about.get("what"), self.what)
        self.machine = str(about.get("machine"))
        return arrays

    def write(self, arrays: Arrays, machine: str) -> None:
        """Write a checkpoint whole, in the place of the last one."""
        begin = time.monotonic()
        write_model(self.path, {"what": self.what, "machine": machine}, arrays, compress=False)
        self._last = time.monotonic()
        self._cost = self._last - begin


class Run:
    """The trainings of a run, and the answers of its jobs, which lie in one folder.

    Parameters
    ----------
    folder
        The folder.
    seconds
        Seconds between two checkpoints of a training at most.
    prefix
        What the names of its files begin with.

    Attributes
    ----------
    trainings
        Trainings that the run has come to.
    kept
        Whether anything of it is kept.
    """

    def __init__(self, folder: Path, seconds: float, prefix: str = "training-") -> None:
        self.folder, self._seconds, self._prefix = folder, seconds, prefix
        self.trainings, self.kept = 0, False
        self._begun: dict[str, int] = {}

    def training(self, what: Mapping[str, str]) -> TrainingFile:
        """Return the file of the training that the run has come to."""
        self.trainings += 1
        self.kept = True
        return TrainingFile(self.folder / f"{self._prefix}{self.trainings:05}.penstock", what, self._seconds)

    @contextlib.contextmanager
    def job(self, key: str) -> Iterator[None]:
        """Give the trainings of a job numbers of their own, which do not count the jobs that had ended."""
        again = f"{number}-" if (number := self._begun.get(key, 0)) else ""
        self._begun[key] = number + 1
        part = Run(self.folder, self._seconds, f"{self._prefix}{key}-{again}")
        token = current.set(part)
        try:
            yield
        finally:
            current.reset(token)
            self.trainings += part.trainings
            self.kept |= part.kept

    def answer(self, key: str) -> bytes | None:
        """Return the answer of a job that :meth:`keep` wrote; None where it had not ended.

        Raises
        ------
        ModelFileError
            Where the file is not whole.
        """
        path = self._answer(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        self.kept = True
        if hashlib.sha256(content[:-32]).digest() != content[-32:]:
            raise ModelFileError(f"{str(path)!r} is truncated or was altered. Delete the file to do this part again.")
        return content[:-32]

    def keep(self, key: str, content: bytes) -> None:
        """Write the answer of a job whole; the checkpoints of its trainings are needed no more.

        Raises
        ------
        WriteError
            Where the disk is full, or the folder cannot be written.
        """
        write_whole(self._answer(key), content + hashlib.sha256(content).digest())
        self.kept = True
        for path in self.folder.glob(f"{self._prefix}{key}-*"):
            path.unlink(missing_ok=True)

    def _answer(self, key: str) -> Path:
        return self.folder / f"{self._prefix}{key}.safetensors"


def refuse_differences(folder: Path, held: Any, now: Mapping[str, str]) -> None:
    """Refuse to go on where something else was begun."""
    held = held if isinstance(held, dict) else {}
    names = [name for name in {**held, **now} if held.get(name) != now.get(name)]
    if names:
        told = [f"{name} was {_short(held.get(name))} and is {_short(now.get(name))} now" for name in names]
        raise OptionError(
            f"the run in {str(folder)!r} cannot be resumed, for this is another one: {'; '.join(told)}. Give what it "
            "was begun with, or another folder."
        )


def _short(value: Any) -> str:
    text = "not there" if value is None else str(value)
    return text if len(text) <= 200 else f"{text[:197]}..."
