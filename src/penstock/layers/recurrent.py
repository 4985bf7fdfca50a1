"""What the recurrent layers share: a cell that is unrolled, and dropout."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any, ClassVar

import equinox as eqx
import jax

from penstock.cells.cell import Cell
from penstock.layers.dropout import keep_mask
from penstock.layers.layer import Layer
from penstock.layers.noise import derive
from penstock.layers.unroll import unroll
from penstock.options import option

__all__ = ["Recurrent", "RecurrentModule"]


class RecurrentModule(eqx.Module):
    """A cell that is unrolled over its input."""

    cell: Cell[Any]
    units: int = eqx.field(static=True)
    dropout: float = eqx.field(static=True, default=0.0)
    recurrent_dropout: float = eqx.field(static=True, default=0.0)

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        sequence: bool = True,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Unroll the cell over inputs ``[batch, time, features]``.

        Parameters
        ----------
        x
            The inputs.
        lengths
            True steps of each sample, ``[batch]``; all if left out.
        sequence
            Whether to give the output of every step, or only that of the last true one.
        key
            What dropout masks are drawn from, one of the inputs and one of the state for the whole sequence, as in
            Keras; without it nothing is dropped.

        Returns
        -------
        ``[batch, time, units]``, or ``[batch, units]`` of the last step.
        """
        mask = None
        if key is not None and (self.dropout or self.recurrent_dropout):
            if self.dropout:
                x = x * keep_mask(derive(key, 0), self.dropout, (x.shape[0], 1, x.shape[2]), x.dtype)
            if self.recurrent_dropout:
                mask = keep_mask(derive(key, 1), self.recurrent_dropout, (x.shape[0], self.units), x.dtype)
        return unroll(self.cell, x, lengths=lengths, mask=mask, sequence=sequence)[0]


@dataclass(frozen=True, repr=False)
class Recurrent(Layer):
    """A recurrent layer described by its cell. A layer of your own says in `cell` how its cell is built.

    Examples
    --------
    >>> from penstock.cells.rnn import RNNCell
    >>> class Linear(Recurrent):
    ...     def cell(self, inputs, key):
    ...         return RNNCell(inputs, self.units, key, "linear")
    >>> Linear(3, dropout=0.1)
    Linear(3, dropout=0.1)
    """

    over_time: ClassVar[bool] = True

    units: int = option(help="hidden units", at_least=1)
    dropout: float = option(
        0.0, "share of the inputs dropped in training, the same at every step", at_least=0, below=1, kw_only=True
    )
    recurrent_dropout: float = option(
        0.0, "share of the state dropped from the recurrent product in training", at_least=0, below=1, kw_only=True
    )

    @property
    def outputs(self) -> int:
        """Width of the output at each step."""
        return self.units

    @abc.abstractmethod
    def cell(self, inputs: int, key: jax.Array) -> Cell[Any]:
        """Draw the weights of the cell."""

    def build(self, inputs: int, key: jax.Array) -> RecurrentModule:
        """Draw the weights."""
        return RecurrentModule(self.cell(inputs, key), self.units, self.dropout, self.recurrent_dropout)
