"""Zoneout: parts of the state that stay as they were."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.cells.cell import Cell
from penstock.cells.slstm import SLSTMCell
from penstock.errors import OptionError
from penstock.layers.dropout import keep_mask
from penstock.layers.layer import Layer
from penstock.layers.noise import fold_in
from penstock.layers.recurrent import RecurrentLayer, RecurrentModule
from penstock.options import option

__all__ = ["Zoneout", "ZoneoutCell", "ZoneoutModule"]


class ZoneoutCell(Cell[tuple[Any, jax.Array]]):
    """A cell whose state keeps, at each step, a random part of its old values; without a key, the mean of that.

    The state is that of the inner cell, and the count of steps ``[batch]``. The first leaf of the inner state, h, is
    kept at the rate `hidden`, the others at the rate `memory`, counts never. What is put out is h as it was kept, where
    the inner cell puts out h; else what the inner cell puts out.
    """

    supports_recurrent_dropout: ClassVar[bool] = True
    inner: Cell[Any]
    hidden: float = eqx.field(static=True)
    memory: float = eqx.field(static=True)
    key: jax.Array | None = None

    def initial_state(self, batch: int) -> tuple[Any, jax.Array]:
        """Give the state before the first step."""
        return self.inner.initial_state(batch), jnp.zeros(batch, jnp.int32)

    def __call__(
        self, x: jax.Array, state: tuple[Any, jax.Array], mask: jax.Array | None = None
    ) -> tuple[jax.Array, tuple[Any, jax.Array]]:
        """Take one step of the inner cell, and zone out."""
        before, t = state
        output, after = self.inner(x, before, *(() if mask is None else (mask,)))
        old, structure = jax.tree.flatten(before)
        new = jax.tree.leaves(after)
        kept = [
            self._zoned(then, now, self.memory if place else self.hidden, place, jnp.max(t))
            for place, (then, now) in enumerate(zip(old, new, strict=True))
        ]
        shown = kept[0] if output is new[0] else output
        return shown, (jax.tree.unflatten(structure, kept), t + 1)

    def _zoned(self, old: jax.Array, new: jax.Array, rate: float, place: int, t: jax.Array) -> jax.Array:
        if rate == 0 or jnp.issubdtype(new.dtype, jnp.integer):
            return new
        if self.key is None:
            return rate * old + (1 - rate) * new
        stays = keep_mask(fold_in(fold_in(self.key, t), place), rate, new.shape, jnp.float32) == 0
        return jnp.where(stays, old, new)


class ZoneoutModule(eqx.Module):
    """A recurrent module whose cell zones out, by a key of its own in training."""

    inner: RecurrentModule

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        sequence: bool = True,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Unroll over ``[batch, time, features]``, as :class:`RecurrentModule` does."""
        module = self.inner
        if key is not None:
            module = eqx.tree_at(lambda m: m.cell.key, module, fold_in(key, 2), is_leaf=lambda leaf: leaf is None)
        return module(x, lengths=lengths, sequence=sequence, key=key)


@dataclass(frozen=True, repr=False)
class Zoneout(Layer):
    """A recurrent layer with zoneout, described (Krueger et al. 2017, equations 5 and 6).

    In training, each value of the state stays as it was with this probability, drawn at every step; otherwise it takes
    that share of its old value.

    Examples
    --------
    >>> from penstock.layers.declared import LSTM
    >>> Zoneout(LSTM(20), memory=0.5)
    Zoneout(LSTM(20), memory=0.5)
    """

    over_time: ClassVar[bool] = True

    layer: RecurrentLayer = option(help="the recurrent layer")
    hidden: float = option(0.05, "share of h that stays as it was", at_least=0, below=1)
    memory: float = option(0.05, "share of the rest of the state, such as an LSTM's c, that stays", at_least=0, below=1)

    @property
    def outputs(self) -> int:
        """Width of the output at each step."""
        return self.layer.outputs

    def build(self, inputs: int, key: jax.Array) -> ZoneoutModule:
        """Draw the weights.

        Raises
        ------
        OptionError
            Where parts of a memory are to stay that belong together: c, n and m of an sLSTM.
        """
        module = self.layer.build(inputs, key)
        if self.memory and isinstance(module.cell, SLSTMCell):
            raise OptionError(f"{self!r}: c, n and m of an sLSTM change together or not at all; give memory=0.")
        return ZoneoutModule(replace(module, cell=ZoneoutCell(module.cell, self.hidden, self.memory)))
