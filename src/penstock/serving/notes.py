"""What reading a request's rows warned of: told in its answer, never logged."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from penstock.errors import DataWarning

__all__ = ["collect_notes", "warnings_collected"]

_here = threading.local()
_log = logging.getLogger("penstock.serving")


@contextmanager
def warnings_collected() -> Iterator[None]:
    """Hand warnings of any thread to its :func:`collect_notes`; outside of one, log their class and place."""

    def show(
        message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: str | None = None
    ) -> None:
        notes = getattr(_here, "notes", None)
        if notes is None or not issubclass(category, UserWarning):
            _log.warning("warning", extra={"fields": {"class": category.__name__, "at": f"{filename}:{lineno}"}})
        elif str(message) not in notes:
            notes.append(str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always", DataWarning)
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield


@contextmanager
def collect_notes() -> Iterator[list[str]]:
    """Collect what is warned of in this thread, each message once."""
    _here.notes = []
    try:
        yield _here.notes
    finally:
        _here.notes = None
