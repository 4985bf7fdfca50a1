"""Training in Penstock, timed by the epoch: ``penstock.train`` tells a callback what each epoch took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

import penstock as ps
from frame.timing import Seconds
from jobs.model import Model
from paths.ours.model import network_of

__all__ = ["EpochTimes", "epoch_times"]

_EPOCHS = 10**6  # at most; the callback ends the training. Many, so that the program is compiled as for a long fit


class EpochTimes(ps.training.Callback):
    """Note the seconds of each epoch, and stop after some of them.

    Parameters
    ----------
    epochs
        Epochs of each network.
    """

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs
        self._seconds: dict[int, float] = defaultdict(float)

    def on_epoch_end(self, event: ps.training.EpochEnd) -> np.ndarray:
        """Note what the epoch took; networks that do not fit side by side train one after the other, which adds up."""
        epoch = int(event.epoch.max())
        self._seconds[epoch] += event.seconds
        return event.epoch >= self._epochs

    @property
    def seconds(self) -> Seconds:
        """Seconds of the first, second, ... epoch of all networks."""
        return Seconds(self._seconds[epoch] for epoch in sorted(self._seconds))


def epoch_times(
    model: Model, data: Mapping[str, Any], epochs: int, start: Any = None
) -> tuple[ps.training.TrainedNetwork, Seconds]:
    """Train a study's model for so many epochs; return it with the seconds of each."""
    times = EpochTimes(epochs)
    trained = ps.train(
        network_of(model), **data, loss=model.loss, optimizer=model.optimizer, batch=model.batch, epochs=_EPOCHS,
        members=model.members, outputs=model.outputs, start=start, progress=False, callbacks=[times],
    )  # fmt: skip
    return trained, times.seconds
