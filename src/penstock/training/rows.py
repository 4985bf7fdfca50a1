"""Updates of an embedding's table, row by row: what a step does not look up costs nothing.

A step touches the rows whose ids it looks up. A row that is not touched has a gradient of zero, and what the optimiser
would do to it meanwhile is made up for when it is touched next:

- SGD without momentum does nothing; the result is that of the dense update.
- RMSprop leaves the row where it is and lets its mean of squares decay by ρ a step, which
  :meth:`Optimizer.decay_idle_state` makes up for; the result is that of the dense update, but for rounding.
- Adam, and SGD with momentum, would go on moving the row by its moments. Here both rest until the row is touched
  (the "lazy" form, as in TensorFlow's LazyAdam); Adam's correction of its bias counts all steps.

There are two paths. Where the compiled kernels are live (:func:`penstock.kernels.status`) and have the optimiser
(:meth:`Optimizer.rule`), they sum and update in place (:mod:`penstock.kernels.rows`). Everywhere else, and with
momentum, gathers and scatters do it. They are what the kernels must equal: sums to the bit, updates to rounding.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from penstock.kernels import rows as compiled
from penstock.training.optimizers import Optimizer, scale_updates

__all__ = ["Summed", "Table", "begin_table", "learn_rows", "sum_by_row", "update_rows"]


class Table(NamedTuple):
    """Where the optimiser of a table ``[vocabulary, units]`` stands.

    Attributes
    ----------
    optimizer
        State of the optimiser, as of the whole table.
    touched
        The number of the step that touched each row last, ``[vocabulary]``; −1 for none.
    owner
        Room in which occurrences of one id find each other, ``[vocabulary]``.
    number
        Steps taken.
    """

    optimizer: Any
    touched: jax.Array
    owner: jax.Array
    number: jax.Array


class Summed(NamedTuple):
    """The gradient of each row that a step touches, at one of its occurrences.

    Attributes
    ----------
    rows
        The row at each occurrence ``[n]``; the table's length, which is none of its rows, at all but one of a row's.
    gradients
        Its gradient, summed over all its occurrences, ``[n, units]``; zero elsewhere.
    """

    rows: jax.Array
    gradients: jax.Array


def begin_table(table: jax.Array, optimizer: Optimizer) -> Table:
    """Start the optimiser of a table."""
    return Table(
        optimizer.build().init(table),
        jnp.full(len(table), -1, jnp.int32),
        jnp.zeros(len(table), jnp.int32),
        jnp.zeros((), jnp.int32),
    )


def sum_by_row(state: Table, ids: jax.Array, gradients: jax.Array) -> tuple[Table, Summed]:
    """Add up the gradients of occurrences with one id, without sorting: the last to sign its row owns it.

    Parameters
    ----------
    state
        The state of the table; comes back with its `owner` used.
    ids
        The row that each occurrence looked up, ``[n]``; the table's length where it is not to count.
    gradients
        The gradient of each occurrence, ``[n, units]``.

    Examples
    --------
    >>> from penstock.training.optimizers import SGD
    >>> state = begin_table(jnp.zeros((5, 1)), SGD())
    >>> _, summed = sum_by_row(state, jnp.array([3, 1, 3]), jnp.array([[1.0], [2.0], [4.0]]))
    >>> summed.rows.tolist(), summed.gradients[:, 0].tolist()
    ([5, 1, 3], [0.0, 2.0, 5.0])
    """
    if compiled.live(gradients, ids):
        owner, rows, totals = compiled.sum_rows(state.owner, ids, gradients)
        return state._replace(owner=owner), Summed(rows, totals)
    vocabulary, places = len(state.owner), jnp.arange(len(ids), dtype=jnp.int32)
    owner = state.owner.at[ids].set(places, mode="drop", wrap_negative_indices=False)
    mine = jnp.where(ids < vocabulary, _at(owner, ids), len(ids))
    totals = jnp.zeros_like(gradients).at[mine].add(gradients, mode="drop", wrap_negative_indices=False)
    return state._replace(owner=owner), Summed(jnp.where(mine == places, ids, vocabulary), totals)


def update_rows(
    table: jax.Array, state: Table, summed: Summed, optimizer: Optimizer, rate: jax.Array | None = None
) -> tuple[jax.Array, Table]:
    """Take one step of the optimiser on the rows that were touched; the others are neither read nor written.

    Parameters
    ----------
    table
        The weights, ``[vocabulary, units]``.
    state
        What :func:`begin_table` gave, or the last step.
    summed
        What :func:`sum_by_row` gave.
    optimizer
        The optimiser, described.
    rate
        What the learning rate is multiplied by; None where it is whole.

    Returns
    -------
    The weights and the state after the step.
    """
    done = _compiled(table, state, summed.rows, summed.gradients, optimizer, rate)
    if done is not None:
        return done
    touched = _at(state.touched, summed.rows)
    # The barrier: XLA knows that the rows are written after `touched` was read, and copies nothing.
    touched, rows = jax.lax.optimization_barrier((touched, summed.rows))  # type: ignore[no-untyped-call]
    like_table = jax.tree.map(lambda leaf: leaf.shape == table.shape, state.optimizer)
    part = jax.tree.map(lambda leaf, per_row: _at(leaf, rows) if per_row else leaf, state.optimizer, like_table)
    idle = (state.number - touched - 1).astype(table.dtype)
    updates, part = optimizer.build().update(summed.gradients, optimizer.decay_idle_state(part, idle[:, None]))
    updates = scale_updates(updates, rate)

    def put(whole: jax.Array, new: jax.Array, per_row: bool) -> jax.Array:
        return whole.at[rows].set(new, mode="drop", wrap_negative_indices=False) if per_row else new

    return table.at[rows].add(updates, mode="drop", wrap_negative_indices=False), Table(
        jax.tree.map(put, state.optimizer, part, like_table),
        state.touched.at[rows].set(state.number, mode="drop", wrap_negative_indices=False),
        state.owner,
        state.number + 1,
    )


def learn_rows(
    table: jax.Array,
    state: Table,
    ids: jax.Array,
    gradients: jax.Array,
    optimizer: Optimizer,
    rate: jax.Array | None = None,
) -> tuple[jax.Array, Table]:
    """Do as :func:`sum_by_row` and :func:`update_rows` one after the other; compiled, the sums are never written.

    Examples
    --------
    >>> from penstock.training.optimizers import SGD
    >>> table, ids = jnp.zeros((5, 1)), jnp.array([3, 1, 3])
    >>> table, _ = learn_rows(table, begin_table(table, SGD(1.0)), ids, jnp.array([[1.0], [2.0], [4.0]]), SGD(1.0))
    >>> table[:, 0].tolist()
    [0.0, -2.0, 0.0, -5.0, 0.0]
    """
    done = _compiled(table, state, ids, gradients, optimizer, rate, state.owner)
    if done is not None:
        return done
    state, summed = sum_by_row(state, ids, gradients)
    return update_rows(table, state, summed, optimizer, rate)


def _compiled(
    table: jax.Array,
    state: Table,
    rows: jax.Array,
    gradients: jax.Array,
    optimizer: Optimizer,
    rate: jax.Array | None,
    owner: jax.Array | None = None,
) -> tuple[jax.Array, Table] | None:
    """Take the step by the compiled kernels; None where they cannot."""
    rule = optimizer.compiled
    leaves, shape = jax.tree.flatten(state.optimizer)
    per_row = [leaf.shape == table.shape for leaf in leaves]
    if rule is None or sum(per_row) != rule.moments or table.dtype != gradients.dtype:
        return None
    if not compiled.live(gradients, rows):
        return None
    moments = [leaf for leaf, of_row in zip(leaves, per_row, strict=True) if of_row]
    table, moments, touched, owner = compiled.update_rows(
        rule, table, moments, state.touched, state.number, rows, gradients, rate, owner
    )
    # What belongs to no row, Adam's count of steps, moves as it would with a table of no rows.
    none = [leaf[:0] if of_row else leaf for leaf, of_row in zip(leaves, per_row, strict=True)]
    _, rest = optimizer.build().update(gradients[:0], jax.tree.unflatten(shape, none))
    given = iter(moments)
    after = [next(given) if of_row else leaf for leaf, of_row in zip(jax.tree.leaves(rest), per_row, strict=True)]
    owner = state.owner if owner is None else owner
    return table, Table(jax.tree.unflatten(shape, after), touched, owner, state.number + 1)


def _at(values: jax.Array, rows: jax.Array) -> jax.Array:
    return values.at[rows].get(mode="clip", wrap_negative_indices=False)
