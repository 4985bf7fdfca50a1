"""Notes: one line that says what was read as what."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from penstock.errors import DataWarning

__all__ = ["listed", "note"]


def note(line: str) -> None:
    """Say in one line what was read as what; a :class:`DataWarning`, which the command line prints."""
    warnings.warn(line, DataWarning, stacklevel=2)


def listed(values: Iterable[object], most: int = 3) -> str:
    """List a few values of many.

    Examples
    --------
    >>> listed(["a", "b", "c", "d"]), listed(["a"])
    ("'a', 'b', 'c', …", "'a'")
    """
    every = [repr(value) for value in values]
    return ", ".join(every[:most]) + (", …" if len(every) > most else "")
