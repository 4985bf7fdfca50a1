"""The encoder-decoder with weights."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.cells.padding import last_step
from penstock.errors import OptionError
from penstock.layers.attention import AttentionModule
from penstock.layers.chain import run_layers
from penstock.layers.dense import DenseModule
from penstock.layers.dropout import keep_mask
from penstock.layers.embedding import EmbeddingModule
from penstock.layers.noise import fold_in, random_bits
from penstock.layers.recurrent import RecurrentModule
from penstock.layers.unroll import unroll
from penstock.networks.inputs import Inputs
from penstock.networks.module import Vectors

__all__ = ["Encoded", "EncoderDecoderModule", "Teacher"]


class Teacher(NamedTuple):
    """The true outputs, which a decoder is fed in training.

    Attributes
    ----------
    y
        Tokens or values, ``[batch, steps, ·]``.
    ratio
        The share of the steps that are fed the truth; the others are fed the decoder's own output (scheduled sampling,
        Bengio et al. 2015). None: all, and then all steps are learned from at once.
    """

    y: jax.Array
    ratio: jax.Array | None = None


class Encoded(NamedTuple):
    """The source sequences as the encoder has read them.

    Attributes
    ----------
    steps, lengths
        The encoder's outputs ``[batch, time, width]``, and the true steps.
    vector
        What the decoder reads of the source: the last output and the further features, ``[batch, width]``.
    masks
        What dropout multiplies the decoder's inputs and its state by; None for none.
    """

    steps: jax.Array
    lengths: jax.Array | None
    vector: jax.Array
    dropout_masks: tuple[jax.Array | None, jax.Array | None] = (None, None)


class EncoderDecoderModule(eqx.Module):
    """An encoder-decoder with weights: one step of it, all steps with a teacher, and what attention looks at.

    Attributes
    ----------
    W0, b0
        From what is read of the source to the decoder's first state, all its leaves side by side.
    table
        The vector of each target token that can be fed back; the last, that of the end, opens the sequence.
    """

    layers: tuple[eqx.Module, ...]
    W0: jax.Array
    b0: jax.Array
    table: jax.Array | None
    decoder: RecurrentModule
    attention: AttentionModule | None
    readout: DenseModule
    inputs: Inputs = eqx.field(static=True)
    over_time: tuple[bool, ...] = eqx.field(static=True)
    conditions_every_step: bool = eqx.field(static=True)
    autoregressive: bool = eqx.field(static=True)
    reads: int = eqx.field(static=True)
    embeddings: tuple[Any, ...] = ()

    def __call__(
        self,
        x: jax.Array,
        *,
        teacher: Teacher,
        lengths: jax.Array | None = None,
        categories: jax.Array | None = None,
        extra: jax.Array | None = None,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Map sources and the true outputs to outputs ``[batch, steps, outputs]``; step t sees those before t.

        Parameters
        ----------
        x
            Sources ``[batch, time, features]``, or token ids ``[batch, time]``.
        teacher
            The true outputs.
        lengths, extra, key
            As in :class:`penstock.networks.module.NetworkModule`.
        """
        return self.read(self.look_up(x, categories), teacher=teacher, lengths=lengths, extra=extra, key=key)

    def look_up(self, x: jax.Array, categories: jax.Array | None = None) -> Vectors:
        """Replace token ids by their vectors."""
        if self._embeds:
            if x.ndim != 2:
                raise OptionError(f"the network reads x as token ids [batch, time], but was given the shape {x.shape}.")
            x = self.layers[0](x)  # type: ignore[operator]
        return Vectors(x, ())

    def read(
        self,
        vectors: Vectors,
        *,
        teacher: Teacher,
        lengths: jax.Array | None = None,
        extra: jax.Array | None = None,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Do what :meth:`__call__` does after the look-ups."""
        encoded = self.encode(vectors, lengths=lengths, extra=extra, key=key)
        state = self.first_state(encoded)
        if teacher.ratio is not None and self.autoregressive and key is not None:
            return self._sampled(encoded, state, teacher.y, teacher.ratio, key)
        x = self._inputs(self._fed(teacher.y), encoded)
        x = x if encoded.dropout_masks[0] is None else x * encoded.dropout_masks[0][:, None]
        outputs, _ = unroll(self.decoder.cell, x, state, mask=encoded.dropout_masks[1])
        return self._output(outputs, encoded)[0]

    def encode(
        self,
        vectors: Vectors,
        *,
        lengths: jax.Array | None = None,
        extra: jax.Array | None = None,
        key: jax.Array | None = None,
    ) -> Encoded:
        """Read the sources."""
        if not self._embeds and (vectors.x.ndim != 3 or vectors.x.shape[2] != self.inputs.features):
            raise OptionError(
                f"the network reads x as [batch, time, features] with a last axis of {self.inputs.features}, but was "
                f"given the shape {vectors.x.shape}."
            )
        if (0 if extra is None else extra.shape[-1]) != self.inputs.extra:
            raise OptionError(f"the network reads extra of width {self.inputs.extra}; give [batch, extra].")
        first = int(self._embeds)
        x = run_layers(self.layers[first:], self.over_time[first:], vectors.x, lengths=lengths, key=key, first=first)
        vector = last_step(x, lengths)
        vector = vector if extra is None else jnp.concatenate([vector, extra], axis=-1)
        return Encoded(x, lengths, vector, self._dropout_masks(vector.shape[0], key))

    def first_state(self, encoded: Encoded) -> Any:
        """Give the decoder's first state: its cell's own, plus tanh of what is read of the source."""
        initial = self.decoder.cell.initial_state(encoded.vector.shape[0])
        from_source = jnp.tanh(encoded.vector @ self.W0 + self.b0)
        leaves, structure = jax.tree.flatten(initial)
        places = [0]
        for leaf in leaves:
            places.append(places[-1] + math.prod(leaf.shape[1:]))
        added = [
            leaf + from_source[:, first:last].reshape(leaf.shape)
            for leaf, first, last in zip(leaves, places[:-1], places[1:], strict=True)
        ]
        return jax.tree.unflatten(structure, added)

    def opening(self, batch: int) -> jax.Array:
        """Give what is fed before anything was put out: the vector of the end's token, or zeros."""
        if self.table is not None and self.autoregressive:
            return jnp.broadcast_to(self.table[-1], (batch, self.table.shape[1]))
        return jnp.zeros((batch, self.readout.W.shape[1] if self.autoregressive else 0), self.W0.dtype)

    def feed(self, output: jax.Array) -> jax.Array:
        """Give what is fed back of outputs ``[batch, ·]``: the vector of a token ``[batch]``, or the values."""
        if not self.autoregressive:
            return self.opening(output.shape[0])
        return output if self.table is None else self.table[output]

    def step(self, fed: jax.Array, state: Any, encoded: Encoded) -> tuple[jax.Array, Any, jax.Array | None]:
        """Take one step of the decoder.

        Parameters
        ----------
        fed
            What :meth:`opening` or :meth:`feed` gave, ``[batch, width]``.
        state, encoded
            The decoder's state, and what was read of the sources.

        Returns
        -------
        Outputs ``[batch, outputs]``, the next state, and the weights of attention ``[batch, time]`` or None.
        """
        x = self._inputs(fed[:, None], encoded)[:, 0]
        x = x if encoded.dropout_masks[0] is None else x * encoded.dropout_masks[0]
        options = () if encoded.dropout_masks[1] is None else (encoded.dropout_masks[1],)
        output, after = self.decoder.cell(x, state, *options)
        y, weights = self._output(output[:, None], encoded)
        return y[:, 0], after, None if weights is None else weights[:, 0]

    def attended(
        self,
        vectors: Vectors,
        *,
        teacher: Teacher,
        lengths: jax.Array | None = None,
        extra: jax.Array | None = None,
    ) -> jax.Array:
        """Give the weights of attention ``[batch, steps, time]`` while the decoder tells the teacher's outputs."""
        if self.attention is None:
            raise OptionError("this network has no attention; build it with AdditiveAttention or DotAttention.")
        encoded = self.encode(vectors, lengths=lengths, extra=extra)
        x = self._inputs(self._fed(teacher.y), encoded)
        outputs, _ = unroll(self.decoder.cell, x, self.first_state(encoded))
        weights: jax.Array = self.attention(outputs, encoded.steps, lengths=lengths)[1]
        return weights

    @property
    def _embeds(self) -> bool:
        return bool(self.layers) and isinstance(self.layers[0], EmbeddingModule)

    def _dropout_masks(self, batch: int, key: jax.Array | None) -> tuple[jax.Array | None, jax.Array | None]:
        layer, dtype = self.decoder, self.W0.dtype
        x = h = None
        if key is not None and layer.dropout:
            x = keep_mask(fold_in(key, 101), layer.dropout, (batch, self.reads), dtype)
        if key is not None and layer.recurrent_dropout:
            h = keep_mask(fold_in(key, 102), layer.recurrent_dropout, (batch, layer.units), dtype)
        return x, h

    def _fed(self, y: jax.Array) -> jax.Array:
        """Give what is fed before each of the true outputs: the opening, then all but the last."""
        return jnp.concatenate([self.opening(len(y))[:, None], self._feed(y)[:, :-1]], axis=1)

    def _feed(self, y: jax.Array) -> jax.Array:
        """Give what is fed back of true outputs, ``[batch, steps, width]``."""
        if not self.autoregressive:
            return jnp.zeros((*y.shape[:2], 0), self.W0.dtype)
        return y if self.table is None else self.table[y[..., 0].astype(jnp.int32)]

    def _inputs(self, fed: jax.Array, encoded: Encoded) -> jax.Array:
        """Put what the decoder reads at each step side by side, ``[batch, steps, width]``."""
        shape = (*fed.shape[:2], encoded.vector.shape[1])
        parts = [fed] if self.autoregressive else []
        parts += [jnp.broadcast_to(encoded.vector[:, None], shape)] if self.conditions_every_step else []
        return jnp.concatenate(parts, axis=-1) if parts else jnp.zeros((*fed.shape[:2], 1), self.W0.dtype)

    def _output(self, outputs: jax.Array, encoded: Encoded) -> tuple[jax.Array, jax.Array | None]:
        """Read the decoder's outputs ``[batch, steps, units]`` out, with what they attend to."""
        if self.attention is None:
            return self.readout(outputs), None
        context, weights = self.attention(outputs, encoded.steps, lengths=encoded.lengths)
        return self.readout(jnp.concatenate([outputs, context], axis=-1)), weights

    def _sampled(self, encoded: Encoded, state: Any, y: jax.Array, ratio: jax.Array, key: jax.Array) -> jax.Array:
        """Feed each step the truth with the probability `ratio`, else the decoder's own output."""
        batch, steps = y.shape[:2]
        truth = jnp.moveaxis(self._feed(y), 1, 0)
        forced = random_bits(fold_in(key, 103), (steps, batch, 1)) < ratio * 2.0**32

        def step(carry: tuple[Any, jax.Array], now: tuple[jax.Array, jax.Array]) -> tuple[Any, jax.Array]:
            (state, fed), (true, by_truth) = carry, now
            output, state, _ = self.step(fed, state, encoded)
            own = self.feed(output if self.table is None else jnp.argmax(output, axis=-1))
            return (state, jnp.where(by_truth, true, jax.lax.stop_gradient(own))), output

        _, outputs = jax.lax.scan(step, (state, self.opening(batch)), (truth, forced))
        return jnp.moveaxis(outputs, 0, 1)
