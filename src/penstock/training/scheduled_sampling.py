"""Scheduled sampling: how often a decoder is fed the true target in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp

from penstock.options import Description, option

__all__ = ["ScheduledSampling"]


@dataclass(frozen=True, repr=False)
class ScheduledSampling(Description):
    """Share of the steps at which a decoder is fed the true target in training, falling linearly over the epochs.

    References
    ----------
    Bengio, Vinyals, Jaitly & Shazeer (2015), *Scheduled sampling for sequence prediction with recurrent neural
    networks*; linear decay.

    Examples
    --------
    >>> schedule = ScheduledSampling(1.0, 0.5, epochs=10)
    >>> [float(schedule.teacher_forcing_ratio(epoch)) for epoch in (0, 5, 10, 49)]
    [1.0, 0.75, 0.5, 0.5]
    """

    start: float = option(1.0, "share of true targets in the first epoch", at_least=0, at_most=1)
    end: float = option(1.0, "share of true targets after `epochs` epochs", at_least=0, at_most=1)
    epochs: int = option(10, "epochs from the first share to the last", at_least=1)

    def teacher_forcing_ratio(self, epoch: Any) -> Any:
        """Return the share in an epoch, counted from 0; `epoch` may be traced.

        Parameters
        ----------
        epoch
            Epochs trained before this one.

        Returns
        -------
        The share of steps that are fed the true target.
        """
        return self.start + (self.end - self.start) * jnp.minimum(epoch / self.epochs, 1.0)
