"""How to train, and what programs are compiled for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from penstock.networks.encoder_decoder import EncoderDecoder
from penstock.networks.inputs import Inputs
from penstock.networks.language import LanguageNetwork
from penstock.networks.network import Network
from penstock.networks.segrnn import SegRNN
from penstock.training.losses import Loss
from penstock.training.optimizers import Optimizer, RMSprop
from penstock.training.scheduled_sampling import ScheduledSampling
from penstock.training.schedules import Schedule

__all__ = ["TrainConfig", "TrainSpec"]


@dataclass(frozen=True)
class TrainConfig:
    """How to train; hashable, so that one compiled program serves every fit with the same configuration.

    The options are declared, with their bounds, by the estimators that people meet.

    Attributes
    ----------
    loss
        Name of a loss, or the loss itself, hashable.
    optimizer
        The optimiser, described.
    batch
        Samples a step.
    patience
        Epochs without a lower validation loss after which a member stops; None to run all epochs.
    clip
        Largest global norm of a step's gradient; None not to clip.
    target_loss
        Validation loss at which a member stops; None for none.
    learning_rate_decay
        Factor of the learning rate from one epoch to the next.
    scheduled_sampling
        Share of the true targets that a decoder is fed, by epoch; None for all of them.
    schedule
        Factor of the learning rate over the steps of `schedule_epochs` epochs; None for a constant rate.
    steps_per_epoch
        Steps of an epoch at most, each on samples drawn without replacement; None: all samples. For windows.
    stateful
        Whether samples are parts of series one after the other, from each of which the state is carried to the next
        (:mod:`penstock.training.carried`); `batch` is how many series, or places in them, are trained on at once.
    """

    loss: str | Loss = "mse"
    optimizer: Optimizer = RMSprop()
    batch: int = 20
    patience: int | None = None
    clip: float | None = None
    target_loss: float | None = None
    learning_rate_decay: float = 1.0
    scheduled_sampling: ScheduledSampling | None = None
    schedule: Schedule | None = None
    schedule_epochs: int = 1
    steps_per_epoch: int | None = None
    stateful: bool = False


class TrainSpec(NamedTuple):
    """What the programs of a fit are compiled for, beside the shapes of its samples; hashable.

    Attributes
    ----------
    network
        The network's description.
    config
        How to train it.
    inputs, outputs
        What the network reads, and how many values it puts out.
    """

    network: Network | EncoderDecoder | SegRNN | LanguageNetwork
    config: TrainConfig
    inputs: Inputs
    outputs: int
