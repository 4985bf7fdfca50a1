"""An interrupt ends the program, wherever it falls."""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

__all__ = ["INTERRUPTED", "end_at_once", "never_lost", "raise_interrupt"]

INTERRUPTED = 130
"""The status of a process that was interrupted."""


def raise_interrupt(number: int, frame: Any) -> NoReturn:
    """Raise an interrupt where it falls; the program need not put it off, for it ends by :func:`end_at_once`."""
    raise KeyboardInterrupt


def never_lost(unraisable: Any) -> None:
    """End the program where an interrupt falls into a callback, such as JAX's of the garbage collector.

    Python drops what is raised there and goes on. It is put in the place of ``sys.unraisablehook``.
    """
    if isinstance(unraisable.exc_value, KeyboardInterrupt):
        end_at_once()
    sys.__unraisablehook__(unraisable)


def end_at_once() -> NoReturn:
    """Leave without taking anything down: JAX 0.10 crashes under a program that is still being compiled."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)
