"""One training step: forward, backward, update, as a pure function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax

from penstock.layers.embedding import EmbeddingModule
from penstock.networks.decoder import EncoderDecoderModule, Teacher
from penstock.networks.encoder_decoder import EncoderDecoder
from penstock.networks.inputs import Inputs
from penstock.networks.module import NetworkModule, Vectors
from penstock.networks.network import Network
from penstock.training.losses import sample_losses
from penstock.training.plan import Plan
from penstock.training.rows import Table, begin_table, sum_by_row, update_rows

__all__ = ["Batch", "Optimizing", "Step"]

Module = NetworkModule | EncoderDecoderModule


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
    def told(self) -> dict[str, Any]:
        """What a decoder is fed; other networks are fed nothing."""
        return {} if self.teacher is None else {"teacher": self.teacher}

    @property
    def steps(self) -> jax.Array | None:
        """True steps of the targets."""
        return self.lengths if self.y_lengths is None else self.y_lengths


class Optimizing(NamedTuple):
    """Where the optimiser stands: with the ordinary weights, and with each embedding's table (None: frozen)."""

    ordinary: Any
    tables: tuple[Table | None, ...]


@dataclass(frozen=True)
class Step:
    """One training step of a network with a plan: weights, state, batch and key in; weights, state and loss out.

    It is pure: it can be compiled, looped over and mapped over members. The tables of embeddings are updated row by
    row (:mod:`penstock.training.rows`).

    Examples
    --------
    >>> from penstock.layers.rnn import RNN
    >>> step = Step(Network([RNN(2)]), Plan(), Inputs(), outputs=1)
    >>> weights = step.draw(jax.random.key(0))
    >>> batch = Batch(jnp.ones((4, 3, 1)), jnp.zeros((4, 1)))
    >>> weights, state, loss = step(weights, step.begin(weights), batch, jax.random.key(1))
    >>> bool(step.losses(weights, batch).mean() < loss)
    True
    """

    network: Network | EncoderDecoder
    plan: Plan
    inputs: Inputs
    outputs: int

    def draw(self, key: jax.Array) -> Any:
        """Draw initial weights."""
        return eqx.filter(self.network.build(self.inputs, self.outputs, key), eqx.is_array)

    def begin(self, weights: Any) -> Optimizing:
        """Start the optimiser."""
        ordinary, tables = _parted(weights)
        return Optimizing(
            self.plan.optimizer.build().init(ordinary),
            tuple(
                None if part.frozen else begin_table(table, self.plan.optimizer)
                for part, table in zip(_embeddings(weights), tables, strict=True)
            ),
        )

    def losses(self, weights: Any, batch: Batch) -> jax.Array:
        """Give the loss of each sample, ``[batch]``, without dropout."""
        module = self.network.with_weights(weights, self.inputs, self.outputs)
        yhat = module(batch.x, lengths=batch.lengths, categories=batch.categories, extra=batch.extra, **batch.told)
        return sample_losses(self.plan.loss, batch.y, yhat, batch.steps)

    def __call__(
        self, weights: Any, state: Optimizing, batch: Batch, key: jax.Array | None
    ) -> tuple[Any, Optimizing, jax.Array]:
        """Take the step.

        Parameters
        ----------
        weights, state
            What :meth:`draw` and :meth:`begin` gave, or the last step.
        batch
            The samples.
        key
            What dropout draws from; None for none.

        Returns
        -------
        Weights, state, and the mean loss over the samples that count, from before the step.
        """
        ordinary, tables = _parted(weights)
        module = self.network.with_weights(weights, self.inputs, self.outputs)
        looked_up, ids = _looked_up(module, batch)

        def mean_loss(ordinary: Any, looked_up: tuple[jax.Array, ...]) -> jax.Array:
            module = self.network.with_weights(ordinary, self.inputs, self.outputs)
            vectors = _vectors(module, batch, looked_up)
            yhat = module.read(vectors, lengths=batch.lengths, extra=batch.extra, key=key, **batch.told)
            losses = sample_losses(self.plan.loss, batch.y, yhat, batch.steps)
            if batch.counted is None:
                return jnp.mean(losses)
            return jnp.sum(losses * batch.counted) / jnp.sum(batch.counted)

        value, (gradients, by_look_up) = jax.value_and_grad(mean_loss, argnums=(0, 1))(ordinary, looked_up)
        summed = {
            place: sum_by_row(table, ids[place], by_look_up[place].reshape(ids[place].size, -1))
            for place, table in enumerate(state.tables)
            if table is not None
        }
        if self.plan.clip is not None:
            clip = optax.clip_by_global_norm(self.plan.clip)
            by_row = {place: rows.gradients for place, (_, rows) in summed.items()}
            (gradients, by_row), _ = clip.update((gradients, by_row), clip.init(None))
            summed = {place: (table, rows._replace(gradients=by_row[place])) for place, (table, rows) in summed.items()}
        updates, after = self.plan.optimizer.build().update(gradients, state.ordinary, ordinary)
        ordinary = optax.apply_updates(ordinary, updates)
        rested = list(state.tables)
        for place, (rest, rows) in summed.items():
            tables[place], rested[place] = update_rows(tables[place], rest, rows, self.plan.optimizer)
        return _joined(ordinary, tables), Optimizing(after, tuple(rested)), value


def _embeddings(module: Module) -> list[EmbeddingModule]:
    """Find the embeddings: of the tokens, then of the categories."""
    return [part for part in (*module.layers[:1], *module.embeddings) if isinstance(part, EmbeddingModule)]


def _of_tokens(module: Module) -> bool:
    """Say whether a network begins with an embedding of tokens."""
    return any(isinstance(part, EmbeddingModule) for part in module.layers[:1])


def _parted(weights: Any) -> tuple[Any, list[jax.Array]]:
    """Part ordinary weights from tables."""
    tables = [part.table for part in _embeddings(weights)]
    return _joined(weights, [None] * len(tables)), tables


def _joined(weights: Any, tables: list[Any]) -> Any:
    """Put tables (or None) into their places."""
    if not tables:
        return weights
    of_tokens = _of_tokens(weights)
    places = [place for place, part in enumerate(weights.embeddings) if isinstance(part, EmbeddingModule)]

    def where(module: Any) -> list[Any]:
        parts = [module.layers[0]] if of_tokens else []
        return [part.table for part in (*parts, *(module.embeddings[place] for place in places))]

    return eqx.tree_at(where, weights, tables, is_leaf=lambda leaf: leaf is None)


def _looked_up(module: Module, batch: Batch) -> tuple[tuple[jax.Array, ...], list[jax.Array]]:
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
    for first in _embeddings(module)[: _of_tokens(module)]:
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


def _vectors(module: Module, batch: Batch, looked_up: tuple[jax.Array, ...]) -> Vectors:
    """Put the vectors from tables beside what needs none."""
    given = iter(looked_up)
    x = next(given) if _of_tokens(module) else batch.x
    categories = [
        next(given) if isinstance(embedding, EmbeddingModule) else embedding(batch.categories[:, place])  # type: ignore[index]
        for place, embedding in enumerate(module.embeddings)
    ]
    return Vectors(x, tuple(categories))
