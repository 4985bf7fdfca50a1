"""The embedding: a vector for each token or category."""

from __future__ import annotations

from dataclasses import dataclass

import equinox as eqx
import jax

from penstock.layers.layer import Layer
from penstock.options import option

__all__ = ["Embedding", "EmbeddingModule"]


class EmbeddingModule(eqx.Module):
    """A table of vectors ``[vocabulary, units]``, drawn from U(−.05, .05), as in Keras.

    Training touches only the rows that a step looks up (:mod:`penstock.training.rows`).
    """

    table: jax.Array
    frozen: bool = eqx.field(static=True)

    def __init__(self, vocabulary: int, units: int, key: jax.Array, frozen: bool = False) -> None:
        dtype = jax.dtypes.canonicalize_dtype(float)
        self.table = jax.random.uniform(key, (vocabulary, units), dtype, -0.05, 0.05)
        self.frozen = frozen

    @property
    def untrained(self) -> tuple[str, ...]:
        """Weights that training leaves as they are."""
        return ("table",) if self.frozen else ()

    def __call__(self, ids: jax.Array, *, key: jax.Array | None = None) -> jax.Array:
        """Map ids ``[...]``, whole numbers from 0 to vocabulary − 1, to vectors ``[..., units]``."""
        return self.table.at[ids].get(mode="promise_in_bounds", wrap_negative_indices=False)


@dataclass(frozen=True, repr=False)
class Embedding(Layer):
    """An embedding, described: the first layer of a network that reads token ids.

    Pretrained vectors are given when a network is fitted, not here: a description holds no arrays.

    Examples
    --------
    >>> Embedding(20_000, 100), Embedding(10_000, 100, frozen=True)
    (Embedding(20000, 100), Embedding(10000, 100, frozen=True))
    """

    vocabulary: int = option(help="how many tokens there are: ids go from 0 to this less 1", at_least=1)
    units: int = option(help="width of each token's vector", at_least=1)
    frozen: bool = option(False, "keep the vectors as they are given, such as pretrained ones", kw_only=True)

    @property
    def outputs(self) -> int:
        """Width of each token's vector."""
        return self.units

    def build(self, inputs: int, key: jax.Array) -> EmbeddingModule:
        """Draw the table; the input is one id a step."""
        return EmbeddingModule(self.vocabulary, self.units, key, self.frozen)
