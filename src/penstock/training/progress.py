"""A progress bar on a terminal, silence elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["EpochBar", "tell"]


def tell(line: str, shown: bool | None = None) -> None:
    """Say what begins, where progress is shown."""
    if sys.stderr.isatty() if shown is None else shown:
        from rich.console import Console

        Console(stderr=True, soft_wrap=True).print(line, highlight=False, markup=False, style="dim")


class EpochBar:
    """Shows the epochs of one fit with the losses and the time left; draws nothing where stderr is no terminal."""

    def __init__(self, epochs: int, shown: bool | None = None) -> None:
        self.epochs = epochs
        self.shown = sys.stderr.isatty() if shown is None else shown
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        if self.shown:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._progress = Progress(
                TextColumn("epoch"), MofNCompleteColumn(), BarColumn(), TextColumn("{task.description}"),
                TimeRemainingColumn(), console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self._progress.start()
            self._task = self._progress.add_task("compiling", total=self.epochs)
        return self

    def advance(self, learned: NDArray[Any], watched: NDArray[Any], going: int) -> None:
        """Tell that an epoch has ended, with the medians of the losses and the members still training."""
        if self._progress is not None:  # two medians take as long as three steps of a small network
            told = f"loss {np.median(learned):.3g} · watched {np.median(watched):.3g} · {going} training"
            self.ended(told)

    def ended(self, told: str) -> None:
        """Tell that an epoch has ended, and what of it."""
        if self._progress is not None:
            self._progress.update(self._task, advance=1, description=told)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()
