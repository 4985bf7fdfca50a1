"""Learning-rate schedules, described: the factor of the learning rate over the steps of a training."""

from __future__ import annotations

import abc
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from penstock.options import Description, option
from penstock.registry import resolve

__all__ = ["SCHEDULES", "Cosine", "OneCycle", "Schedule", "resolve_schedule"]


@dataclass(frozen=True, repr=False)
class Schedule(Description):
    """A learning-rate schedule described."""

    @abc.abstractmethod
    def factor(self, progress: jax.Array) -> jax.Array:
        """Return the factor of the learning rate at a share 0 to 1 of all steps.

        Parameters
        ----------
        progress
            Share of all steps that were taken, from 0 to 1.

        Returns
        -------
        The factor of the learning rate.
        """


@dataclass(frozen=True, repr=False)
class Cosine(Schedule):
    """A rate that rises linearly while it warms up, then falls along half a cosine.

    Examples
    --------
    >>> [round(float(Cosine(warmup=0.5).factor(share)), 3) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    [0.0, 0.5, 1.0, 0.5, 0.0]

    References
    ----------
    Loshchilov & Hutter (2017), *SGDR: Stochastic gradient descent with warm restarts*, equation 5, one cycle.
    """

    warmup: float = option(0.0, "share of the steps over which the rate rises", at_least=0, below=1)
    start: float = option(0.0, "factor of the rate at the first step of the warm-up", at_least=0, at_most=1)
    end: float = option(0.0, "factor of the rate at the last step", at_least=0, at_most=1)

    def factor(self, progress: jax.Array) -> jax.Array:
        """Return the factor of the learning rate at a share 0 to 1 of all steps."""
        fallen = jnp.clip((progress - self.warmup) / (1 - self.warmup), 0, 1)
        falling = self.end + (1 - self.end) * (1 + jnp.cos(jnp.pi * fallen)) / 2
        if not self.warmup:
            return falling
        rising = self.start + (1 - self.start) * progress / self.warmup
        return jnp.where(progress < self.warmup, rising, falling)


@dataclass(frozen=True, repr=False)
class OneCycle(Cosine):
    """One cycle: the rate rises over three tenths of the steps, then falls along half a cosine to nearly nothing.

    References
    ----------
    Smith & Topin (2019), *Super-convergence*; the shares are those of PyTorch's ``OneCycleLR``.
    """

    warmup: float = option(0.3, "share of the steps over which the rate rises", at_least=0, below=1)
    start: float = option(0.04, "factor of the rate at the first step of the warm-up", at_least=0, at_most=1)
    end: float = option(0.0, "factor of the rate at the last step", at_least=0, at_most=1)


SCHEDULES: dict[str, type[Schedule]] = {"cosine": Cosine, "one_cycle": OneCycle}
"""The schedules by name, each with its usual settings."""


def resolve_schedule(given: str | Schedule | None) -> Schedule | None:
    """Return the schedule that a name stands for, with its defaults, or what was given.

    Examples
    --------
    >>> resolve_schedule("cosine"), resolve_schedule(OneCycle(warmup=0.1)), resolve_schedule(None)
    (Cosine(), OneCycle(warmup=0.1), None)
    """
    return None if given is None else resolve("schedule", given, SCHEDULES, Schedule)  # type: ignore[type-abstract]
