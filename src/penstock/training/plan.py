"""How to train: loss, optimiser, batch, patience, clipping."""

from __future__ import annotations

from dataclasses import dataclass

import optax

from penstock.options import option
from penstock.training.losses import LOSSES
from penstock.training.optimizers import Optimizer, RMSprop

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """A training plan; hashable, so that one compiled program serves every fit with the same plan.

    Attributes
    ----------
    patience
        Epochs without a lower watched loss after which a member stops; None to run all epochs.
    clip
        Largest global norm of a step's gradient; None not to clip.
    """

    loss: str = option("mse", "what to minimise", choices=LOSSES)
    optimizer: Optimizer = RMSprop()
    batch: int = option(20, "samples a step", at_least=1)
    patience: int | None = option(25, "epochs to wait for a lower watched loss", at_least=1)
    clip: float | None = option(None, "largest norm of a gradient", above=0)

    def build_optimizer(self) -> optax.GradientTransformation:
        """Make the Optax transformation, clipping included."""
        rule = self.optimizer.build()
        return rule if self.clip is None else optax.chain(optax.clip_by_global_norm(self.clip), rule)
