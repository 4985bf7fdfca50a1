"""The sessions of a server in a folder: they outlive the process, however it ends."""

from __future__ import annotations

import base64
import importlib
import logging
import shutil
import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import numpy as safetensors

from penstock.errors import DataError, OptionError
from penstock.files import made_whole
from penstock.serving.journal import Journal
from penstock.serving.logs import event, place_of
from penstock.serving.models import ServedModel, read_served
from penstock.serving.problems import RequestError
from penstock.serving.sessions import Session, Sessions
from penstock.serving.steps import Row, read_row
from penstock.serving.together import Group
from penstock.stored_arrays import read_arrays
from penstock.streaming.saved import restored_stream, stream_parts

__all__ = ["State", "StoredSessions"]

_SIZE = 1 << 24  # bytes of the journal after which another is begun
_SECONDS = 1e-3  # seconds of a commit in which sessions are written into it


class State:
    """A folder with a journal, and the models that sessions were begun with.

    Parameters
    ----------
    folder
        The folder; it is made where there is none, for its owner alone.
    sync
        Whether a commit waits for the disk.

    Raises
    ------
    OptionError
        Where it cannot be written, or another server uses it.
    """

    def __init__(self, folder: Path, *, sync: bool = True) -> None:
        self.folder, self.models, self.old, self.sync = folder, folder / "models", folder / "journal.old", sync
        try:
            for each in (folder, self.models):
                each.mkdir(mode=0o700, parents=each == folder, exist_ok=True)
            self._lock = (folder / "lock").open("wb")
            self.journal = Journal(folder / "journal", sync=sync)
        except OSError as error:
            raise OptionError(f"--state {str(folder)!r} cannot be written: {error.strerror}.") from None
        self._lock_folder()
        self.largest = _SIZE

    def _lock_folder(self) -> None:
        try:
            fcntl: Any = importlib.import_module("fcntl")
        except ImportError:  # a system without it
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise OptionError(f"--state {str(self.folder)!r} is used by another server; give another folder.") from None

    def close(self) -> None:
        """Let another server use the folder."""
        self.journal.close()
        self._lock.close()

    def begin_another(self) -> None:
        """Begin another journal; what the old one holds counts until :meth:`forget`."""
        self.journal.flush()
        self.journal.path.rename(self.old)
        try:
            journal = Journal(self.journal.path, sync=self.sync)
        except OSError:
            self.old.rename(self.journal.path)
            raise
        self.journal.close()
        self.journal = journal

    def forget(self) -> None:
        """Delete the old journal, when what counts of it stands in the new one."""
        self.journal.flush()
        self.old.unlink(missing_ok=True)

    def records(self) -> Iterator[dict[str, Any]]:
        """Give the records of the old journal, where there is one, and of the other."""
        old: Iterable[dict[str, Any]] = ()
        if self.old.exists():
            journal = Journal(self.old)
            old = list(journal.read())
            journal.close()
        return chain(old, self.journal.read())

    def model_path(self, served: ServedModel) -> Path:
        """Return where the model of a session is kept, by the fingerprint of its file."""
        return self.models / served.sha256 / f"{served.name}.penstock"

    def store_model(self, served: ServedModel) -> None:
        """Copy the file of a model, where it is not there yet and is still the one that was read."""
        path = self.model_path(served)
        if path.exists():
            return
        path.parent.mkdir(mode=0o700, exist_ok=True)
        made_whole(path, lambda beside: shutil.copyfile(served.path, beside))
        if read_served(path).sha256 != served.sha256:
            path.unlink()
            raise RequestError(503, "the model file is changing; try again later.", {"Retry-After": "5"})


class _Again(NamedTuple):
    """A row that was taken before."""

    session: str
    step: int
    t: Any
    y: float


