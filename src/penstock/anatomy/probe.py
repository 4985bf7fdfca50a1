"""A probe in the place of every cell of a network: it walks the same steps and notes what it sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.anatomy.subject import Subject
from penstock.cells.cell import Cell
from penstock.errors import OptionError

__all__ = ["Record", "probed"]


@dataclass(frozen=True, eq=False)
class Record:
    """What one cell did over a sequence.

    Attributes
    ----------
    name
        Such as ``layer 1, LSTM(4)``.
    place
        Its place among the network's cells.
    x
        What it read, ``[batch, time, features]``, in the order in which it walked.
    letters
        The letters of its state's leaves.
    before, after
        The leaves of its state before and after each step, ``[batch, time, ...]``.
    gates
        Its gates by letter, ``[batch, time, units]``.
    outputs
        What it put out, ``[batch, time, units]``.
    structure
        How the leaves make up the state.
    """

    name: str
    place: int
    state_names: tuple[str, ...]
    x: jax.Array
    before: tuple[jax.Array, ...]
    after: tuple[jax.Array, ...]
    gates: Mapping[str, jax.Array]
    outputs: jax.Array
    structure: Any

    @property
    def states(self) -> dict[str, jax.Array]:
        """The state after each step by its letters."""
        return dict(zip(self.state_names, self.after, strict=True))


class _Probe(Cell[Any]):
    cell: Cell[Any]
    place: int = eqx.field(static=True)
    log: list[Record] = eqx.field(static=True)
    nudges: tuple[jax.Array, ...] | None

    def initial_state(self, batch: int) -> Any:
        return self.cell.initial_state(batch)

    def __call__(self, x: jax.Array, state: Any) -> tuple[jax.Array, Any]:
        return self.cell(x, state)

    def unroll(
        self,
        x: jax.Array,
        state: Any,
        *,
        lengths: jax.Array | None = None,
        mask: jax.Array | None = None,
        reverse: bool = False,
        sequence: bool = True,
    ) -> tuple[jax.Array, Any]:
        first, structure = jax.tree.flatten(state)
        walked = jnp.flip(x, 1) if reverse else x
        alive = None
        if lengths is not None:
            alive = jnp.arange(x.shape[1])[:, None] < lengths
            alive = jnp.flip(alive, 0) if reverse else alive

        names: list[str] = []

        def step(before: list[jax.Array], now: Any) -> tuple[list[jax.Array], Any]:
            x_t, going, nudge = now
            held = jax.tree.unflatten(structure, before)
            output, state = self.cell(x_t, held)
            gates = self.cell.gates(x_t, held)
            names[:] = gates  # JAX would sort a dictionary
            after = jax.tree.leaves(state)
            if nudge is not None:  # the output is nudged with the state that it is
                output = sum((n for n, leaf in zip(nudge, after, strict=True) if leaf is output), output)
                after = [leaf + n for leaf, n in zip(after, nudge, strict=True)]
            if going is not None:
                after = [jnp.where(_extra_state(going, n), n, old) for n, old in zip(after, before, strict=True)]
                output = jnp.where(_extra_state(going, output), output, 0)
            return after, (before, after, list(gates.values()), output)

        now = (jnp.moveaxis(walked, 1, 0), alive, self.nudges)
        last, seen = jax.lax.scan(step, first, now)
        before, after, gates, outputs = jax.tree.map(lambda leaf: jnp.moveaxis(leaf, 0, 1), seen)
        units = after[0].shape[-1]
        name = f"layer {self.place + 1}, {type(self.cell).__name__.removesuffix('Cell')}({units})"
        name += ", backwards" if reverse else ""
        named = dict(zip(names, gates, strict=True))
        state_names = self.cell.state_names
        if len(state_names) != len(after):
            state_names = tuple(f"s{number}" for number in range(1, len(after) + 1))
        self.log.append(
            Record(name, self.place, state_names, walked, tuple(before), tuple(after), named, outputs, structure)
        )
        outputs = jnp.flip(outputs, 1) if reverse else outputs
        state = jax.tree.unflatten(structure, last)
        if sequence:
            return outputs, state
        if lengths is None or reverse:
            return outputs[:, 0 if reverse else -1], state
        ends = jnp.maximum(lengths - 1, 0)
        return jnp.take_along_axis(outputs, ends[:, None, None], axis=1)[:, 0], state


def probed(
    subject: Subject, x: jax.Array, nudges: list[tuple[jax.Array, ...]] | None = None
) -> tuple[jax.Array, list[Record]]:
    """Run a subject with a probe in every cell.

    Parameters
    ----------
    subject, x
        The subject, and the sequences that it reads.
    nudges
        For each cell, what is added to the leaves of its state after each step, ``[time, batch, ...]``; a gradient with
        respect to them, at zero, is that with respect to the states.

    Returns
    -------
    The outputs ``[batch, outputs]``, and a record of each cell in the order in which they ran.

    Raises
    ------
    OptionError
        Where there is no cell to look into.
    """
    log: list[Record] = []
    given = iter(nudges or [])
    number = iter(range(1_000_000))

    def place(leaf: Any) -> Any:
        return _Probe(leaf, next(number), log, next(given, None)) if isinstance(leaf, Cell) else leaf

    module = jax.tree.map(place, subject.module, is_leaf=lambda leaf: isinstance(leaf, Cell))
    outputs = subject.run(module, x)
    if not log:
        raise OptionError(f"{subject.name} has no recurrent cell to look into; give a model with an LSTM or the like.")
    return outputs, log


def _extra_state(condition: jax.Array, values: jax.Array) -> jax.Array:
    return condition.reshape(condition.shape + (1,) * (values.ndim - 1))
