"""The models of a server, by name: read from their files, asked for forecasts."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw

from penstock.catalogue import load
from penstock.data.later import join_later
from penstock.errors import OptionError, nearest
from penstock.estimator import Estimator
from penstock.serving.notes import collect_notes
from penstock.serving.problems import RequestError
from penstock.serving.tables import rows_of_frame

__all__ = ["Models", "ServedModel", "file_stamp", "read_served"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class ServedModel:
    """A model as it was read from its file.

    Attributes
    ----------
    name
        Name of the file, without its end.
    path
        The file.
    sha256
        Fingerprint of the file's bytes.
    model
        The fitted model.
    loaded
        When it was read, in seconds since 1970.
    stamp
        What the file system says of the file: another file, size or time of change gives another.
    """

    name: str
    path: Path
    sha256: str
    model: Any
    loaded: float
    stamp: tuple[int, ...]

    @property
    def streams(self) -> bool:
        """Whether it can have sessions."""
        return hasattr(self.model, "stream")

    def about(self) -> dict[str, Any]:
        """Say what a client must know of the model."""
        return {
            "name": self.name,
            "model": repr(self.model),
            "horizon": self.model.horizon,
            "columns": self.model.kind_.columns.to_json(),
            "number_of_series": len(self.model.ids_),
            "sessions": self.streams,
            "sha256": self.sha256,
            "loaded": self.loaded,
        }

    def forecast(self, rows: Any, future: Any, level: list[float]) -> dict[str, Any]:
        """Forecast after the rows that the model keeps, or after later ones.

        Parameters
        ----------
        rows
            Frame of later rows, or a function that reads it: they follow those that the model keeps, and those that it
            has seen are left out; None: none.
        future
            Frame of the covariates known ahead; None: none.
        level
            Levels of intervals, in percent.

        Returns
        -------
        What is answered: the forecasts, how many rows were new and had been seen, and notes.
        """
        with collect_notes() as notes:
            frame = rows() if callable(rows) else rows
            later = None if frame is None else join_later(self.model, frame)
            found = self.model.predict(None if later is None else later.frame, future=future, level=level)
        return {
            "model": self.name,
            "sha256": self.sha256,
            "rows": {"new": later.new if later else 0, "seen": later.seen if later else 0},
            "forecasts": rows_of_frame(nw.from_native(found).to_pandas()),
            "notes": notes,
        }


def file_stamp(path: Path) -> tuple[int, ...]:
    """Return what changes when a file is replaced or written; empty where there is none."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


def read_served(path: Path) -> ServedModel:
    """Read a model of series.

    Parameters
    ----------
    path
        The model file; its name, without its end, is the model's name.

    Raises
    ------
    OptionError
        For a name that cannot stand in an address, or a model that does not read series.
    ModelFileError
        Where the file cannot be read.
    """
    name = path.name.removesuffix(".penstock")
    if not _NAME.fullmatch(name):
        raise OptionError(
            f"{str(path)!r}: a model is served under the name of its file, and {name!r} cannot stand in an address; "
            "allowed: letters, digits, '.', '_' and '-'."
        )
    # Both before the file is loaded: one that is replaced meanwhile is read again.
    stamp = file_stamp(path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest() if stamp else ""
    model = load(path)
    if not isinstance(model, Estimator):
        raise OptionError(
            f"{str(path)!r} holds a {type(model).__name__}, which does not read series; it is not served."
        )
    return ServedModel(name, path, sha256, model, round(time.time(), 3), stamp)


class Models:
    """Models by name.

    Parameters
    ----------
    paths
        Model files.

    Raises
    ------
    OptionError
        Where two have one name, or one is no model of series.
    """

    def __init__(self, paths: list[Path]) -> None:
        self.by_name: dict[str, ServedModel] = {}
        for path in paths:
            found = read_served(path)
            if found.name in self.by_name:
                first = self.by_name[found.name].path
                raise OptionError(f"{str(first)!r} and {str(path)!r} have one name; give one file another name.")
            self.by_name[found.name] = found

    def find(self, name: Any) -> ServedModel:
        """Return a model by its name; None names the only one.

        Raises
        ------
        RequestError
            404 for an unknown name; 422 where there are several and none was named.
        """
        if name is None:
            if len(self.by_name) == 1:
                return next(iter(self.by_name.values()))
            raise RequestError(422, f"several models are served; name one; {nearest('', self.by_name)}")
        if not isinstance(name, str) or name not in self.by_name:
            raise RequestError(404, f"no model {str(name)[:80]!r} is served; {nearest(str(name)[:80], self.by_name)}")
        return self.by_name[name]
