"""Both directions of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax

from penstock.layers.layer import Layer
from penstock.layers.merge import MERGES, merge
from penstock.layers.noise import fold_in
from penstock.layers.recurrent import RecurrentLayer, RecurrentModule
from penstock.options import option

__all__ = ["Bidirectional", "BidirectionalModule"]


class BidirectionalModule(eqx.Module):
    """One module that walks each sample's true steps from the first on, one that walks them from the last back."""

    forwards: RecurrentModule
    backwards: RecurrentModule
    merge: str = eqx.field(static=True)

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        sequence: bool = True,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Map ``[batch, time, features]`` to ``[batch, time, units]``.

        With ``sequence=False``, to what each direction puts out at the end of its walk: at the last true step, and at
        the first.
        """
        keys = (None, None) if key is None else (fold_in(key, 0), fold_in(key, 1))
        ahead = self.forwards(x, lengths=lengths, sequence=sequence, key=keys[0])
        back = self.backwards(x, lengths=lengths, sequence=sequence, key=keys[1], reverse=True)
        return merge(self.merge, ahead, back)


@dataclass(frozen=True, repr=False)
class Bidirectional(Layer):
    """A recurrent layer in both directions of time, described (Schuster & Paliwal 1997).

    Examples
    --------
    >>> from penstock.layers.declared import LSTM
    >>> Bidirectional(LSTM(8)).outputs, Bidirectional(LSTM(8), merge="sum").outputs
    (16, 8)
    """

    over_time: ClassVar[bool] = True

    layer: RecurrentLayer = option(help="the recurrent layer")
    merge: str = option("concat", "how the two directions become one", choices=MERGES)

    @property
    def outputs(self) -> int:
        """Width of the output at each step."""
        return self.layer.outputs * (2 if self.merge == "concat" else 1)

    def build(self, inputs: int, key: jax.Array) -> BidirectionalModule:
        """Draw the weights of both directions."""
        ahead, back = jax.random.split(key)
        return BidirectionalModule(self.layer.build(inputs, ahead), self.layer.build(inputs, back), self.merge)
