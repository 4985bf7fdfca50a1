"""What one training step learns from: samples, and what a network looks up of them in its tables."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.layers.embedding import EmbeddingModule
from penstock.networks.decoder import EncoderDecoderModule, Teacher
from penstock.networks.module import NetworkModule, Vectors
from penstock.networks.segrnn_module import SegRNNModule

__all__ = ["Batch", "combine", "embeddings_of", "look_up", "micro_batch_size", "partition", "vectors_of"]

Module = NetworkModule | EncoderDecoderModule | SegRNNModule

_AT_ONCE = 1 << 18  # steps of all samples that go through a network together in training


class Batch(NamedTuple):
    """Samples that are learned from in one step.

    Attributes
    ----------
    x
        Sequences ``[batch, time, features]``, or token ids ``[batch, time]``.
    y
        Targets ``[batch, outputs]``, or ``[batch, time, outputs]`` where every step has one.
    counted
        One for each sample that counts, zero for padding, ``[batch]``; None where all count.
    lengths, categories, extra
        True steps, static categories and further features, where the network reads them
        (:class:`penstock.networks.module.NetworkModule` says how).
    y_lengths, teacher
        True steps of targets that are sequences of other lengths than x, and what a decoder is fed.
    """

    x: jax.Array
    y: jax.Array
    counted: jax.Array | None = None
    lengths: jax.Array | None = None
    categories: jax.Array | None = None
    extra: jax.Array | None = None
    y_lengths: jax.Array | None = None
    teacher: Teacher | None = None

    @property
    def decoder_inputs(self) -> dict[str, Any]:
        """What a decoder reads beside the source, by name; nothing for other networks."""
        return {} if self.teacher is None else {"teacher": self.teacher}

    @property
    def steps(self) -> jax.Array | None:
        """True steps of the targets."""
        return self.lengths if self.y_lengths is None else self.y_lengths


def micro_batch_size(batch: Batch) -> int:
    """Count the samples of a batch that go through a network at once: all, unless their steps are very many.

    What a step keeps for its way back grows with its samples' steps; beyond some 260,000 of them it goes in parts.

    Examples
    --------
    >>> [micro_batch_size(Batch(jnp.zeros((32, steps)), jnp.zeros(32))) for steps in (400, 20_000)]
    [32, 8]
    """
    count, length = batch.x.shape[:2]
    if batch.teacher is not None:
        return count
    return next(size for size in range(count, 0, -1) if count % size == 0 and (size * length <= _AT_ONCE or size == 1))


def embeddings_of(module: Module) -> list[EmbeddingModule]:
    """Find the embeddings: of the tokens, then of the categories."""
    return [part for part in (*module.layers[:1], *module.embeddings) if isinstance(part, EmbeddingModule)]


def _of_tokens(module: Module) -> bool:
    """Say whether a network begins with an embedding of tokens."""
    return any(isinstance(part, EmbeddingModule) for part in module.layers[:1])


def partition(weights: Any) -> tuple[Any, list[jax.Array]]:
    """Separate the ordinary weights from the tables of the embeddings."""
    tables = [part.table for part in embeddings_of(weights)]
    return combine(weights, [None] * len(tables)), tables


def combine(weights: Any, tables: list[Any]) -> Any:
    """Put tables (or None) into their places."""
    if not tables:
        return weights
    of_tokens = _of_tokens(weights)
    places = [place for place, part in enumerate(weights.embeddings) if isinstance(part, EmbeddingModule)]

    def where(module: Any) -> list[Any]:
        parts = [module.layers[0]] if of_tokens else []
        return [part.table for part in (*parts, *(module.embeddings[place] for place in places))]

    return eqx.tree_at(where, weights, tables, is_leaf=lambda leaf: leaf is None)


def look_up(module: Module, batch: Batch) -> tuple[tuple[jax.Array, ...], list[jax.Array]]:
    """Give the vectors that come from tables, and the flat ids they come from.

    Ids of what does not count, padding samples and steps beyond a sample's length, become the table's length.
    """
    vectors = module.look_up(batch.x, batch.categories)
    found: list[jax.Array] = []
    ids = []

    def add(embedding: EmbeddingModule, values: jax.Array, rows: jax.Array, counts: jax.Array | None) -> None:
        found.append(values)
        vocabulary = embedding.table.shape[0]
        ids.append((rows if counts is None else jnp.where(counts, rows, vocabulary)).reshape(-1))

    counted = None if batch.counted is None else batch.counted > 0
    for first in embeddings_of(module)[: _of_tokens(module)]:
        steps = None if counted is None else counted[:, None]
        if batch.lengths is not None:
            true = jnp.arange(batch.x.shape[1]) < batch.lengths[:, None]
            steps = true if steps is None else steps & true
        add(first, vectors.x, batch.x, steps)
    for place, embedding in enumerate(module.embeddings):
        if isinstance(embedding, EmbeddingModule):
            assert batch.categories is not None  # noqa: S101 (look_up has refused it)
            add(embedding, vectors.categories[place], batch.categories[:, place], counted)
    return tuple(found), ids


def vectors_of(module: Module, batch: Batch, looked_up: tuple[jax.Array, ...]) -> Vectors:
    """Put the vectors from tables beside what needs none."""
    given = iter(looked_up)
    x = next(given) if _of_tokens(module) else batch.x
    categories = [
        next(given) if isinstance(embedding, EmbeddingModule) else embedding(batch.categories[:, place])  # type: ignore[index]
        for place, embedding in enumerate(module.embeddings)
    ]
    return Vectors(x, tuple(categories))
