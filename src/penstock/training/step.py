"""One training step: forward, backward, update, as a pure function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax

from penstock.layers.noise import fold_in
from penstock.networks.encoder_decoder import EncoderDecoder
from penstock.networks.inputs import Inputs
from penstock.networks.language import LanguageNetwork
from penstock.networks.network import Network
from penstock.networks.segrnn import SegRNN
from penstock.training.batch import Batch, combine, embeddings_of, look_up, micro_batch_size, partition, vectors_of
from penstock.training.config import TrainConfig
from penstock.training.losses import sample_losses
from penstock.training.optimizers import scale_updates
from penstock.training.rows import Summed, Table, begin_table, learn_rows, sum_by_row, update_rows

__all__ = ["Optimizing", "TrainStep"]


class Optimizing(NamedTuple):
    """Where the optimiser stands: with the ordinary weights, and with each embedding's table (None: frozen)."""

    ordinary: Any
    tables: tuple[Table | None, ...]


@dataclass(frozen=True)
class TrainStep:
    """One training step: weights, state of the optimiser, batch and key in; weights, state and loss out.

    It is pure: it can be compiled, looped over and mapped over members. The tables of embeddings are updated row by
    row (:mod:`penstock.training.rows`).

    Examples
    --------
    >>> from penstock.layers.declared import RNN
    >>> step = TrainStep(Network([RNN(2)]), TrainConfig(), Inputs(), outputs=1)
    >>> weights = step.init_weights(jax.random.key(0))
    >>> batch = Batch(jnp.ones((4, 3, 1)), jnp.zeros((4, 1)))
    >>> weights, state, loss = step(weights, step.begin(weights), batch, jax.random.key(1))
    >>> bool(step.losses(weights, batch).mean() < loss)
    True
    """

    network: Network | EncoderDecoder | SegRNN | LanguageNetwork
    config: TrainConfig
    inputs: Inputs
    outputs: int

    def init_weights(self, key: jax.Array) -> Any:
        """Draw initial weights."""
        return eqx.filter(self.network.build(self.inputs, self.outputs, key), eqx.is_array)

    def begin(self, weights: Any) -> Optimizing:
        """Start the optimiser."""
        ordinary, tables = partition(weights)
        return Optimizing(
            self.config.optimizer.build().init(ordinary),
            tuple(
                None if part.frozen else begin_table(table, self.config.optimizer)
                for part, table in zip(embeddings_of(weights), tables, strict=True)
            ),
        )

    def losses(self, weights: Any, batch: Batch) -> jax.Array:
        """Give the loss of each sample, ``[batch]``, without dropout."""
        module = self.network.with_weights(weights, self.inputs, self.outputs)
        yhat = module(
            batch.x, lengths=batch.lengths, categories=batch.categories, extra=batch.extra, **batch.decoder_inputs
        )
        return sample_losses(self.config.loss, batch.y, yhat, batch.steps)

    def __call__(
        self,
        weights: Any,
        state: Optimizing,
        batch: Batch,
        key: jax.Array | None,
        epoch: jax.Array | float = 0,
    ) -> tuple[Any, Optimizing, jax.Array]:
        """Take the step.

        Parameters
        ----------
        weights, state
            What :meth:`init_weights` and :meth:`begin` gave, or the last step.
        batch
            The samples.
        key
            What dropout draws from; None for none.
        epoch
            Epochs before this one, by which the learning rate has decayed; with a schedule also the share of this one
            that is done.

        Returns
        -------
        Weights, state, and the mean loss over the samples that count, from before the step.
        """
        size = micro_batch_size(batch)
        if size == len(batch.x):
            value, gradients, by_look_up, ids = self._gradients(weights, batch, key)
            return *self.learn(weights, state, gradients, by_look_up, ids, epoch), value
        value, gradients, summed = self._in_parts(weights, state, batch, key, size)
        return *self._apply(weights, state, gradients, summed, self._rate(epoch)), value

    def learn(
        self,
        weights: Any,
        state: Optimizing,
        gradients: Any,
        by_look_up: list[jax.Array],
        ids: list[jax.Array],
        epoch: jax.Array | float,
    ) -> tuple[Any, Optimizing]:
        """Take the step of the optimiser.

        Parameters
        ----------
        weights, state, epoch
            As for the whole step.
        gradients
            By the ordinary weights.
        by_look_up, ids
            Gradients by what was looked up in each table, ``[n, units]``, and its rows, ``[n]``.

        Returns
        -------
        Weights and state.
        """
        _, tables = partition(weights)
        table_states, rate = list(state.tables), self._rate(epoch)
        summed: dict[int, tuple[Any, Summed]] = {}
        for place, table in enumerate(state.tables):
            if table is None:
                continue
            looked_up = ids[place], by_look_up[place]
            if self.config.clip is None:
                learned = learn_rows(tables[place], table, *looked_up, self.config.optimizer, rate)
                tables[place], table_states[place] = learned
            else:  # the norm is that of sums
                summed[place] = sum_by_row(table, *looked_up)
        after = state._replace(tables=tuple(table_states))
        return self._apply(combine(partition(weights)[0], tables), after, gradients, summed, rate)

    def _apply(
        self,
        weights: Any,
        state: Optimizing,
        gradients: Any,
        summed: dict[int, tuple[Any, Summed]],
        rate: jax.Array | None,
    ) -> tuple[Any, Optimizing]:
        """Clip the gradients, and change the ordinary weights and the rows of tables whose gradients are summed."""
        ordinary, tables = partition(weights)
        optimizer, table_states = self.config.optimizer, list(state.tables)
        if self.config.clip is not None:
            clip = optax.clip_by_global_norm(self.config.clip)
            by_row = {place: rows.gradients for place, (_, rows) in summed.items()}
            (gradients, by_row), _ = clip.update((gradients, by_row), clip.init(None))
            summed = {place: (table, rows._replace(gradients=by_row[place])) for place, (table, rows) in summed.items()}
        updates, after = optimizer.build().update(gradients, state.ordinary, ordinary)
        ordinary = optax.apply_updates(ordinary, scale_updates(updates, rate))
        for place, (rest, rows) in summed.items():
            tables[place], table_states[place] = update_rows(tables[place], rest, rows, optimizer, rate)
        return combine(ordinary, tables), Optimizing(after, tuple(table_states))

    def _rate(self, epoch: jax.Array | float) -> jax.Array | None:
        """Return the factor of the learning rate; None where it is one throughout."""
        config = self.config
        decay = config.learning_rate_decay  # traced, or a constant
        constant = isinstance(decay, (int, float)) and decay == 1
        decayed = None if constant else jnp.power(decay, jnp.floor(epoch))
        if config.schedule is None:
            return decayed
        factor = config.schedule.factor(jnp.asarray(epoch) / config.schedule_epochs)
        return factor if decayed is None else factor * decayed

    def _gradients(
        self, weights: Any, batch: Batch, key: jax.Array | None, total: jax.Array | None = None
    ) -> tuple[jax.Array, Any, list[jax.Array], list[jax.Array]]:
        """Give the loss, its gradient by the ordinary weights, and by what was looked up, ``[n, units]``, with its ids.

        `total` is what all samples of the step weigh; left out: these are all.
        """
        ordinary, _ = partition(weights)
        module: Any = self.network.with_weights(weights, self.inputs, self.outputs)
        looked_up, ids = look_up(module, batch)

        def mean_loss(ordinary: Any, looked_up: tuple[jax.Array, ...]) -> jax.Array:
            module: Any = self.network.with_weights(ordinary, self.inputs, self.outputs)
            vectors = vectors_of(module, batch, looked_up)
            yhat = module.read(vectors, lengths=batch.lengths, extra=batch.extra, key=key, **batch.decoder_inputs)
            losses = sample_losses(self.config.loss, batch.y, yhat, batch.steps)
            if batch.counted is None:
                return jnp.mean(losses)
            return jnp.sum(losses * batch.counted) / (jnp.sum(batch.counted) if total is None else total)

        value, (gradients, by_look_up) = jax.value_and_grad(mean_loss, argnums=(0, 1))(ordinary, looked_up)
        flat = [each.reshape(of.size, -1) for each, of in zip(by_look_up, ids, strict=True)]
        return value, gradients, flat, ids

    def _in_parts(
        self, weights: Any, state: Optimizing, batch: Batch, key: jax.Array | None, size: int
    ) -> tuple[jax.Array, Any, dict[int, tuple[Any, Summed]]]:
        """Add up the gradients of `size` samples at a time, so that what is kept for the way back is theirs alone."""
        ordinary, tables = partition(weights)
        count, dtype = len(batch.x) // size, jax.tree.leaves(ordinary)[0].dtype
        counted = jnp.ones(len(batch.x), dtype) if batch.counted is None else batch.counted
        total, batch = jnp.sum(counted), batch._replace(counted=counted)
        parts = jax.tree.map(lambda leaf: leaf.reshape(count, size, *leaf.shape[1:]), batch)
        learned = {place: tables[place] for place, table in enumerate(state.tables) if table is not None}
        nothing = jax.tree.map(jnp.zeros_like, (ordinary, learned))
        untouched = {place: jnp.zeros(len(table), bool) for place, table in learned.items()}

        def add(carry: Any, part: Any) -> tuple[Any, None]:
            value, gradients, by_row, touched = carry
            number, samples = part
            own = None if key is None else fold_in(key, number)
            loss, more, by_look_up, ids = self._gradients(weights, samples, own, total)
            for place in learned:
                mode: dict[str, Any] = {"mode": "drop", "wrap_negative_indices": False}
                by_row = {**by_row, place: by_row[place].at[ids[place]].add(by_look_up[place], **mode)}
                touched = {**touched, place: touched[place].at[ids[place]].set(True, **mode)}
            return (value + loss, jax.tree.map(jnp.add, gradients, more), by_row, touched), None

        begin = (jnp.zeros_like(total), *nothing, untouched)
        (value, gradients, by_row, touched), _ = jax.lax.scan(add, begin, (jnp.arange(count), parts))
        summed: dict[int, tuple[Any, Summed]] = {}
        for place, rows in by_row.items():
            numbers = jnp.where(touched[place], jnp.arange(len(rows), dtype=jnp.int32), len(rows))
            summed[place] = (state.tables[place], Summed(numbers, rows))
        return value, gradients, summed
