"""What every cell is: one step of a recurrence."""

from __future__ import annotations

import abc
from typing import Any, ClassVar, Generic, TypeVar

import equinox as eqx
import jax

__all__ = ["Cell", "masked"]

State = TypeVar("State")


class Cell(eqx.Module, Generic[State]):
    """One step of a recurrence. A cell of your own implements these two methods and runs wherever a cell does.

    :class:`penstock.layers.recurrent.Recurrent` makes a layer of it, by its name if need be: `kinds` knows every cell.

    A cell that knows recurrent dropout sets `masks` and takes the mask ``[batch, units]`` as a third argument of
    `__call__`, None by default: it multiplies h where h enters the recurrent product, and nowhere else.
    """

    kinds: ClassVar[dict[str, type[Cell[Any]]]] = {}
    masks: ClassVar[bool] = False

    letters: ClassVar[tuple[str, ...]] = ("h",)
    """The letters of the state's leaves, in their order; for pictures and tables."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.__name__.startswith("_"):
            Cell.kinds[cls.__name__] = cls

    @abc.abstractmethod
    def initial_state(self, batch: int) -> State:
        """Give the state before the first step: any pytree whose leaves start with ``[batch, ...]``."""

    def unroll(
        self,
        x: jax.Array,
        state: State,
        *,
        lengths: jax.Array | None = None,
        mask: jax.Array | None = None,
        reverse: bool = False,
        sequence: bool = True,
    ) -> tuple[jax.Array, State] | None:
        """Run a whole sequence ``[batch, time, features]`` by other means than step by step; None where there are none.

        :func:`penstock.layers.unroll.unroll` says what the options mean. The result must be that of the steps; a test
        holds the two equal.
        """
        return None

    def gates(self, x: jax.Array, state: State) -> dict[str, jax.Array]:
        """Give the gates and the candidate of one step by their letters, each ``[batch, units]``; none by default.

        A cell that has gates computes its step from what this method gives, so that a picture shows what happens.
        """
        return {}

    @abc.abstractmethod
    def __call__(self, x: jax.Array, state: State) -> tuple[jax.Array, State]:
        """Take one step: input ``[batch, features]`` and state in; output ``[batch, outputs]`` and state out."""


def masked(h: jax.Array, mask: jax.Array | None) -> jax.Array:
    """Give h as it enters a recurrent product: under the mask of recurrent dropout, if there is one."""
    return h if mask is None else h * mask
