"""What every cell is: one step of a recurrence."""

from __future__ import annotations

import abc
from typing import Generic, TypeVar

import equinox as eqx
import jax

__all__ = ["Cell"]

State = TypeVar("State")


class Cell(eqx.Module, Generic[State]):
    """One step of a recurrence. A cell of your own implements these two methods and runs wherever a cell does."""

    @abc.abstractmethod
    def initial_state(self, batch: int) -> State:
        """Give the state before the first step: any pytree whose leaves start with ``[batch, ...]``."""

    def unroll(self, x: jax.Array, state: State) -> tuple[jax.Array, State] | None:
        """Run a whole sequence ``[batch, time, features]`` by other means than step by step; None where there are none.

        The result must be that of the steps; a test holds the two equal.
        """
        return None

    @abc.abstractmethod
    def __call__(self, x: jax.Array, state: State) -> tuple[jax.Array, State]:
        """Take one step: input ``[batch, features]`` and state in; output ``[batch, outputs]`` and state out."""
