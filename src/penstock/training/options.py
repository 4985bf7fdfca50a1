"""The options of training, which every network that is fitted shares."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.options import Options, option
from penstock.training.losses import Loss
from penstock.training.optimizers import OPTIMIZERS, Optimizer, optimizer_named
from penstock.training.plan import Plan

__all__ = ["TrainingOptions"]


@dataclass(repr=False, eq=False, kw_only=True)
class TrainingOptions(Options):
    """How a network is trained, declared once for all estimators; :func:`penstock.options.but` changes a default."""

    optimizer: str | Optimizer = option("rmsprop", "optimiser, by name or described", choices=OPTIMIZERS)
    batch: int = option(20, "samples a step", at_least=1)
    epochs: int = option(500, "passes over the samples at most", at_least=1)
    patience: int | None = option(25, "epochs to wait for a lower validation loss; None: never stop", at_least=1)
    enough: float | None = option(None, "validation loss, in scaled units, that ends training; None: none", at_least=0)
    clip: float | None = option(None, "largest norm of a gradient", above=0)
    rate_decay: float = option(1.0, "factor of the learning rate from one epoch to the next", above=0, at_most=1)
    members: int = option(1, "networks trained from different seeds; the answer is the mean of theirs", at_least=1)
    seed: int = option(0, "seed of weights and shuffles", at_least=0, below=2**32)
    progress: bool | None = option(None, "show a progress bar; None: on a terminal only")

    def plan(self, loss: str | Loss) -> Plan:
        """Give the plan of these options with a loss."""
        optimizer = optimizer_named(self.optimizer)
        return Plan(loss, optimizer, self.batch, self.patience, self.clip, self.enough, self.rate_decay)
