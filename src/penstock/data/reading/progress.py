"""How far the reading of a large file has come: a bar on a terminal, one line elsewhere."""

from __future__ import annotations

import io
import sys
import time
from typing import Any

from penstock.data.reading.notes import note

__all__ = ["PATIENCE", "ReadingProgress"]

PATIENCE = 5.0
"""Seconds of reading after which progress is shown."""


class ReadingProgress(io.BytesIO):
    """Bytes of a file that tell, where reading them takes long, how many were read.

    Parameters
    ----------
    content
        The bytes.
    name
        What messages call the file.
    """

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.label, self.size, self.begin = name, len(content), time.monotonic()
        self.shown = False
        self._bar: Any = None

    def read(self, size: int | None = -1) -> bytes:
        """Read bytes."""
        self._tell()
        return super().read(size)

    def read1(self, size: int | None = -1) -> bytes:
        """Read bytes."""
        self._tell()
        return super().read1(size)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
        super().close()

    def _tell(self) -> None:
        place = self.tell()
        if not self.shown and time.monotonic() - self.begin >= PATIENCE and place < self.size:
            self.shown = True
            if sys.stderr.isatty():
                self._draw()
            else:
                note(
                    f"{self.label} is large: {place / 1e6:,.0f} of {self.size / 1e6:,.0f} MB are read after "
                    f"{time.monotonic() - self.begin:.0f} s."
                )
        if self._bar is not None:
            self._bar.update(self._task, completed=place)
            if place == self.size:
                self._bar.stop()

    def _draw(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("reading {task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(),
            console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task(self.label, total=self.size)
        self._bar.start()
