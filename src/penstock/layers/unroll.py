"""A cell over time."""

from __future__ import annotations

from typing import TypeVar

import jax
import jax.numpy as jnp

from penstock.cells.cell import Cell

__all__ = ["unroll"]

State = TypeVar("State")


def unroll(cell: Cell[State], x: jax.Array, state: State | None = None) -> tuple[jax.Array, State]:
    """Run a cell over a sequence: with its compiled kernel where it has one, else with ``lax.scan``.

    Parameters
    ----------
    cell
        Any cell.
    x
        Inputs ``[batch, time, features]``.
    state
        State before the first step; the cell's own initial state if left out.

    Returns
    -------
    outputs, state
        The output of every step ``[batch, time, outputs]``, and the state after the last.

    Examples
    --------
    >>> import jax
    >>> from penstock.cells.lstm import LSTMCell
    >>> outputs, (h, c) = unroll(LSTMCell(1, 20, jax.random.key(0)), jax.numpy.ones((3, 63, 1)))
    >>> outputs.shape, bool((outputs[:, -1] == h).all())
    ((3, 63, 20), True)
    """
    first = cell.initial_state(x.shape[0]) if state is None else state
    whole = cell.unroll(x, first)
    if whole is not None:
        return whole

    def step(state: State, x_t: jax.Array) -> tuple[State, jax.Array]:
        output, state = cell(x_t, state)
        return state, output

    last, outputs = jax.lax.scan(step, first, jnp.moveaxis(x, 1, 0))
    return jnp.moveaxis(outputs, 0, 1), last
