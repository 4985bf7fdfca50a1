"""What the cells share whose states are linear in the state before: no step need wait for another."""

from __future__ import annotations

import abc
from typing import ClassVar, Unpack

import jax
import jax.numpy as jnp

from penstock.cells.cell import Cell, UnrollOptions
from penstock.cells.padding import last_step, true_steps, without_padding
from penstock.cells.scan import linear_recurrence

__all__ = ["ParallelCell"]


class ParallelCell(Cell[jax.Array]):
    """A cell with h' = a ⊙ h + u, where a and u depend on the input alone.

    A whole sequence runs as a parallel scan.
    """

    state_names: ClassVar[tuple[str, ...]] = ("h",)
    calls_step: ClassVar[tuple[str, ...]] = ("terms", "readout", "gates")

    @abc.abstractmethod
    def terms(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Give a and u for inputs ``[..., features]``, each ``[..., units]``.

        Parameters
        ----------
        x
            Inputs ``[..., features]``.

        Returns
        -------
        a and b of h = a h + b, each ``[..., units]``.
        """

    def readout(self, h: jax.Array, x: jax.Array) -> jax.Array:
        """Give the output, ``[..., units]``: h, if the cell does not say otherwise.

        Parameters
        ----------
        h
            States ``[batch, time, units]``.
        x
            Inputs ``[batch, time, features]``.

        Returns
        -------
        Outputs ``[batch, time, units]``.
        """
        return h

    def unroll(self, x: jax.Array, state: jax.Array, **options: Unpack[UnrollOptions]) -> tuple[jax.Array, jax.Array]:
        """Run a whole sequence as a parallel scan."""
        lengths, reverse = options.get("lengths"), options.get("reverse", False)
        x = without_padding(x, lengths)
        states, last = linear_recurrence(*self.terms(x), state, lengths=lengths, reverse=reverse)
        if not options.get("sequence", True):
            x_last = x[:, 0] if reverse else last_step(x, lengths)
            return self.readout(last, x_last), last
        outputs = self.readout(states, x)
        if lengths is not None:
            outputs = jnp.where(true_steps(lengths, x.shape[1])[:, :, None], outputs, 0)
        return outputs, last

    def __call__(self, x: jax.Array, state: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Take one step."""
        a, u = self.terms(x)
        h = a * state + u
        return self.readout(h, x), h
