"""Dropout: part of the values set to zero in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.layers.dropout_shares import share_of
from penstock.layers.layer import Layer
from penstock.layers.noise import random_bits
from penstock.options import option

__all__ = ["Dropout", "DropoutModule", "keep_mask"]


def keep_mask(key: jax.Array, rate: float, shape: tuple[int, ...], dtype: jax.typing.DTypeLike) -> jax.Array:
    """Draw what values are multiplied by: 0 with probability `rate`, else 1/(1 − rate), so that their mean stays.

    Examples
    --------
    >>> sorted(set(keep_mask(jax.random.key(0), 0.2, (8, 8), "float32").ravel().tolist()))
    [0.0, 1.25]
    """
    below, factor = share_of(rate)
    return jnp.where(random_bits(key, shape) < below, 0, factor).astype(dtype)


class DropoutModule(eqx.Module):
    """Sets a share `rate` of its input to zero and scales up the rest, each value for itself; in training only."""

    rate: float = eqx.field(static=True)

    def __call__(self, x: jax.Array, *, key: jax.Array | None = None) -> jax.Array:
        """Map ``[..., features]`` to the same shape."""
        return x if key is None or self.rate == 0 else x * keep_mask(key, self.rate, x.shape, x.dtype)


@dataclass(frozen=True, repr=False)
class Dropout(Layer):
    """Dropout as a layer, described (Srivastava et al. 2014, scaled in training, as Keras and torch do).

    It stands after a layer over time or between dense layers. Recurrent layers drop their own inputs and states by
    their options `dropout` and `recurrent_dropout`.

    Examples
    --------
    >>> Dropout(0.2)
    Dropout(0.2)
    """

    traced: ClassVar[tuple[str, ...]] = ("rate",)

    rate: float = option(help="share of the values set to zero in training", at_least=0, below=1)

    @property
    def outputs(self) -> None:
        """As wide as the input."""

    def build(self, inputs: int, key: jax.Array) -> DropoutModule:
        """Make the module; it has no weights."""
        return DropoutModule(self.rate)
