"""A progress bar on a terminal, silence elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from penstock.progress import progress_of
from penstock.training.callbacks import Callback, EpochEnd, FitBegin, StepsEnd, check_callbacks
from penstock.training.history import Trained

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["ProgressBar", "tell", "with_progress_bar"]


def tell(line: str, shown: bool | None = None) -> None:
    """Print what begins to stderr, where progress is shown."""
    if sys.stderr.isatty() if shown is None else shown:
        from rich.console import Console

        Console(stderr=True, soft_wrap=True).print(line, highlight=False, markup=False, style="dim")


class ProgressBar(Callback):
    """Shows the epochs of one fit with the losses and the time left; draws nothing where stderr is no terminal.

    Parameters
    ----------
    shown
        Whether to draw; None: on a terminal only.
    """

    def __init__(self, shown: bool | None = None) -> None:
        self.shown = sys.stderr.isatty() if shown is None else shown
        self._progress: Progress | None = None
        self._done = 0

    def on_fit_begin(self, event: FitBegin) -> None:
        """Draw the bar."""
        self.start(event.epochs * event.rounds, event.resumed)

    def on_steps_end(self, event: StepsEnd) -> None:
        """Move on within an epoch that takes long, with the median of the losses so far."""
        if self._progress is not None:
            self.move_to(event.share, f"loss {np.median(event.training_loss):.3g}")

    def on_epoch_end(self, event: EpochEnd) -> NDArray[np.bool_] | None:
        """Advance by an epoch, with the medians of the losses and the number of networks that still train."""
        if self._progress is not None:  # two medians take as long as three steps of a small network
            losses = np.median(event.training_loss), np.median(event.validation_loss)
            self.advance(
                f"loss {losses[0]:.3g} · validation loss {losses[1]:.3g} · {int(event.running.sum())} training"
            )
        return None

    def on_fit_end(self, trained: Sequence[Trained] | None) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()

    def start(self, epochs: int, done: int = 0) -> None:
        """Draw the bar of so many epochs, of which some are done."""
        if self.shown:
            self._progress = progress_of("epoch")
            self._progress.start()
            self._task = self._progress.add_task("compiling", total=epochs, completed=done)
        self._done = done

    def advance(self, description: str) -> None:
        """Advance by an epoch."""
        self._done += 1
        self.move_to(0, description)

    def move_to(self, share: float, description: str) -> None:
        """Move to a share of the epoch that is going on."""
        if self._progress is not None:
            self._progress.update(self._task, completed=self._done + share, description=description)


def with_progress_bar(callbacks: Sequence[Callback], shown: bool | None) -> list[Callback]:
    """Check the callbacks of a fit, and put a progress bar behind them."""
    check_callbacks(callbacks)
    return [*callbacks, ProgressBar(shown)]
