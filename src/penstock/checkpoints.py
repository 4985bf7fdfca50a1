"""A folder of checkpoints: what a run has trained so far, so that a run that was killed goes on to the same bits.

Trainings are numbered in the order in which a run comes to them, and each has one file, which is replaced whole. A run
that goes on takes the weights of the trainings that had ended, continues the one that had not, and runs the rest.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from penstock.argument_types import checked_path, described
from penstock.errors import OptionError, TrainingWarning, named
from penstock.files import write_json
from penstock.run_files import Run, TrainingFile, current, refuse_differences
from penstock.strict_json import strict_json
from penstock.version import __version__

__all__ = ["Run", "TrainingFile", "checkpoints", "current_run", "in_words", "text_of"]

_RUN, _LOCK, _PARTS = "run.json", "lock", ".*.part-*"
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # of a function: another in every process


def text_of(value: Any) -> str:
    """Write a value in the same words in every process: its representation without addresses.

    Examples
    --------
    >>> text_of({"epochs": 5, "loss": max})
    "{'epochs': 5, 'loss': <built-in function max>}"
    """
    text = _ADDRESS.sub("", repr(value))
    if len(text) <= 2000:
        return text
    return f"{text[:200]}... ({len(text):,} characters, {hashlib.sha256(text.encode()).hexdigest()[:16]})"


def in_words(models: Iterable[Any]) -> dict[str, str]:
    """Write the options of models, by name: for the message that names what differs where another run is resumed.

    Examples
    --------
    >>> from penstock.baselines.naive import Naive
    >>> in_words([Naive(horizon=3)])
    {'model': 'Naive', 'horizon': '3'}
    """
    found: dict[str, str] = {}
    listed = list(models)
    for number, model in enumerate(listed, start=1):
        which = f" of model {number}" if len(listed) > 1 else ""
        found[f"model{which}"] = type(model).__name__
        for field in dataclasses.fields(model):
            if field.init and field.metadata.get("affects_fit", True):
                found[f"{field.name}{which}"] = text_of(getattr(model, field.name))
    return found


def current_run() -> Run | None:
    """Return the run whose trainings are kept; None where none are."""
    return current.get()


@contextlib.contextmanager
def checkpoints(
    folder: str | Path | None,
    *,
    resume: bool = False,
    minutes: float = 1.0,
    what: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Keep checkpoints of everything that is trained in this block and thread.

    A checkpoint is written at the end of an epoch, and every second or so within a long one: always where writing takes
    less than a twentieth of the time since the last one, else every so many minutes. A process that is killed loses
    what it trained since. The same code, run again with ``resume=True``, gives the bits of a run that was never
    interrupted.

    Parameters
    ----------
    folder
        Folder of the checkpoints, made where it is not there; None: nothing is kept.
    resume
        Go on with the run whose checkpoints the folder holds; where it holds none, one begins.
    minutes
        Minutes between two checkpoints of a training at most.
    what
        What the run is, by name, for the message where another one is resumed.

    Yields
    ------
    Nothing.

    Raises
    ------
    OptionError
        Where the folder holds a run and `resume` is False, or that of other data or options: named, with both values.

    Examples
    --------
    >>> import tempfile, numpy as np, penstock as ps
    >>> x = np.random.default_rng(0).normal(size=(60, 4, 1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for resume in (False, True):  # the second time, all is there already
    ...         with ps.training.checkpoints(folder, resume=resume):
    ...             trained = ps.train(ps.Network([ps.RNN(2)]), x, x[:, -1], epochs=3)
    ...             print(trained.history.training_loss.shape)
    (3, 1)
    (3, 1)
    """
    if not isinstance(resume, bool):
        raise OptionError(
            f"resume={described(resume)}; allowed: True or False. The folder is given as checkpoint='FOLDER'."
        )
    if folder is None:
        if resume:
            raise OptionError("resume=True goes on from checkpoints; say where they are: checkpoint='FOLDER'.")
        yield
        return
    if isinstance(minutes, bool) or not isinstance(minutes, (int, float)) or not minutes >= 0:
        raise OptionError(f"minutes={minutes!r} is not allowed; allowed: a number of minutes, 0 or more.")
    place = checked_path(folder)
    _require_folder(place)
    with _locked(place):
        _begin(place, resume, dict(what or {}))
        run = Run(place, 60 * minutes)
        token = current.set(run)
        try:
            yield
        except KeyboardInterrupt:
            if not _kept(place):
                print(f"interrupted before anything was kept in {str(place)!r}", file=sys.stderr)  # noqa: T201
            raise
        finally:
            current.reset(token)
        if not run.kept:
            warnings.warn(f"{folder!s} holds no checkpoint: nothing here is trained by epochs.", TrainingWarning, 4)


def _kept(folder: Path) -> list[str]:
    """Return the whole files of a folder beside that which says what its run is, and its lock."""
    parts = {each.name for each in folder.glob(_PARTS)}
    return sorted({each.name for each in folder.iterdir()} - parts - {_RUN, _LOCK})


def _require_folder(folder: Path) -> None:
    """Create the folder of a run; refuse one that holds other files."""
    if folder.exists() and not folder.is_dir():
        raise OptionError(f"checkpoint={str(folder)!r} is a file; give the name of a folder.")
    if folder.exists() and not (folder / _RUN).exists() and (others := _kept(folder)):
        raise OptionError(
            f"{str(folder)!r} holds other files ({named(others, 3)}); give a folder for checkpoints alone."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"the folder {str(folder)!r} cannot be made: {error.strerror}.") from None


def _begin(folder: Path, resume: bool, what: dict[str, str]) -> None:
    """Say in a folder what its run is, or check that it holds the checkpoints of this run."""
    if _kept(folder):
        if not resume:
            raise OptionError(
                f"{str(folder)!r} holds the checkpoints of a run already; give resume=True (--resume) to go on with "
                "it, or another folder."
            )
        try:
            held = strict_json((folder / _RUN).read_bytes())["what"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise OptionError(
                f"{str(folder / _RUN)!r} does not say what its run is: {error}. Give another folder."
            ) from error
        refuse_differences(folder, held, what)
        return
    # A run that ended before it kept anything, if one was begun here, is begun anew.
    write_json(folder / _RUN, {"penstock": __version__, "what": what})


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Refuse a folder that another process writes to; where the system has no locks of files, take it as it is."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    try:
        opened = (folder / _LOCK).open("w")
    except OSError as error:
        raise OptionError(f"the folder {str(folder)!r} cannot be written: {error.strerror}.") from None
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OptionError(
                f"another process keeps its checkpoints in {str(folder)!r}; end it, or give another folder."
            ) from None
        for left in folder.glob(_PARTS):  # of a process that was killed while it wrote
            left.unlink(missing_ok=True)
        yield
