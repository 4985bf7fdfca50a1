"""A whole sequence read to one vector by attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.cells.initializers import input_weights
from penstock.cells.padding import check_sequence, true_steps, without_padding
from penstock.errors import OptionError
from penstock.layers.attention import softmax
from penstock.layers.layer import Layer
from penstock.options import option

__all__ = ["AttentionPooling", "AttentionPoolingModule"]


class AttentionPoolingModule(eqx.Module):
    """The mean of all true steps, step t weighted by softmax(tanh(x_t W + b) · v).

    W is ``[features, units]``, b and v are ``[units]``.
    """

    W: jax.Array
    b: jax.Array
    v: jax.Array

    def __init__(self, inputs: int, units: int, key: jax.Array) -> None:
        dtype = jax.dtypes.canonicalize_dtype(float)
        key_W, key_v = jax.random.split(key)
        self.W = input_weights(key_W, (inputs, units), dtype)
        self.b = jnp.zeros(units, dtype)
        self.v = input_weights(key_v, (units, 1), dtype)[:, 0]

    def weights(self, x: jax.Array, lengths: jax.Array | None = None) -> jax.Array:
        """Give the weight of each step, ``[batch, time]``."""
        scores = jnp.tanh(without_padding(x, lengths) @ self.W + self.b) @ self.v
        return softmax(scores, None if lengths is None else true_steps(lengths, x.shape[1]))

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        sequence: bool = True,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Map ``[batch, time, features]`` to ``[batch, features]``: zeros for a sample without steps.

        Raises
        ------
        OptionError
            Where a sequence is wanted.
        """
        check_sequence("AttentionPooling", x, lengths)
        if sequence:
            raise OptionError("AttentionPooling reads a sequence to one vector; put it on top of the layers over time.")
        return jnp.einsum("bt,btf->bf", self.weights(x, lengths), without_padding(x, lengths))


@dataclass(frozen=True, repr=False)
class AttentionPooling(Layer):
    """Pooling by attention, described (Yang et al. 2016, equations 5 to 7): the top one of the layers over time.

    Examples
    --------
    >>> module = AttentionPooling(8).build(3, jax.random.key(0))
    >>> module(jnp.ones((2, 5, 3)), sequence=False).shape
    (2, 3)
    """

    over_time: ClassVar[bool] = True

    units: int = option(help="hidden units of the score", at_least=1)

    @property
    def outputs(self) -> None:
        """As wide as the input."""

    def build(self, inputs: int, key: jax.Array) -> AttentionPoolingModule:
        """Draw the weights."""
        return AttentionPoolingModule(inputs, self.units, key)
