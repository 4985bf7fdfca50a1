"""The warm-up of an optimiser: steps at a rate of zero, so that its running means do not begin from zero."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from penstock.options import option
from penstock.training.schedules import Schedule

__all__ = ["Warmup", "warmup_epochs"]

_STEPS = 30
"""Steps of a warm-up at least: RMSprop's running mean of squares (decay .9) then holds 96 % of what it comes to."""


@dataclass(frozen=True, repr=False)
class Warmup(Schedule):
    """A rate of zero in the first share of the steps, in which the optimiser takes up its running means; then whole.

    The first steps of RMSprop, whose mean of squares begins at zero, are up to three times as long as later ones, and
    those of Adam follow the sign of one gradient. Where weights are trained already, and few steps are taken, that is
    most of what the steps do.

    Examples
    --------
    >>> [float(Warmup(share=0.5).factor(jnp.asarray(share))) for share in (0.0, 0.49, 0.5, 1.0)]
    [0.0, 0.0, 1.0, 1.0]
    """

    share: float = option(0.5, "share of the steps at a rate of zero", at_least=0, below=1)

    def factor(self, progress: jax.Array) -> jax.Array:
        """Return the factor of the learning rate at a share 0 to 1 of all steps."""
        return jnp.where(progress < jnp.asarray(self.share, progress.dtype), 0.0, 1.0)


def warmup_epochs(samples: int, batch: int) -> int:
    """Return the number of epochs of a warm-up before a training on so many samples.

    Examples
    --------
    >>> warmup_epochs(64, 20), warmup_epochs(10_000, 20)
    (8, 1)
    """
    return -(-_STEPS // max(-(-samples // batch), 1))