class StoredSessions(Sessions):
    """Sessions whose steps are in a journal before they are answered.

    When the journal is long, another is begun, and with each commit some sessions are written into it as they are; when
    all are, the old one is deleted. No commit waits for more than some of them.

    Parameters
    ----------
    limits
        As for :class:`Sessions`.
    state
        The folder.
    """

    def __init__(self, limits: Any, state: State) -> None:
        super().__init__(limits)
        self.state = state
        self.largest = _SIZE
        self._first: dict[str, dict[str, Any]] = {}
        self._to_write: deque[str] = deque()
        self._restoring = self._writing = False

    def are_quick(self, ids: list[str]) -> bool:
        """Whether steps take microseconds: not where a commit waits for the disk."""
        return not self.state.sync and super().are_quick(ids)

    def create(self, served: ServedModel, options: dict[str, Any]) -> Session:
        """Begin a session as :meth:`Sessions.create` does, and note it."""
        if served.streams:
            self.state.store_model(served)
        session = super().create(served, options)
        record = {"begin": session.id, "model": served.name, "sha256": served.sha256, "options": options}
        self._first[session.id] = record
        self.state.journal.append(record)
        return session

    def delete(self, id: str) -> None:
        """End a session, and note it."""
        super().delete(id)
        self.state.journal.append({"end": id})
        del self._first[id]

    def _take(self, session: Session, row: Row) -> dict[str, Any]:
        answer = super()._take(session, row)
        if not self._restoring:
            session.failed, given = True, {**row.to_json(), "times": row.times}
            self.state.journal.append({"of": session.id, "step": session.step, "row": given})
            session.failed = False  # the journal has the step: others may follow it there
        return answer

    def note(self, group: Group) -> None:
        """Keep rows that were taken together as one record."""
        if group and not self._restoring:
            _, rows, sessions, *_ = zip(*group, strict=True)
            names, steps = [session.id for session in sessions], [session.step for session in sessions]
            self.state.journal.append({"steps": [names, steps, [row.t for row in rows], [row.y for row in rows]]})

    def commit(self) -> None:
        """Write what was noted; called before anything is answered.

        Raises
        ------
        RequestError
            503 where the file cannot be written.
        """
        try:
            self.state.journal.commit()
        except OSError as error:
            event("journal failed", logging.ERROR, **place_of(error))
            raise RequestError(
                503,
                "the step could not be written to the server's disk. Send it again with the same number 'step': it is "
                "not taken twice.",
                {"Retry-After": "5"},
            ) from None
        try:
            self._write_some()
        except OSError as error:  # the journals hold everything; the next commit goes on
            event("sessions not written", logging.ERROR, **place_of(error))

    def flush(self) -> None:
        """Wait until the disk has what was committed; called in another thread."""
        self.state.journal.flush()

    def _write_some(self) -> None:
        """Write sessions into a new journal when the other is long: those for which there is time, the rest later."""
        if not self._writing:
            if self.state.journal.size <= self.largest:
                return
            self.state.begin_another()
            self._writing, self._to_write = True, deque(self.by_id)
        end = time.perf_counter() + _SECONDS
        while self._to_write and time.perf_counter() < end:
            session = self.by_id.get(self._to_write.popleft())
            if session is not None:
                self.state.journal.append(self._record(session))
        self.state.journal.commit()
        if not self._to_write:
            self.state.forget()
            self._writing, self.largest = False, max(_SIZE, 4 * self.state.journal.size)

    def _record(self, session: Session) -> dict[str, Any]:
        """Describe a session as it is; one whose state is unknown ends with this process."""
        if session.failed:
            return {"end": session.id}
        about, arrays = stream_parts(session.stream)
        content = safetensors.save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
        now = {"step": session.step, "answer": session.answer, "about": about, "stream": content}
        return {**self._first[session.id], **now}

    def close(self) -> None:
        """Let another server take the sessions up."""
        self.state.journal.flush()
        self.state.close()

    def restore(self, models: list[ServedModel]) -> None:
        """Take up the sessions of an earlier process, to the same bits.

        Parameters
        ----------
        models
            The models that are served now; a session whose model has changed since goes on with its own.

        Raises
        ------
        DataError
            Where the journal is damaged, or does not fit together.
        """
        start, steps = time.monotonic(), 0
        newest: dict[str, int] = {}  # the record from which each session goes on
        for place, record in enumerate(self.state.records()):
            if "begin" in record:
                newest[record["begin"]] = place
            elif "end" in record:
                newest.pop(record["end"], None)
        known = {served.sha256: served for served in models}
        self._restoring = True
        for place, record in enumerate(self.state.records()):
            if "begin" in record:
                if newest.get(record["begin"]) == place:
                    self._restore_session(record, known)
            elif "steps" in record:
                rows = [_Again(*row) for row in zip(*record["steps"], strict=True) if row[0] in self.by_id]
                steps += len(rows)
                self._take_again(rows)
            elif record.get("of") in self.by_id:
                steps += 1
                session = self.by_id[record["of"]]
                self._check_next(session, record["step"])
                self._take(session, read_row(record["row"]))
        self._restoring = False
        self.taken.clear()  # an earlier process counted them
        used = {first["sha256"] for first in self._first.values()}
        for folder in self.state.models.iterdir():
            if folder.name not in used:
                shutil.rmtree(folder)
        self.state.journal.replace(map(self._record, self.by_id.values()))
        self.state.forget()
        self.largest = max(_SIZE, 4 * self.state.journal.size)
        event("restored", sessions=len(self.by_id), steps=steps, seconds=round(time.monotonic() - start, 3))

    def _restore_session(self, record: dict[str, Any], known: dict[str, ServedModel]) -> None:
        name = record["begin"]
        first = {each: record[each] for each in ("begin", "model", "sha256", "options")}
        served = known.get(first["sha256"])
        if served is None:
            served = read_served(self.state.models / first["sha256"] / f"{first['model']}.penstock")
            known[served.sha256] = served
        if "stream" in record:
            arrays = read_arrays(base64.b64decode(record["stream"]))
            stream = restored_stream(self.state.journal.path, served.model, record["about"], arrays)
            session = Session(name, served, stream, first["options"], record["step"], record["answer"])
        else:
            session = Session(name, served, served.model.stream(**first["options"]), first["options"])
        self.add(session)
        self._first[name] = first

    def _take_again(self, rows: list[_Again]) -> None:
        """Take rows again that were taken together."""
        for row in rows:
            self._check_next(self.by_id[row.session], row.step)
        answers = self.steps_together(rows)
        wrong = next((answer["error"] for answer in answers if "error" in answer), None)
        if wrong is not None:
            raise DataError(f"the journal holds a row that its session does not take: {wrong}")

    def _check_next(self, session: Session, step: int) -> None:
        if step != session.step + 1:
            raise DataError(f"the journal lacks step {session.step + 1} of a session.")
