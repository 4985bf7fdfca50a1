"""The network of a language model with weights."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.layers.dropout import keep_mask
from penstock.layers.embedding import EmbeddingModule
from penstock.layers.noise import fold_in
from penstock.layers.recurrent import RecurrentModule
from penstock.networks.inputs import Inputs
from penstock.networks.next_token import token_losses

__all__ = ["LanguageModule"]

_WEIGHTS, _WORDS = 2, 3  # what is folded into a layer's key, after its own dropout of inputs and states


class LanguageModule(eqx.Module):
    """An embedding, recurrent layers, and a softmax over the tokens; each leaf that is a table is updated by rows.

    Attributes
    ----------
    layers
        The embedding, and the recurrent layers above it.
    embeddings
        The table of the output, ``[vocabulary, units of the top layer]``; empty where it is the embedding's (tied).
    bias
        Biases of the output, ``[vocabulary]``.
    """

    layers: tuple[Any, ...]
    embeddings: tuple[EmbeddingModule, ...]
    bias: jax.Array
    inputs: Inputs = eqx.field(static=True)
    embedding_dropout: float = eqx.field(static=True)
    weight_dropout: float = eqx.field(static=True)
    output_dropout: float = eqx.field(static=True)

    @property
    def table(self) -> jax.Array:
        """The weights of the output, ``[vocabulary, units]``."""
        table: jax.Array = (self.embeddings or self.layers)[0].table
        return table

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        categories: jax.Array | None = None,
        extra: jax.Array | None = None,
    ) -> jax.Array:
        """Return −log p of each token of a document, given those before it, ``[batch, time, 1]``.

        Parameters
        ----------
        x
            Token ids ``[batch, time]``, the boundary before and behind each document included.
        lengths
            True steps of each document, ``[batch]``; all if left out.
        categories, extra
            None; other networks read them.

        Returns
        -------
        At each step the loss of the token that follows; zero at the last.
        """
        batch, time = x.shape
        hidden, _ = self.walk(self.layers[0](x), self.initial_state(batch), lengths=lengths)
        following = jnp.pad(x[:, 1:], ((0, 0), (0, 1)))
        losses = token_losses(hidden.reshape(batch * time, -1), self.table, self.bias, following.reshape(-1))
        behind = jnp.full(batch, time) if lengths is None else lengths
        known = jnp.arange(time) < behind[:, None] - 1
        return jnp.where(known, losses.reshape(batch, time), 0)[..., None]

    def initial_state(self, batch: int) -> tuple[Any, ...]:
        """Return the state of each recurrent layer before the first step, every leaf ``[batch, ...]``."""
        return tuple(layer.cell.initial_state(batch) for layer in self.layers[1:])

    def walk(
        self,
        vectors: jax.Array,
        state: tuple[Any, ...],
        *,
        lengths: jax.Array | None = None,
        key: jax.Array | None = None,
    ) -> tuple[jax.Array, tuple[Any, ...]]:
        """Go on from a state.

        Parameters
        ----------
        vectors
            Vectors of the tokens, ``[batch, time, units]``.
        state
            What :meth:`initial_state` or an earlier call gave.
        lengths
            True steps of each sample, ``[batch]``; all if left out.
        key
            What dropout draws from, in training; without it nothing is dropped.

        Returns
        -------
        Outputs of the top layer ``[batch, time, units]``, and the state after the last true step.
        """
        x, before, after = vectors, iter(state), []
        for place, layer in enumerate(self.layers[1:], start=1):
            own = None if key is None else fold_in(key, place)
            x, last = self._dropped(layer, own).walk(x, next(before), lengths=lengths, key=own)
            after.append(last)
        if key is not None and self.output_dropout:
            shape = x.shape[0], 1, x.shape[2]
            x = x * keep_mask(fold_in(key, len(self.layers)), self.output_dropout, shape, x.dtype)
        return x, tuple(after)

    def kept_words(self, ids: jax.Array, key: jax.Array | None) -> jax.Array | None:
        """Draw what the vector of each token is multiplied by, ``[..., 1]``: one number for each word.

        Parameters
        ----------
        ids
            Token ids.
        key
            What dropout draws from; None: nothing is dropped.

        Returns
        -------
        The factors, or None where no words are dropped.
        """
        if key is None or not self.embedding_dropout:
            return None
        table = self.layers[0].table
        return keep_mask(fold_in(key, _WORDS), self.embedding_dropout, (len(table),), table.dtype)[ids][..., None]

    def _dropped(self, layer: RecurrentModule, key: jax.Array | None) -> RecurrentModule:
        """Return a layer without some of its recurrent weights, the same for the whole part (DropConnect)."""
        if key is None or not self.weight_dropout:
            return layer
        cell: Any = layer.cell
        mask = keep_mask(fold_in(key, _WEIGHTS), self.weight_dropout, cell.U.shape, cell.U.dtype)
        dropped: RecurrentModule = eqx.tree_at(lambda module: module.cell.U, layer, cell.U * mask)
        return dropped
