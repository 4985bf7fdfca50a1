"""The sessions of a server in a folder: they outlive the process, however it ends."""

from __future__ import annotations

import importlib
import logging
import shutil
import time
from pathlib import Path
from typing import Any

from penstock.errors import DataError, OptionError
from penstock.files import made_whole
from penstock.serving.journal import Journal
from penstock.serving.logs import event, place_of
from penstock.serving.models import ServedModel, read_served
from penstock.serving.problems import RequestError
from penstock.serving.sessions import Session, Sessions
from penstock.serving.steps import Row, read_row
from penstock.streaming.saved import read_stream

__all__ = ["State", "StoredSessions"]

_ROWS = 1_000  # steps of a session after which its stream is saved
_SIZE = 1 << 26  # bytes of the journal after which it is written anew


class State:
    """A folder with a journal, streams, and the models that sessions were begun with.

    Parameters
    ----------
    folder
        The folder; it is made where there is none, for its owner alone.

    Raises
    ------
    OptionError
        Where it cannot be written, or another server uses it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.streams, self.models = folder, folder / "streams", folder / "models"
        try:
            for each in (folder, self.streams, self.models):
                each.mkdir(mode=0o700, parents=each == folder, exist_ok=True)
            self._lock = (folder / "lock").open("wb")
            self.journal = Journal(folder / "journal")
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


class StoredSessions(Sessions):
    """Sessions whose steps are in a journal before they are answered.

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
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._first: dict[str, dict[str, Any]] = {}
        self._old: list[Path] = []

    def is_quick(self, id: str) -> bool:
        """Return False: a commit waits for the disk."""
        return False

    def create(self, served: ServedModel, options: dict[str, Any]) -> Session:
        """Begin a session as :meth:`Sessions.create` does, and note it."""
        if served.streams:
            self.state.store_model(served)
        session = super().create(served, options)
        record = {"begin": session.id, "model": served.name, "sha256": served.sha256, "options": options}
        self._first[session.id], self._rows[session.id] = record, []
        self.state.journal.append(record)
        return session

    def delete(self, id: str) -> None:
        """End a session, and note it."""
        super().delete(id)
        self.state.journal.append({"end": id})
        self._old += self._files(self._first.pop(id))
        del self._rows[id]

    def _take(self, session: Session, row: Row) -> dict[str, Any]:
        answer = super()._take(session, row)
        record = {"of": session.id, "step": session.step, "row": {**row.to_json(), "times": row.times}}
        self.state.journal.append(record)
        self._rows[session.id].append(record)
        if len(self._rows[session.id]) >= _ROWS:
            self._save(session)
        return answer

    def _save(self, session: Session) -> None:
        """Save the stream of a session, so that its steps so far need not be taken again."""
        before = self._first[session.id]
        name = f"{session.id}.{session.step}.stream"
        try:
            session.stream.save(self.state.streams / name)
        except OSError as error:  # the journal still holds its steps; the next one tries again
            event("stream not saved", logging.ERROR, **place_of(error))
            return
        record = {**before, "stream": name, "step": session.step, "answer": session.answer}
        self._old += self._files(before)
        self._first[session.id], self._rows[session.id] = record, []
        self.state.journal.append(record)

    def _files(self, record: dict[str, Any]) -> list[Path]:
        return [self.state.streams / record["stream"]] if "stream" in record else []

    def commit(self) -> None:
        """Write what was noted; called before anything is answered.

        Raises
        ------
        RequestError
            503 where the file cannot be written.
        """
        journal = self.state.journal
        try:
            journal.commit()
            if journal.size > self.state.largest:
                self._rewrite()
        except OSError as error:
            event("journal failed", logging.ERROR, **place_of(error))
            raise RequestError(
                503,
                "the step could not be written to the server's disk. Send it again with the same number 'step': it is "
                "not taken twice.",
                {"Retry-After": "5"},
            ) from None
        for path in self._old:
            path.unlink(missing_ok=True)
        self._old.clear()

    def close(self) -> None:
        """Let another server take the sessions up."""
        self.state.close()

    def _rewrite(self) -> None:
        records = [each for name, first in self._first.items() for each in (first, *self._rows[name])]
        self.state.journal.replace(records)
        self.state.largest = max(_SIZE, 2 * self.state.journal.size)

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
        start = time.monotonic()
        for record in self.state.journal.read():
            if "begin" in record:
                self._first[record["begin"]], self._rows[record["begin"]] = record, []
            elif "end" in record:
                self._first.pop(record["end"], None)
                self._rows.pop(record["end"], None)
            else:
                self._rows[record["of"]].append(record)
        known = {served.sha256: served for served in models}
        for name, first in self._first.items():
            self.by_id[name] = self._restored(name, first, known)
        used = {path.name for first in self._first.values() for path in self._files(first)}
        for path in self.state.streams.iterdir():
            if path.name not in used:
                path.unlink()
        for folder in self.state.models.iterdir():
            if folder.name not in {first["sha256"] for first in self._first.values()}:
                shutil.rmtree(folder)
        self._rewrite()
        steps, seconds = sum(map(len, self._rows.values())), round(time.monotonic() - start, 3)
        event("restored", sessions=len(self.by_id), steps=steps, seconds=seconds)

    def _restored(self, name: str, first: dict[str, Any], known: dict[str, ServedModel]) -> Session:
        served = known.get(first["sha256"])
        if served is None:
            served = read_served(self.state.models / first["sha256"] / f"{first['model']}.penstock")
            known[served.sha256] = served
        if "stream" in first:
            stream = read_stream(self.state.streams / first["stream"], model=served.model)
            session = Session(name, served, stream, first["options"], first["step"], first["answer"])
        else:
            session = Session(name, served, served.model.stream(**first["options"]), first["options"])
        for record in self._rows[name]:
            if record["step"] != session.step + 1:
                raise DataError(f"the journal lacks step {session.step + 1} of a session.")
            Sessions._take(self, session, read_row(record["row"]))
        return session
