"""The libraries of the extra `text`, imported when they are needed."""

from __future__ import annotations

from typing import Any

from penstock import extras

__all__ = ["library"]


def library(name: str) -> Any:
    """Import a library of the extra ``text``; the error for a missing one says how to install it.

    Raises
    ------
    OptionError
        Where it is not installed.
    """
    return extras.library(name, "text", "text")
