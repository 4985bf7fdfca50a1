"""The progress bar that every long computation draws on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["counted", "progress_of"]


def progress_of(unit: str) -> Progress:
    """Make a bar that counts in `unit`, with a description and the time left, on stderr; it goes when it stops."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn(unit), MofNCompleteColumn(), BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip


@contextmanager
def counted(unit: str, total: int, description: str) -> Iterator[Callable[[], None]]:
    """Draw a bar of `total` where stderr is a terminal; what it yields advances it by one.

    Examples
    --------
    >>> with counted("series", 2, "ETS") as advance:
    ...     advance()
    """
    if not sys.stderr.isatty():
        yield lambda: None
        return
    with progress_of(unit) as progress:
        task = progress.add_task(description, total=total)
        yield lambda: progress.advance(task)
