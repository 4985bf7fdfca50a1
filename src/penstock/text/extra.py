"""The libraries of the extra `text`, imported when they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from penstock.errors import OptionError

__all__ = ["library"]


def library(name: str) -> Any:
    """Import a library of the extra, or say how to have it.

    Raises
    ------
    OptionError
        Where it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise OptionError(f"text needs {name.partition('.')[0]}: pip install 'penstock[text]'.") from error
