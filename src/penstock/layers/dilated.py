"""Steps that skip time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.cells.padding import check_sequence
from penstock.layers.layer import Layer
from penstock.layers.recurrent import RecurrentLayer, RecurrentModule
from penstock.options import option

__all__ = ["Dilated", "DilatedModule"]


class DilatedModule(eqx.Module):
    """A recurrent module whose state at step t comes from step t − skip: interleaved sequences, run as one batch.

    A sequence has then `skip` times fewer steps one after another, and runs as much faster as that allows.
    """

    inner: RecurrentModule
    skip: int = eqx.field(static=True)

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        sequence: bool = True,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Map ``[batch, time, features]`` to ``[batch, time, units]``, or ``[batch, units]`` of the last true step."""
        check_sequence("Dilated", x, lengths)
        batch, time, _ = x.shape
        steps = -(-time // self.skip)
        whole = jnp.pad(x, ((0, 0), (0, steps * self.skip - time), (0, 0)))
        woven = jnp.moveaxis(whole.reshape(batch, steps, self.skip, -1), 2, 1).reshape(batch * self.skip, steps, -1)
        true = jnp.full(batch, time) if lengths is None else lengths
        each = (true[:, None] - jnp.arange(self.skip) + self.skip - 1) // self.skip
        out = self.inner(woven, lengths=jnp.clip(each, 0).reshape(-1), sequence=sequence, key=key)
        if sequence:
            in_turn = jnp.moveaxis(out.reshape(batch, self.skip, steps, -1), 1, 2)
            return in_turn.reshape(batch, steps * self.skip, -1)[:, :time]
        last = (jnp.clip(true - 1, 0) % self.skip)[:, None, None]
        return jnp.take_along_axis(out.reshape(batch, self.skip, -1), last, axis=1)[:, 0]


@dataclass(frozen=True, repr=False)
class Dilated(Layer):
    """A recurrent layer whose connections skip steps, described (Chang et al. 2017, equation 2).

    Stacked with skips of 1, 2, 4 and so on, the shortest path through time shrinks to a fraction.

    Examples
    --------
    >>> from penstock.layers.declared import GRU
    >>> Dilated(GRU(8), skip=5)
    Dilated(GRU(8), 5)
    """

    over_time: ClassVar[bool] = True

    layer: RecurrentLayer = option(help="the recurrent layer")
    skip: int = option(help="steps from one state to the next", at_least=1, at_most=10_000)

    @property
    def outputs(self) -> int:
        """Width of the output at each step."""
        return self.layer.outputs

    def build(self, inputs: int, key: jax.Array) -> DilatedModule:
        """Draw the weights."""
        return DilatedModule(self.layer.build(inputs, key), self.skip)
