"""How to train: loss, optimiser, batch, when to stop, clipping."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.training.losses import Loss
from penstock.training.optimizers import Optimizer, RMSprop

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """A training plan; hashable, so that one compiled program serves every fit with the same plan.

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
        Epochs without a lower watched loss after which a member stops; None to run all epochs.
    clip
        Largest global norm of a step's gradient; None not to clip.
    enough
        Watched loss at which a member has learned enough and stops; None to learn on.
    rate_decay
        Factor of the learning rate from one epoch to the next.
    """

    loss: str | Loss = "mse"
    optimizer: Optimizer = RMSprop()
    batch: int = 20
    patience: int | None = None
    clip: float | None = None
    enough: float | None = None
    rate_decay: float = 1.0
