"""What every cell is: one step of a recurrence."""

from __future__ import annotations

import abc
from typing import Any, ClassVar, Generic, TypedDict, TypeVar, Unpack

import equinox as eqx
import jax
import jax.numpy as jnp

__all__ = ["Cell", "DroppingWalk", "HiddenCell", "Walk", "masked"]

State = TypeVar("State")


class Walk(TypedDict, total=False):
    """How a whole sequence is walked; :func:`penstock.layers.unroll.unroll` says what each option means."""

    lengths: jax.Array | None
    mask: jax.Array | None
    reverse: bool
    sequence: bool


class DroppingWalk(Walk, total=False):
    """The walk of a cell that multiplies its inputs by a mask while it reads them."""

    x_mask: jax.Array | None


class Cell(eqx.Module, Generic[State]):
    """One step of a recurrence. A cell of your own implements these two methods and runs wherever a cell does.

    :class:`penstock.layers.recurrent.Recurrent` makes a layer of it, by its name if need be: `kinds` knows every cell.

    A cell that knows recurrent dropout sets `masks` and takes the mask ``[batch, units]`` as a third argument of
    `__call__`, None by default: it multiplies h where h enters the recurrent product, and nowhere else.
    """

    kinds: ClassVar[dict[str, type[Cell[Any]]]] = {}
    masks: ClassVar[bool] = False

    drops: ClassVar[bool] = False
    """Whether `unroll` takes an `x_mask`; other cells are given inputs that were multiplied before."""

    letters: ClassVar[tuple[str, ...]] = ("h",)
    """The letters of the state's leaves, in their order; for pictures and tables."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.__name__.startswith("_"):
            Cell.kinds[cls.__name__] = cls

    @abc.abstractmethod
    def initial_state(self, batch: int) -> State:
        """Give the state before the first step: any pytree whose leaves start with ``[batch, ...]``."""

    def unroll(self, x: jax.Array, state: State, **walk: Unpack[Walk]) -> tuple[jax.Array, State] | None:
        """Run a whole sequence ``[batch, time, features]`` by other means than step by step; None where there are none.

        The result must be that of the steps; a test holds the two equal.
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


class HiddenCell(Cell[jax.Array]):
    """A cell whose state is h alone, which it puts out, and whose recurrent product is h U."""

    masks: ClassVar[bool] = True

    def initial_state(self, batch: int) -> jax.Array:
        """Give h before the first step: zeros ``[batch, units]``."""
        U: jax.Array = self.U  # type: ignore[attr-defined] # declared here, it would come before W among the leaves
        return jnp.zeros((batch, U.shape[0]), U.dtype)

    def run(
        self, x: jax.Array, h: jax.Array, **walk: Unpack[DroppingWalk]
    ) -> tuple[jax.Array | None, jax.Array] | None:
        """Run a whole sequence by a kernel: all outputs, if wanted, and the last h; None where there is no kernel."""
        return None

    def unroll(
        self, x: jax.Array, state: jax.Array, **walk: Unpack[DroppingWalk]
    ) -> tuple[jax.Array, jax.Array] | None:
        """Run a whole sequence by the compiled kernel, or its ``lax.scan`` twin, where the cell has them."""
        whole = self.run(x, state, **walk)
        if whole is None:
            return None
        outputs, h = whole
        return (h if outputs is None else outputs), h


def masked(h: jax.Array, mask: jax.Array | None) -> jax.Array:
    """Give h as it enters a recurrent product: under the mask of recurrent dropout, if there is one."""
    return h if mask is None else h * mask
