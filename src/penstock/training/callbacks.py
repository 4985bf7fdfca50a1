"""Hooks of the training loop: what progress bars, pruning and experiment trackers are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import described
from penstock.errors import OptionError
from penstock.training.config import TrainConfig
from penstock.training.history import Trained

__all__ = ["Callback", "EpochEnd", "FitBegin", "StepsEnd", "check_callbacks", "notify"]


@dataclass(frozen=True)
class FitBegin:
    """What a fit is about to do.

    Attributes
    ----------
    config
        How it trains.
    folds, members
        Networks to train: `members` on the samples of each fold.
    epochs
        Epochs at most of each.
    rounds
        How many networks train one after the other in a lane, at most: `rounds` · `epochs` calls of ``on_epoch_end``.
    resumed
        Calls of ``on_epoch_end`` in the earlier runs that this one goes on from.
    """

    config: TrainConfig
    folds: int
    members: int
    epochs: int
    rounds: int
    resumed: int = 0


@dataclass(frozen=True, eq=False)
class EpochEnd:
    """An epoch of the networks that train side by side; arrays are ``[lanes]``.

    Attributes
    ----------
    fold, member
        Which network trains in each lane.
    epoch
        Epochs that it has trained, this one included.
    training_loss, validation_loss
        Its losses, in scaled units; the validation loss is NaN where it has no validation samples.
    running
        Whether it was training; other lanes are idle, and their losses mean nothing.
    seconds
        What the compiled calls of the epoch took.
    share
        Share of the epoch's steps that were taken: below 1 where Ctrl-C ended it.
    """

    fold: NDArray[np.int32]
    member: NDArray[np.uint32]
    epoch: NDArray[np.int64]
    training_loss: NDArray[np.float64]
    validation_loss: NDArray[np.float64]
    running: NDArray[np.bool_]
    seconds: float
    share: float = 1.0


@dataclass(frozen=True, eq=False)
class StepsEnd:
    """Some steps of an epoch that takes long, about a second's.

    Attributes
    ----------
    epoch
        Epochs that were trained before this one, the most of all networks that train side by side.
    share
        Share of the epoch's steps that were taken.
    seconds
        What its compiled calls took, in this run.
    taken
        Share of the epoch's steps that this run took.
    training_loss
        Losses so far, ``[lanes]``, in scaled units.
    """

    epoch: int
    share: float
    seconds: float
    taken: float
    training_loss: NDArray[np.float64]


class Callback:
    """Hooks of a fit, to derive from; each does nothing by itself.

    Examples
    --------
    >>> class StopAfter(Callback):
    ...     def on_epoch_end(self, event):
    ...         return event.epoch >= 3  # these networks stop; their best weights so far are kept
    """

    takes_interrupts = False
    """Whether Ctrl-C within an epoch is to end the epoch, so that :meth:`on_epoch_end` sees it, and not the fit."""

    def on_fit_begin(self, event: FitBegin) -> None:
        """See what the fit is about to do, before the first epoch.

        Parameters
        ----------
        event
            What the fit is about to do.
        """

    def on_steps_end(self, event: StepsEnd) -> None:
        """See how far a long epoch has come, about once a second; epochs of two seconds or less have no such parts.

        Parameters
        ----------
        event
            What the epoch has come to.
        """

    def on_epoch_end(self, event: EpochEnd) -> NDArray[np.bool_] | None:
        """See the losses after every epoch; return which networks are to stop, ``[lanes]``, or None.

        Parameters
        ----------
        event
            The losses of the epoch.

        Returns
        -------
        Which networks are to stop, bool ``[lanes]``, or None for none.
        """
        return None

    def on_fit_end(self, trained: Sequence[Trained] | None) -> None:
        """See what each fold gave at the end; None where the fit failed or was interrupted.

        Parameters
        ----------
        trained
            Weights and losses of each fold; None where the fit failed or was interrupted.
        """


def check_callbacks(callbacks: Any) -> None:
    """Refuse what is no sequence of callbacks.

    Raises
    ------
    OptionError
        Where `callbacks` is a single callback, or holds what is not derived from :class:`Callback`.
    """
    if isinstance(callbacks, Callback):
        raise OptionError(f"callbacks={callbacks!r} is a single callback; give a list: callbacks=[...].")
    if not isinstance(callbacks, Sequence):
        raise OptionError(f"callbacks={described(callbacks)}; allowed: a list of callbacks.")
    wrong = [each for each in callbacks if not isinstance(each, Callback)]
    if wrong:
        raise OptionError(
            f"callbacks holds {wrong[0]!r}; allowed: instances of classes derived from penstock.training.Callback."
        )


@contextmanager
def notify(callbacks: Sequence[Callback], begin: FitBegin) -> Iterator[list[Sequence[Trained]]]:
    """Call the hooks of the beginning and the end; what the fit gave is appended to the list that this yields."""
    result: list[Sequence[Trained]] = []
    begun: list[Callback] = []
    try:
        for callback in callbacks:
            begun.append(callback)
            callback.on_fit_begin(begin)
        yield result
    finally:
        for callback in reversed(begun):
            callback.on_fit_end(result[0] if result else None)
