"""The errors Penstock raises: each says what was given, what is allowed and the nearest fix."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "DataError",
    "DataWarning",
    "EngineError",
    "ForkError",
    "ModelFileError",
    "OptionError",
    "PenstockError",
    "TrainingError",
    "TrainingWarning",
    "WriteError",
    "named",
    "nearest",
]


class PenstockError(Exception):
    """Base of all errors that Penstock raises on purpose; the command line prints it without a traceback."""


class OptionError(PenstockError, ValueError):
    """An option, name or argument that is not allowed."""


class DataError(PenstockError, ValueError):
    """A frame or file whose content cannot be used as it is."""


class DataWarning(UserWarning):
    """What was read in another form than it was given, in one line; the command line prints it as it is."""


class EngineError(PenstockError, RuntimeError):
    """Workers that cannot be reached, that died too often, or that would not compute the same numbers."""


class ForkError(PenstockError, RuntimeError):
    """A process that was forked while JAX ran in its parent, in which nothing can be computed."""


class ModelFileError(PenstockError, ValueError):
    """A model file that is truncated, altered, of a newer format, or no model file at all."""


class TrainingError(PenstockError, RuntimeError):
    """A training run that cannot go on, such as a loss that turned NaN."""


class TrainingWarning(UserWarning):
    """A training that ended or went on in another way than was asked, in one line."""


class WriteError(PenstockError, OSError):
    """A file that cannot be written: a full disk, a limit, a lost folder; what stood in its place is left as it was."""


def nearest(given: object, allowed: Iterable[object]) -> str:
    """End an error message with the nearest allowed name, and with those allowed: the first twelve of many.

    Examples
    --------
    >>> nearest("rmspop", ["sgd", "rmsprop", "adam"])
    "did you mean 'rmsprop'? Allowed: 'sgd', 'rmsprop', 'adam'."
    >>> nearest("word 1999x", [f"word {number}" for number in range(2000)])[:40]
    "did you mean 'word 1999'? Allowed: 'word"
    >>> named(range(2000), most=3)
    "'0', '1', '2' and 1,997 more"
    """
    names = [str(name) for name in allowed]
    lowered = {name.lower(): name for name in reversed(names)}
    close = difflib.get_close_matches(str(given).lower(), lowered, n=1, cutoff=0.5)
    hint = f"did you mean {lowered[close[0]]!r}? " if close else ""
    return f"{hint}{'Allowed' if hint else 'allowed'}: {named(names)}." if names else "nothing is allowed here."


def named(names: Iterable[object], most: int = 12) -> str:
    """List names for an error message: the first `most` of them, and how many more there are."""
    every = [str(name) for name in names]
    more = f" and {len(every) - most:,} more" if len(every) > most else ""
    return ", ".join(map(repr, every[:most])) + more
