"""Free-running decoders: each step is fed what was put out before, by beam search where that is tokens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.networks.decoder import EncoderDecoderModule, Teacher
from penstock.networks.encoder_decoder import EncoderDecoder
from penstock.networks.inputs import Inputs
from penstock.programs import keep_programs
from penstock.training.forward import Buckets, blocks, in_order, run_blocks
from penstock.training.source import Source

__all__ = ["Decoding", "attend", "decode_tokens", "decode_values"]


class Decoding(NamedTuple):
    """How to decode: a trained network, and how far.

    Attributes
    ----------
    network, inputs, outputs
        The description, and what it was built for.
    steps
        Steps after which a sequence ends in any case.
    beam
        Beam width; 1 is greedy decoding.
    """

    network: EncoderDecoder
    inputs: Inputs
    outputs: int
    steps: int
    beam: int = 1

    def module(self, weights: Any) -> EncoderDecoderModule:
        """Give one member's module."""
        return self.network.with_weights(weights, self.inputs, self.outputs)


class _Beams(NamedTuple):
    """The partial sequences of a beam, the best first: tokens, log-probabilities, whether the end has come."""

    tokens: jax.Array
    score: jax.Array
    ended: jax.Array


def decode_tokens(
    decoding: Decoding, weights: Any, source: Source, buckets: Buckets
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the most probable sequence of tokens of each sample, as far as a beam search finds it.

    The probability of a token is the mean of the members'. A beam of one is greedy decoding.

    Returns
    -------
    tokens, score
        Tokens ``[samples, steps]``, the end's number (`outputs` − 1) from where a sequence ends; and the sum of their
        log-probabilities, ``[samples]``.
    """
    weights = jax.tree.map(jnp.asarray, weights)
    tokens, score = {}, {}
    for length, numbers in buckets.items():
        found, sums = _tokens(decoding, length)(weights, source, blocks(numbers, length, decoding.beam))
        tokens[length] = np.asarray(found, np.int64).reshape(1, -1, decoding.steps)[:, : len(numbers)]
        score[length] = np.asarray(sums, np.float64).reshape(1, -1)[:, : len(numbers)]
    return in_order(tokens, buckets)[0], in_order(score, buckets)[0]


def decode_values(decoding: Decoding, weights: Any, source: Source, buckets: Buckets) -> NDArray[np.float64]:
    """Return the values of each sample, each member by itself: ``[members, samples, steps, outputs]``."""
    weights = jax.tree.map(jnp.asarray, weights)
    found = {
        length: run_blocks(_values(decoding, length), weights, source, numbers, length)
        for length, numbers in buckets.items()
    }
    return in_order(found, buckets)


def attend(
    decoding: Decoding,
    weights: Any,
    source: Source,
    lengths: NDArray[np.int64],
    buckets: Buckets,
    tokens: NDArray[np.int64],
) -> list[NDArray[np.float64]]:
    """Return the weights of attention ``[steps, time]`` while each sample's tokens are decoded; the members' mean."""
    result: list[Any] = [None] * len(lengths)
    weights, decoded = jax.tree.map(jnp.asarray, weights), jnp.asarray(tokens)
    for length, numbers in buckets.items():
        run = partial(_attended(decoding, length), decoded)
        found = run_blocks(run, weights, source, numbers, length).mean(axis=0)
        for place, sample in enumerate(numbers):
            result[sample] = found[place, :, : lengths[sample]]
    return result


@keep_programs(64)
def _tokens(decoding: Decoding, length: int) -> Callable[[Any, Source, jax.Array], tuple[jax.Array, jax.Array]]:
    width, end = decoding.beam, decoding.outputs - 1

    def run(weights: Any, source: Source, chunk: jax.Array) -> tuple[jax.Array, jax.Array]:
        x, lengths, _, extra = source.read(jnp.repeat(chunk, width), length)
        batch = len(chunk)

        def begin(weights: Any) -> tuple[Any, Any, jax.Array]:
            module = decoding.module(weights)
            encoded = module.encode(module.look_up(x), lengths=lengths, extra=extra)
            return encoded, module.first_state(encoded), module.opening(batch * width)

        def ahead(weights: Any, fed: jax.Array, state: Any, encoded: Any) -> tuple[jax.Array, Any]:
            output, after, _ = decoding.module(weights).step(fed, state, encoded)
            return jax.nn.log_softmax(output, axis=-1), after

        encoded, state, fed = jax.vmap(begin)(weights)

        def step(carry: tuple[_Beams, Any, jax.Array], number: jax.Array) -> tuple[Any, None]:
            beams, state, fed = carry
            each, state = jax.vmap(ahead)(weights, fed, state, encoded)
            log_p = (jax.nn.logsumexp(each, axis=0) - jnp.log(len(each))).reshape(batch, width, -1)
            only_end = jnp.where(jnp.arange(end + 1) == end, 0.0, -jnp.inf)
            sums = beams.score[..., None] + jnp.where(beams.ended[..., None], only_end, log_p)
            score, best = jax.lax.top_k(sums.reshape(batch, -1), width)
            parent, token = best // (end + 1), best % (end + 1)
            history = jnp.take_along_axis(beams.tokens, parent[..., None], axis=1).at[:, :, number].set(token)
            rows = (jnp.arange(batch)[:, None] * width + parent).reshape(-1)
            state = jax.tree.map(lambda leaf: leaf[:, rows], state)
            fed = jax.vmap(lambda weights: decoding.module(weights).feed(token.reshape(-1)))(weights)
            return (_Beams(history, score, token == end), state, fed), None

        first = jnp.where(jnp.arange(width) == 0, 0.0, -jnp.inf).astype(x.dtype if x.dtype.kind == "f" else jnp.float32)
        beams = _Beams(
            jnp.full((batch, width, decoding.steps), end, jnp.int32),
            jnp.broadcast_to(first, (batch, width)),
            jnp.zeros((batch, width), bool),
        )
        (beams, _, _), _ = jax.lax.scan(step, (beams, state, fed), jnp.arange(decoding.steps))
        return beams.tokens[:, 0], beams.score[:, 0]

    return jax.jit(lambda weights, source, numbers: jax.lax.map(lambda chunk: run(weights, source, chunk), numbers))


@keep_programs(64)
def _values(decoding: Decoding, length: int) -> Callable[[Any, Source, jax.Array], jax.Array]:
    def member(weights: Any, source: Source, numbers: jax.Array) -> jax.Array:
        module = decoding.module(weights)

        def run(chunk: jax.Array) -> jax.Array:
            x, lengths, _, extra = source.read(chunk, length)
            encoded = module.encode(module.look_up(x), lengths=lengths, extra=extra)

            def step(carry: tuple[Any, jax.Array], _: None) -> tuple[tuple[Any, jax.Array], jax.Array]:
                state, fed = carry
                output, state, _weights = module.step(fed, state, encoded)
                return (state, module.feed(output) if module.autoregressive else fed), output

            start = (module.first_state(encoded), module.opening(len(chunk)))
            return jnp.moveaxis(jax.lax.scan(step, start, None, length=decoding.steps)[1], 0, 1)

        return jax.lax.map(run, numbers)

    return jax.jit(jax.vmap(member, in_axes=(0, None, None)))


@keep_programs(64)
def _attended(decoding: Decoding, length: int) -> Callable[[jax.Array, Any, Source, jax.Array], jax.Array]:
    def member(tokens: jax.Array, weights: Any, source: Source, numbers: jax.Array) -> jax.Array:
        module = decoding.module(weights)

        def run(chunk: jax.Array) -> jax.Array:
            x, lengths, _, extra = source.read(chunk, length)
            teacher = Teacher(tokens[chunk][..., None])
            return module.attended(module.look_up(x), teacher=teacher, lengths=lengths, extra=extra)

        return jax.lax.map(run, numbers)

    return jax.jit(jax.vmap(member, in_axes=(None, 0, None, None)))
