"""Attention: a weighted mean of values, the weights scored by a query against keys."""

from __future__ import annotations

import abc
import math
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from penstock.cells.initializers import input_weights
from penstock.cells.padding import true_steps, without_padding
from penstock.errors import OptionError
from penstock.options import Description, option

__all__ = [
    "AdditiveAttention",
    "AdditiveAttentionModule",
    "Attention",
    "AttentionModule",
    "DotAttention",
    "DotAttentionModule",
    "softmax",
]


def softmax(scores: jax.Array, true: jax.Array | None = None) -> jax.Array:
    """Give weights ``[..., time]`` that add up to one over the true steps; zero where none is true.

    Examples
    --------
    >>> softmax(jnp.zeros((2, 2)), jnp.asarray([[True, False], [False, False]])).tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    if true is None:
        return jax.nn.softmax(scores, axis=-1)
    lowest = float(np.finfo(scores.dtype).min) / 2  # no infinity: where no step is true, inf - inf would be NaN
    return jnp.where(true, jax.nn.softmax(jnp.where(true, scores, lowest), axis=-1), 0)


class AttentionModule(eqx.Module):
    """Attention with weights."""

    @abc.abstractmethod
    def scores(self, queries: jax.Array, keys: jax.Array) -> jax.Array:
        """Score queries ``[batch, queries, features]`` against keys ``[batch, time, features]``.

        Returns
        -------
        ``[batch, queries, time]``.
        """

    def __call__(
        self,
        queries: jax.Array,
        keys: jax.Array,
        values: jax.Array | None = None,
        *,
        lengths: jax.Array | None = None,
    ) -> tuple[jax.Array, jax.Array]:
        """Read the values by the queries.

        Parameters
        ----------
        queries
            ``[batch, queries, features]``, or ``[batch, features]`` for one query a sample.
        keys
            ``[batch, time, features]``.
        values
            ``[batch, time, width]``; the keys if left out.
        lengths
            True steps of keys and values, ``[batch]``; all if left out.

        Returns
        -------
        context, weights
            The weighted means ``[batch, queries, width]`` and the weights ``[batch, queries, time]``, which add up to
            one over the true steps (zeros for a sample without steps); both without the axis of queries where there
            is one query a sample.
        """
        one = queries.ndim == 2
        keys = without_padding(keys, lengths)
        values = keys if values is None else without_padding(values, lengths)
        true = None if lengths is None else true_steps(lengths, keys.shape[1])[:, None]
        weights = softmax(self.scores(queries[:, None] if one else queries, keys), true)
        context = weights @ values
        return (context[:, 0], weights[:, 0]) if one else (context, weights)


class AdditiveAttentionModule(AttentionModule):
    """score(q, k) = tanh(q W + k U) · v, with W ``[queries, units]``, U ``[keys, units]`` and v ``[units]``."""

    W: jax.Array
    U: jax.Array
    v: jax.Array

    def __init__(self, queries: int, keys: int, units: int, key: jax.Array) -> None:
        dtype = jax.dtypes.canonicalize_dtype(float)
        key_W, key_U, key_v = jax.random.split(key, 3)
        self.W = input_weights(key_W, (queries, units), dtype)
        self.U = input_weights(key_U, (keys, units), dtype)
        self.v = input_weights(key_v, (units, 1), dtype)[:, 0]

    def scores(self, queries: jax.Array, keys: jax.Array) -> jax.Array:
        """Score each query against each key."""
        return jnp.tanh((queries @ self.W)[:, :, None] + (keys @ self.U)[:, None]) @ self.v


class DotAttentionModule(AttentionModule):
    """score(q, k) = (q W) · k / √width, with W ``[queries, keys]``, or the identity where W is None."""

    W: jax.Array | None

    def __init__(self, queries: int, keys: int, general: bool, key: jax.Array) -> None:
        dtype = jax.dtypes.canonicalize_dtype(float)
        self.W = input_weights(key, (queries, keys), dtype) if general else None

    def scores(self, queries: jax.Array, keys: jax.Array) -> jax.Array:
        """Score each query against each key."""
        queries = queries if self.W is None else queries @ self.W
        return queries @ jnp.swapaxes(keys, 1, 2) / math.sqrt(keys.shape[-1])


@dataclass(frozen=True, repr=False)
class Attention(Description):
    """Attention described: how a query scores keys. Self-attention and decoders use it."""

    @abc.abstractmethod
    def build(self, queries: int, keys: int, key: jax.Array) -> AttentionModule:
        """Draw the weights of a module for queries and keys of these widths.

        Parameters
        ----------
        queries
            Width of what asks.
        keys
            Width of what is asked.
        key
            JAX key that the weights are drawn from.

        Returns
        -------
        The module with weights.
        """


@dataclass(frozen=True, repr=False)
class AdditiveAttention(Attention):
    """Additive attention, described (Bahdanau, Cho & Bengio 2015, appendix A.1.2).

    Examples
    --------
    >>> module = AdditiveAttention(8).build(queries=3, keys=4, key=jax.random.key(0))
    >>> context, weights = module(jnp.ones((2, 3)), jnp.ones((2, 5, 4)), lengths=jnp.asarray([5, 2]))
    >>> context.shape, weights[1].tolist()
    ((2, 4), [0.5, 0.5, 0.0, 0.0, 0.0])
    """

    units: int = option(help="hidden units of the score", at_least=1)

    def build(self, queries: int, keys: int, key: jax.Array) -> AdditiveAttentionModule:
        """Draw the weights."""
        return AdditiveAttentionModule(queries, keys, self.units, key)


@dataclass(frozen=True, repr=False)
class DotAttention(Attention):
    """Dot-product attention, described: scaled (Vaswani et al. 2017, equation 1), or `general`, with a matrix between.

    The general form is that of Luong, Pham & Manning (2015), equation 8, scaled.

    Examples
    --------
    >>> module = DotAttention().build(queries=2, keys=2, key=jax.random.key(0))
    >>> context, weights = module(jnp.zeros((1, 2)), jnp.asarray([[[1.0, 0.0], [3.0, 2.0]]]))
    >>> context.tolist()
    [[2.0, 1.0]]
    """

    general: bool = option(False, "learn a matrix between query and key")

    def build(self, queries: int, keys: int, key: jax.Array) -> DotAttentionModule:
        """Draw the weights.

        Raises
        ------
        OptionError
            Where queries and keys differ in width and no matrix stands between.
        """
        if not self.general and queries != keys:
            raise OptionError(
                f"{self!r} multiplies queries of width {queries} with keys of width {keys}; make them equally wide, or "
                "use DotAttention(general=True)."
            )
        return DotAttentionModule(queries, keys, self.general, key)
