"""A sequence that attends to itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax

from penstock.cells.padding import check_sequence, last_step, without_padding
from penstock.layers.attention import Attention, AttentionModule, DotAttention
from penstock.layers.layer import Layer
from penstock.options import option

__all__ = ["SelfAttention", "SelfAttentionModule"]


class SelfAttentionModule(eqx.Module):
    """Each step reads all true steps of its own sequence."""

    attention: AttentionModule

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        sequence: bool = True,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Map ``[batch, time, features]`` to the same shape, or to what the last true step reads."""
        check_sequence("SelfAttention", x, lengths)
        x = without_padding(x, lengths)
        out: jax.Array = self.attention(x if sequence else last_step(x, lengths), x, lengths=lengths)[0]
        return without_padding(out, lengths) if sequence else out


@dataclass(frozen=True, repr=False)
class SelfAttention(Layer):
    """Attention of a sequence to itself, described.

    On top of a recurrent layer, the last state reads all states: no state need carry everything to the end.

    Examples
    --------
    >>> from penstock.layers.attention import AdditiveAttention
    >>> SelfAttention(AdditiveAttention(8))
    SelfAttention(attention=AdditiveAttention(8))
    """

    over_time: ClassVar[bool] = True

    attention: Attention = option(DotAttention(), "how a step scores the others")

    @property
    def outputs(self) -> None:
        """As wide as the input."""

    def build(self, inputs: int, key: jax.Array) -> SelfAttentionModule:
        """Draw the weights."""
        return SelfAttentionModule(self.attention.build(inputs, inputs, key))
