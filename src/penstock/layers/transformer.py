"""The transformer's encoder: attention in place of recurrence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.cells.padding import check_sequence, last_step, true_steps, without_padding
from penstock.errors import OptionError
from penstock.layers.attention import softmax
from penstock.layers.dense import DenseModule
from penstock.layers.dropout import DropoutModule
from penstock.layers.layer import Layer
from penstock.layers.layer_norm import LayerNormModule
from penstock.layers.noise import fold_in
from penstock.options import option

__all__ = ["BlockModule", "MultiHeadModule", "TransformerEncoder", "TransformerEncoderModule", "positions"]


def positions(time: int, units: int) -> jax.Array:
    """Give the sinusoids that tell steps apart, ``[time, units]`` (Vaswani et al. 2017, section 3.5).

    Examples
    --------
    >>> positions(2, 2).round(3).tolist()
    [[0.0, 1.0], [0.8410000205039978, 0.5400000214576721]]
    """
    rates = 10_000.0 ** (-2 * (jnp.arange(units) // 2) / units)
    angles = jnp.arange(time)[:, None] * rates
    return jnp.where(jnp.arange(units) % 2 == 0, jnp.sin(angles), jnp.cos(angles))


class MultiHeadModule(eqx.Module):
    """Several heads of scaled dot-product attention of a sequence to itself, side by side.

    `inward` maps to queries, keys and values, ``[units, 3 units]``; `outward` maps the heads' contexts back.
    """

    inward: DenseModule
    outward: DenseModule
    heads: int = eqx.field(static=True)

    def __init__(self, units: int, heads: int, key: jax.Array) -> None:
        key_in, key_out = jax.random.split(key)
        self.inward = DenseModule(units, 3 * units, key_in, "linear")
        self.outward = DenseModule(units, units, key_out, "linear")
        self.heads = heads

    def __call__(self, x: jax.Array, true: jax.Array | None = None) -> jax.Array:
        """Map ``[batch, time, units]`` to the same shape.

        `true` says which step may read which, ``[batch or 1, time or 1, time]``.
        """
        batch, time, units = x.shape
        q, k, v = jnp.moveaxis(self.inward(x).reshape(batch, time, 3, self.heads, units // self.heads), (2, 3), (0, 2))
        scores = q @ jnp.swapaxes(k, -1, -2) / math.sqrt(units // self.heads)
        context = softmax(scores, None if true is None else true[:, None]) @ v
        return self.outward(jnp.moveaxis(context, 1, 2).reshape(batch, time, units))


class BlockModule(eqx.Module):
    """One block, normalised before each part: x + attention(norm(x)), then x + dense(norm(x))."""

    attention: MultiHeadModule
    widen: DenseModule
    narrow: DenseModule
    before_attention: LayerNormModule
    before_dense: LayerNormModule
    dropout: DropoutModule

    def __init__(self, units: int, heads: int, hidden: int, dropout: float, key: jax.Array) -> None:
        key_a, key_w, key_n = jax.random.split(key, 3)
        self.attention = MultiHeadModule(units, heads, key_a)
        self.widen = DenseModule(units, hidden, key_w, "relu")
        self.narrow = DenseModule(hidden, units, key_n, "linear")
        self.before_attention = LayerNormModule(units)
        self.before_dense = LayerNormModule(units)
        self.dropout = DropoutModule(dropout)

    def __call__(self, x: jax.Array, true: jax.Array | None = None, key: jax.Array | None = None) -> jax.Array:
        """Map ``[batch, time, units]`` to the same shape."""
        keys = [None if key is None else fold_in(key, place) for place in range(3)]
        x = x + self.dropout(self.attention(self.before_attention(x), true), key=keys[0])
        hidden = self.dropout(self.widen(self.before_dense(x)), key=keys[1])
        return x + self.dropout(self.narrow(hidden), key=keys[2])


class TransformerEncoderModule(eqx.Module):
    """Inputs mapped to `units` and given their positions; blocks; a last normalisation."""

    inward: DenseModule
    blocks: tuple[BlockModule, ...]
    norm: LayerNormModule
    dropout: DropoutModule
    causal: bool = eqx.field(static=True)

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        sequence: bool = True,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Map ``[batch, time, features]`` to ``[batch, time, units]``, or ``[batch, units]`` of the last true step."""
        check_sequence("TransformerEncoder", x, lengths)
        keys = [None if key is None else fold_in(key, place) for place in range(len(self.blocks) + 1)]
        true = None if lengths is None else true_steps(lengths, x.shape[1])[:, None]
        if self.causal:
            past = jnp.tri(x.shape[1], dtype=bool)[None]
            true = past if true is None else past & true
        x = self.inward(without_padding(x, lengths))
        x = self.dropout(x + positions(*x.shape[1:]).astype(x.dtype), key=keys[-1])
        for block, own in zip(self.blocks, keys[:-1], strict=True):
            x = block(x, true, own)
        x = self.norm(x)
        return without_padding(x, lengths) if sequence else last_step(x, lengths)


@dataclass(frozen=True, repr=False)
class TransformerEncoder(Layer):
    """A transformer's encoder, described (Vaswani et al. 2017, section 3.1; normalised first, as in Xiong et al. 2020).

    The architecture that dispenses with recurrence, beside which recurrent layers can be judged. Read to one vector, it
    gives its last true step, which has read all others.

    Examples
    --------
    >>> TransformerEncoder(16, heads=2, blocks=1)
    TransformerEncoder(16, heads=2, blocks=1)
    """

    over_time: ClassVar[bool] = True
    traced: ClassVar[tuple[str, ...]] = ("dropout",)

    units: int = option(help="width of each step", at_least=1)
    heads: int = option(4, "heads of attention, which share the units", at_least=1)
    blocks: int = option(2, "blocks of attention and dense layers", at_least=1, at_most=200)
    hidden: int | None = option(None, "width between a block's dense layers; None: 4 times the units", at_least=1)
    dropout: float = option(0.0, "share of the values dropped in training", at_least=0, below=1, kw_only=True)
    causal: bool = option(False, "let a step read only itself and those before it", kw_only=True)

    def __post_init__(self) -> None:
        """Refuse heads that cannot share the units."""
        super().__post_init__()
        if self.units % self.heads:
            raise OptionError(
                f"TransformerEncoder: {self.heads} heads cannot share {self.units} units evenly; give a multiple of "
                f"{self.heads}."
            )

    @property
    def outputs(self) -> int:
        """Width of the output at each step."""
        return self.units

    def build(self, inputs: int, key: jax.Array) -> TransformerEncoderModule:
        """Draw the weights."""
        first, *rest = jax.random.split(key, self.blocks + 1)
        hidden = self.hidden or 4 * self.units
        return TransformerEncoderModule(
            DenseModule(inputs, self.units, first, "linear"),
            tuple(BlockModule(self.units, self.heads, hidden, self.dropout, each) for each in rest),
            LayerNormModule(self.units),
            DropoutModule(self.dropout),
            self.causal,
        )
