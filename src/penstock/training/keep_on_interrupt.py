"""Ctrl-C as early stopping: the fit ends with the best weights so far."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from penstock.errors import TrainingWarning
from penstock.interrupts import take_interrupt
from penstock.training.callbacks import Callback, EpochEnd, FitBegin

__all__ = ["KeepOnInterrupt"]


class KeepOnInterrupt(Callback):
    """Ends a fit at Ctrl-C as early stopping does: with the best weights so far, and a warning.

    An epoch that takes long ends after the steps that are running (at most some seconds), and is validated as it is.

    Where networks still wait for their turn (:attr:`FitBegin.rounds` above 1), nothing whole could be kept, and the
    interrupt ends the fit as usual; so does one that falls before the first epoch has begun.

    Attributes
    ----------
    interrupted
        Whether the last fit was ended so.

    Examples
    --------
    >>> import signal, warnings
    >>> import numpy as np, penstock as ps
    >>> class Press(ps.training.Callback):
    ...     def on_epoch_end(self, event):
    ...         if event.epoch.max() == 3:
    ...             signal.raise_signal(signal.SIGINT)
    >>> x, keep = np.random.default_rng(0).normal(size=(60, 4, 1)), ps.training.KeepOnInterrupt()
    >>> with warnings.catch_warnings(record=True, action="always") as said:
    ...     trained = ps.train(ps.Network([ps.RNN(2)]), x, x[:, -1], epochs=99, callbacks=[Press(), keep])
    >>> keep.interrupted, trained.history.epochs.tolist(), str(said[0].message)
    (True, [3], 'interrupted in epoch 3 of 99: the best weights so far are kept.')
    """

    interrupted = False

    def on_fit_begin(self, event: FitBegin) -> None:
        """See whether all networks train side by side."""
        self.interrupted, self._epochs, self.takes_interrupts = False, event.epochs, event.rounds == 1

    def on_epoch_end(self, event: EpochEnd) -> NDArray[np.bool_] | None:
        """Stop all networks where Ctrl-C was pressed."""
        if not self.takes_interrupts or not take_interrupt():
            return None
        self.interrupted = True
        steps = f", after {event.share:.0%} of its steps" if event.share < 1 else ""
        warnings.warn(
            f"interrupted in epoch {int(event.epoch.max())} of {self._epochs}{steps}: the best weights so far are "
            "kept.",
            TrainingWarning, stacklevel=2,
        )  # fmt: skip
        return np.ones(len(event.running), dtype=bool)
