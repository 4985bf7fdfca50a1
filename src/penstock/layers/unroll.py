"""A cell over time."""

from __future__ import annotations

from typing import Any, TypeVar

import jax
import jax.numpy as jnp

from penstock.cells.cell import Cell, UnrollOptions
from penstock.cells.padding import check_sequence, true_steps, without_padding
from penstock.errors import OptionError

__all__ = ["check_step", "check_takes_mask", "unroll"]

State = TypeVar("State")


def unroll(
    cell: Cell[State],
    x: jax.Array,
    state: State | None = None,
    *,
    lengths: jax.Array | None = None,
    mask: jax.Array | None = None,
    x_mask: jax.Array | None = None,
    reverse: bool = False,
    sequence: bool = True,
) -> tuple[jax.Array, State]:
    """Run a cell over a sequence: with its compiled kernel where it has one, else with ``lax.scan``.

    A subclass that overrides the step of a known cell runs with ``lax.scan`` (:meth:`Cell.overridden`).

    Parameters
    ----------
    cell
        Any cell.
    x
        Inputs ``[batch, time, features]``.
    state
        State before the first step; the cell's own initial state if left out.
    lengths
        True steps of each sample, ``[batch]``. Later steps are not read, leave the state alone and put out zeros.
    mask
        What h is multiplied by where it enters the recurrent product, ``[batch, units]``, the same at every step
        (recurrent dropout). Only cells that know it take one.
    x_mask
        What x is multiplied by, ``[batch, features]``, the same at every step (dropout of the inputs).
    reverse
        Walk each sample's true steps from the last to the first; outputs stay at their times.
    sequence
        Whether to give the outputs of all steps, or only that of the step walked last.

    Returns
    -------
    outputs, state
        The output of every step ``[batch, time, outputs]``, or of the last one ``[batch, outputs]`` (zeros for a sample
        without steps); and the state after it.

    Raises
    ------
    OptionError
        Where a mask is given to a cell that knows none; where `x` is no sequence, empty, or shorter than `lengths` say;
        where the cell's step changes the shape of its state.

    Examples
    --------
    >>> import jax
    >>> from penstock.cells.lstm import LSTMCell
    >>> cell, x = LSTMCell(1, 20, jax.random.key(0)), jax.numpy.ones((3, 63, 1))
    >>> outputs, (h, c) = unroll(cell, x)
    >>> outputs.shape, bool((outputs[:, -1] == h).all())
    ((3, 63, 20), True)
    >>> unroll(cell, x, sequence=False)[0].shape
    (3, 20)
    """
    check_sequence(type(cell).__name__, x, lengths)
    if mask is not None:
        check_takes_mask(cell)
    first = cell.initial_state(x.shape[0]) if state is None else state
    options = UnrollOptions(lengths=lengths, mask=mask, reverse=reverse, sequence=sequence)
    whole, by_step = None, bool(cell.overridden())
    if x_mask is not None and cell.supports_input_dropout and not by_step:
        whole = cell.unroll(x, first, **options, x_mask=x_mask)  # type: ignore[call-arg] # supports_input_dropout says so
    if whole is None and x_mask is not None:  # nobody multiplies while reading
        x = x * jax.lax.stop_gradient(x_mask)[:, None]
    if whole is None and not by_step:
        whole = cell.unroll(x, first, **options)
    if whole is None:
        return _steps(cell, x, first, lengths, mask, reverse, sequence)
    outputs, last = whole
    if not sequence and lengths is not None and state is not None:
        outputs = jnp.where(_extra_state(lengths > 0, outputs), outputs, 0)
    return outputs, last


def check_takes_mask(cell: Cell[Any], owner: str = "") -> None:
    """Refuse recurrent dropout of a cell that knows none; `owner` begins the message.

    Raises
    ------
    OptionError
        Where the cell does not sets `supports_recurrent_dropout`, or its step takes no mask.
    """
    if not cell.takes_mask():
        raise OptionError(
            f"{owner}{type(cell).__name__} knows no recurrent dropout; allowed: dropout of its inputs, or a cell that "
            "sets `supports_recurrent_dropout` and takes a mask, as `__call__(self, x, state, mask=None)`."
        )


def check_step(cell: Cell[State], x: Any, state: Any, *options: jax.Array) -> jax.ShapeDtypeStruct:
    """Trace one step and give the shape of its output.

    Raises
    ------
    OptionError
        Where the step gives back a state of other shapes or types than it was given.
    """
    output, after = jax.eval_shape(lambda x, state: cell(x, state, *options), x, state)
    before = jax.eval_shape(lambda state: state, state)
    told, found = (str(jax.tree.map(lambda leaf: f"{leaf.dtype}{list(leaf.shape)}", tree)) for tree in (before, after))
    if told != found:
        raise OptionError(
            f"a step of {type(cell).__name__} changes its state from {told} to {found}; it must give back a state of "
            "the shapes and types that it was given."
        )
    return output


def _steps(
    cell: Cell[State],
    x: jax.Array,
    first: State,
    lengths: jax.Array | None,
    mask: jax.Array | None,
    reverse: bool,
    sequence: bool,
) -> tuple[jax.Array, State]:
    alive = None if lengths is None else true_steps(lengths, x.shape[1]).T
    x = without_padding(x, lengths)
    options = () if mask is None else (jax.lax.stop_gradient(mask),)

    def take(x_t: jax.Array, state: State) -> tuple[jax.Array, State]:
        return cell(x_t, state, *options)

    def step(carry: tuple[State, Any], now: tuple[jax.Array, jax.Array | None]) -> tuple[tuple[State, Any], Any]:
        (state, kept), (x_t, going) = carry, now
        output, after = take(x_t, state)
        if going is not None:
            after = jax.tree.map(lambda new, old: jnp.where(_extra_state(going, new), new, old), after, state)
            kept = None if kept is None else jnp.where(_extra_state(going, output), output, kept)
            output = jnp.where(_extra_state(going, output), output, 0)
        elif kept is not None:
            kept = output
        return (after, kept), output if sequence else None

    output = check_step(cell, x[:, 0], first, *options)
    kept = None if sequence else jnp.zeros(output.shape, output.dtype)
    (last, kept), outputs = jax.lax.scan(step, (first, kept), (jnp.moveaxis(x, 1, 0), alive), reverse=reverse)
    return kept if kept is not None else jnp.moveaxis(outputs, 0, 1), last


def _extra_state(condition: jax.Array, values: jax.Array) -> jax.Array:
    """Give a condition ``[batch]`` the axes of values ``[batch, ...]``."""
    return condition.reshape(condition.shape + (1,) * (values.ndim - 1))
