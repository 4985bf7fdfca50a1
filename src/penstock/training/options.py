"""The options of training, which every network that is fitted shares."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.options import Options, option
from penstock.training.config import TrainConfig
from penstock.training.losses import Loss
from penstock.training.optimizers import OPTIMIZERS, Optimizer, resolve_optimizer
from penstock.training.scheduled_sampling import ScheduledSampling
from penstock.training.schedules import SCHEDULES, Schedule, resolve_schedule

__all__ = ["TrainingOptions"]


@dataclass(repr=False, eq=False, kw_only=True)
class TrainingOptions(Options):
    """How a network is trained, declared once for all estimators; :func:`penstock.options.but` changes a default."""

    optimizer: str | Optimizer = option("rmsprop", "optimiser, by name or described", choices=OPTIMIZERS)
    batch: int = option(20, "samples a step", at_least=1)
    epochs: int = option(500, "passes over the samples at most", at_least=1)
    patience: int | None = option(25, "epochs to wait for a lower validation loss; None: never stop", at_least=1)
    target_loss: float | None = option(
        None, "validation loss, in scaled units, at which training stops; None: none", at_least=0
    )
    clip: float | None = option(None, "largest norm of a gradient", above=0)
    learning_rate_decay: float = option(
        1.0, "factor of the learning rate from one epoch to the next", above=0, at_most=1
    )
    schedule: str | Schedule | None = option(
        None, "factor of the learning rate over all steps of all epochs; None: constant", choices=SCHEDULES
    )
    members: int = option(1, "networks trained from different seeds; the answer is the mean of theirs", at_least=1)
    seed: int = option(0, "seed of weights and shuffles", at_least=0, below=2**32)
    progress: bool | None = option(None, "show a progress bar; None: on a terminal only", affects_fit=False)

    def train_config(
        self,
        loss: str | Loss,
        scheduled_sampling: ScheduledSampling | None = None,
        steps_per_epoch: int | None = None,
    ) -> TrainConfig:
        """Return how to train with these options and a loss."""
        schedule = resolve_schedule(self.schedule)
        return TrainConfig(
            loss,
            resolve_optimizer(self.optimizer),
            self.batch,
            self.patience,
            self.clip,
            self.target_loss,
            self.learning_rate_decay,
            scheduled_sampling,
            schedule,
            1 if schedule is None else self.epochs,
            steps_per_epoch,
        )
