"""The trials of a search: claimed, finished, and kept in a file that several processes share."""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self
from uuid import uuid4

from penstock.errors import OptionError
from penstock.options import from_json, to_json
from penstock.searchable import Trial
from penstock.strict_json import strict_json

__all__ = ["Journal"]

_BEGIN = b'{"penstock_search":'  # of every journal
_WAIT = 0.2  # seconds between two looks at trials that other processes run


@dataclass
class _Claim:
    settings: dict[str, Any]
    driver: str
    batch: int
    trial: Trial | None = None


class Journal:
    """The trials of one search on the same training rows, in memory or in a file.

    A file holds a line of JSON for the search that it belongs to, and one for each trial that is claimed and finished.
    Each process claims trials under a lock of the file, so that none is run twice; those of a process that has ended
    are claimed anew. A line that a killed process left unfinished is cut off.

    Parameters
    ----------
    path
        The file; None: in memory.
    search
        What is searched, in words by name. A file of another search is refused.
    rows
        What tells the training rows from others: a file holds the trials of each.

    Raises
    ------
    OptionError
        Where the file is of another search, is no journal, or cannot be written.
    """

    def __init__(self, path: str | Path | None, search: dict[str, str], rows: str) -> None:
        self.path = None if path is None else Path(path)
        self._search, self._rows, self._read = search, rows, 0
        self._claims: list[_Claim] = []
        self._driver, self._own_lock = uuid4().hex[:12], -1

    def __enter__(self) -> Self:
        if self.path is None:
            return self
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._own_lock = os.open(self._lock_of(self._driver), os.O_CREAT | os.O_RDWR)
        except (OSError, ValueError) as error:  # ValueError: a path without a name
            raise self._not_written(error) from error
        _lock(self._own_lock)
        try:
            with self._locked():
                pass  # refuses the file of another search before anything is fitted
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def claim(
        self, propose: Callable[[Sequence[Trial | dict[str, Any]], int], list[dict[str, Any]]], trials: int, most: int
    ) -> list[tuple[int, dict[str, Any]]]:
        """Take trials that nobody runs: first those of a process that has ended, then new ones.

        Parameters
        ----------
        propose
            Gives the next settings, from the trials so far (settings alone where they run) and how many are wanted.
        trials
            Trials in all; later ones, which a search with more of them left, are not looked at.
        most
            Trials at once.

        Returns
        -------
        Their numbers and settings; none when all are claimed.
        """
        with self._locked():
            ours = self._claims[:trials]
            left = [claim for claim in ours if claim.trial is None and not self._alive(claim.driver)]
            if left:
                again = [n for n, each in enumerate(self._claims) if each.trial is None and each.batch == left[0].batch]
                return self._taken(again, [self._claims[number].settings for number in again])
            so_far: list[Trial | dict[str, Any]] = [each.trial or each.settings for each in self._claims]
            wanted = min(most, trials - len(so_far))
            new = propose(so_far, wanted) if wanted > 0 else []
            return self._taken(range(len(so_far), len(so_far) + len(new)), new)

    def finish(self, numbers: Sequence[int], trials: Sequence[Trial]) -> None:
        """Note what trials gave."""
        with self._locked():
            self._append(
                {
                    "finished": number,
                    "error": None if math.isnan(trial.error) else trial.error,
                    "halved": trial.halved,
                }
                for number, trial in zip(numbers, trials, strict=True)
            )

    def wait(self, trials: int) -> bool:
        """Wait for the first trials, where other processes run some of them; say whether there were any."""
        with self._locked():
            running = any(each.trial is None for each in self._claims[:trials])
        if running:
            time.sleep(_WAIT)
        return running

    def finished(self, trials: int) -> list[Trial]:
        """Return the first trials that have ended, in the order of their numbers; a file may hold more."""
        return [each.trial for each in self._claims[:trials] if each.trial is not None]

    def _taken(self, numbers: Sequence[int], settings: Sequence[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
        batch = numbers[0] if len(numbers) else 0
        self._append(
            {"claimed": number, "settings": to_json(each), "driver": self._driver, "batch": batch}
            for number, each in zip(numbers, settings, strict=True)
        )
        return list(zip(numbers, settings, strict=True))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the file, with all of its lines read."""
        if self.path is None:
            yield
            return
        with self._opened() as file:
            _lock(file.fileno())
            file.seek(0)
            content = file.read()
            if not content.startswith(_BEGIN[: len(content)]):  # before anything of another file is cut off
                raise self._no_trials("another file")
            whole = content[: content.rfind(b"\n") + 1]
            if len(whole) < len(content):
                file.truncate(len(whole))
            if not whole:
                file.write(_line({"penstock_search": 1, **self._search}))
            for line in whole[self._read :].splitlines():
                self._note(line, first=not self._read)
                self._read += len(line) + 1
            self._file = file
            yield
            file.flush()
            os.fsync(file.fileno())

    def _opened(self) -> BinaryIO:
        assert self.path is not None  # noqa: S101
        try:
            return self.path.open("a+b")
        except OSError as error:
            raise self._not_written(error) from error

    def _not_written(self, error: OSError | ValueError) -> OptionError:
        why = getattr(error, "strerror", None) or error
        return OptionError(f"storage={str(self.path)!r} cannot be written: {why}.")

    def _no_trials(self, why: Any) -> OptionError:
        return OptionError(f"storage={str(self.path)!r} holds no trials of a search ({why}); give a new file.")

    def _append(self, records: Any) -> None:
        for record in records:
            line = _line({"rows": self._rows, **record})
            self._record(json.loads(line))
            if self.path is not None:
                self._file.write(line)
                self._read = self._file.tell()

    def _note(self, line: bytes, *, first: bool) -> None:
        try:
            record = strict_json(line)
            assert isinstance(record, dict)  # noqa: S101
            if first:
                self._check(record)
            else:
                self._record(record)
        except OptionError:
            raise
        except (ValueError, KeyError, TypeError, AssertionError, IndexError) as error:
            raise self._no_trials(error or "another file") from error

    def _check(self, found: dict[str, Any]) -> None:
        if found.pop("penstock_search") != 1:
            raise ValueError("of a later version")
        for name in {**self._search, **found}:
            if found.get(name) != self._search.get(name):
                raise OptionError(
                    f"storage={str(self.path)!r} holds the trials of another search: {name} is {found.get(name)} there "
                    f"and {self._search.get(name)} here; give each search a file of its own."
                )

    def _record(self, record: dict[str, Any]) -> None:
        if record["rows"] != self._rows:
            return
        if "claimed" in record:
            claim = _Claim(from_json(record["settings"]), record["driver"], record["batch"])
            if record["claimed"] == len(self._claims):
                self._claims.append(claim)
            else:
                self._claims[record["claimed"]] = claim
            return
        claim = self._claims[record["finished"]]
        error = math.nan if record["error"] is None else float(record["error"])
        claim.trial = Trial(claim.settings, error, record["halved"])

    def _lock_of(self, driver: str) -> Path:
        assert self.path is not None  # noqa: S101
        return self.path.with_name(f".{self.path.name}.{driver}.lock")

    def _alive(self, driver: str) -> bool:
        """Say whether the process that claimed trials runs still: it holds the lock of a file of its own."""
        if driver == self._driver:
            return True
        try:
            file = os.open(self._lock_of(driver), os.O_RDWR)
        except OSError:
            return False
        try:
            free = _lock(file, wait=False)
        finally:
            os.close(file)
        if free:
            self._lock_of(driver).unlink(missing_ok=True)
        return not free

    def _release(self) -> None:
        if self._own_lock >= 0:
            os.close(self._own_lock)
            self._own_lock = -1
            self._lock_of(self._driver).unlink(missing_ok=True)


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def _lock(file: int, *, wait: bool = True) -> bool:
    """Lock a file until it is closed, also by the end of the process; say whether it could be locked."""
    try:
        import fcntl
    except ImportError:
        return _lock_on_windows(file, wait=wait)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _lock_on_windows(file: int, *, wait: bool) -> bool:
    import msvcrt

    os.lseek(file, 1 << 30, os.SEEK_SET)  # a byte that nobody reads
    while True:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            if not wait:
                return False
            time.sleep(_WAIT / 10)
        else:
            return True
