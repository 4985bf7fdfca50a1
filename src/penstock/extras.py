"""The libraries of extras, imported when they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from penstock.errors import OptionError

__all__ = ["library"]


def library(name: str, extra: str, what: str) -> Any:
    """Import a library of an extra, or say how to have it.

    Parameters
    ----------
    name
        Module to import.
    extra
        Extra of penstock that installs it.
    what
        What needs it, for the message.

    Raises
    ------
    OptionError
        Where it is not installed.

    Examples
    --------
    >>> library("no_such_library.models", "classical", "ETS")
    Traceback (most recent call last):
    penstock.errors.OptionError: ETS needs no_such_library: pip install 'penstock[classical]'.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise OptionError(f"{what} needs {name.partition('.')[0]}: pip install 'penstock[{extra}]'.") from error
