"""Recurrence over a grid, in four directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.cells.initializers import input_weights, recurrent_weights
from penstock.cells.padding import check_sequence, true_steps, without_padding
from penstock.errors import OptionError
from penstock.layers.layer import Layer
from penstock.layers.merge import MERGES, merge
from penstock.options import option

__all__ = ["Grid", "GridModule"]

_WAYS = ((1, 1), (1, -1), (-1, 1), (-1, -1))  # down and right, down and left, up and right, up and left


class GridModule(eqx.Module):
    """h_ij = tanh(x_ij W + h_(i−1)j U + h_i(j−1) V + b), from each of the four corners with weights of its own.

    W is ``[4, channels, units]``, U and V are ``[4, units, units]``, b is ``[4, units]``; the directions are down and
    right, down and left, up and right, up and left. A walk takes rows + columns − 1 steps: all places on a diagonal,
    which do not hear each other, take theirs together.
    """

    W: jax.Array
    U: jax.Array
    V: jax.Array
    b: jax.Array
    columns: int = eqx.field(static=True)
    merge: str = eqx.field(static=True)

    def __init__(self, channels: int, units: int, columns: int, merge: str, key: jax.Array) -> None:
        dtype = jax.dtypes.canonicalize_dtype(float)
        keys = jax.random.split(key, (4, 3))
        self.W = jnp.stack([input_weights(each[0], (channels, units), dtype) for each in keys])
        self.U = jnp.stack([recurrent_weights(each[1], (units, units), dtype) for each in keys])
        self.V = jnp.stack([recurrent_weights(each[2], (units, units), dtype) for each in keys])
        self.b = jnp.zeros((4, units), dtype)
        self.columns = columns
        self.merge = merge

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        sequence: bool = True,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Map rows ``[batch, rows, columns · channels]`` to ``[batch, rows, columns · width]``.

        With ``sequence=False``, to the row where each direction's walk ends: the last true one, or the first. `lengths`
        counts the true rows.
        """
        check_sequence("Grid", x, lengths)
        batch, rows, _ = x.shape
        there = jnp.ones((batch, rows), bool) if lengths is None else true_steps(lengths, rows)
        grid = without_padding(x, lengths).reshape(batch, rows, self.columns, -1)
        ways = [grid[:, ::down, ::right] for down, right in _WAYS]
        true = [there[:, ::down] for down, _ in _WAYS]
        h = jax.vmap(_walk)(jnp.stack(ways), jnp.stack(true), self.W, self.U, self.V, self.b)
        found = [each[:, ::down, ::right] for each, (down, right) in zip(h, _WAYS, strict=True)]
        if sequence:
            return merge(self.merge, *found).reshape(batch, rows, -1)
        last = jnp.clip((jnp.full(batch, rows) if lengths is None else lengths) - 1, 0)
        ends = [each[jnp.arange(batch), last if down == 1 else 0] for each, (down, _) in zip(found, _WAYS, strict=True)]
        return merge(self.merge, *ends).reshape(batch, -1)


def _walk(x: jax.Array, true: jax.Array, W: jax.Array, U: jax.Array, V: jax.Array, b: jax.Array) -> jax.Array:
    """Walk ``[batch, rows, columns, channels]`` down and right; states ``[batch, rows, columns, units]``."""
    batch, rows, columns, _ = x.shape
    i = jnp.arange(rows)
    inputs = x @ W + b
    j = jnp.arange(rows + columns - 1)[:, None] - i  # the column that row i reaches at each step, [steps, rows]
    inside = (j >= 0) & (j < columns)
    at = jnp.clip(j, 0, columns - 1)

    def step(h: jax.Array, now: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        at, inside = now
        above = jnp.pad(h[:, :-1], ((0, 0), (1, 0), (0, 0)))
        h = jnp.tanh(inputs[:, i, at] + above @ U + h @ V)
        h = jnp.where((inside & true)[:, :, None], h, 0)
        return h, h

    first = jnp.zeros((batch, rows, W.shape[-1]), inputs.dtype)
    _, diagonals = jax.lax.scan(step, first, (at, inside))
    return diagonals[i[:, None] + jnp.arange(columns), :, i[:, None]].transpose(2, 0, 1, 3)


@dataclass(frozen=True, repr=False)
class Grid(Layer):
    """A two-dimensional recurrent layer, described (Graves, Fernández & Schmidhuber 2007, section 2).

    It reads each step as one row of a grid, `columns` places of as many features each, and hears rows and columns from
    all four corners: the days of many series, say, with the series as columns.

    Examples
    --------
    >>> module = Grid(3, columns=5).build(10, jax.random.key(0))
    >>> module(jnp.ones((2, 4, 10))).shape, module(jnp.ones((2, 4, 10)), sequence=False).shape
    ((2, 4, 60), (2, 60))
    """

    over_time: ClassVar[bool] = True

    units: int = option(help="hidden units of each direction", at_least=1)
    columns: int = option(help="places in a row", at_least=1)
    merge: str = option("concat", "how the four directions become one", choices=MERGES)

    @property
    def outputs(self) -> int:
        """Width of a row: all its places side by side."""
        return self.columns * self.units * (4 if self.merge == "concat" else 1)

    def build(self, inputs: int, key: jax.Array) -> GridModule:
        """Draw the weights.

        Raises
        ------
        OptionError
            Where the features do not fill the columns evenly.
        """
        if inputs % self.columns:
            raise OptionError(
                f"{self!r} cannot share {inputs} features among {self.columns} columns evenly; give a multiple of "
                f"{self.columns}."
            )
        return GridModule(inputs // self.columns, self.units, self.columns, self.merge, key)
