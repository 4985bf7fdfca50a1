"""Encoder-decoders: padding, free running against the teacher, beam search against all sequences."""

from __future__ import annotations

import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import penstock as ps
from networks.catalogue import END, KEY, NETWORKS, TOKENS, problem
from penstock.data.sequences import read_sequences
from penstock.layers.attention import DotAttention
from penstock.networks.decoder import Teacher
from penstock.networks.encoder_decoder import EncoderDecoder
from penstock.training.decode import Decoding, attend, decode_tokens, decode_values
from penstock.training.source import Source

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["additive", "dot, every step", "values"])
def test_padding_changes_nothing_and_a_step_sees_no_later_one(name: str) -> None:
    module, x, lengths, y, *_ = problem(name)
    out = module(x, teacher=Teacher(y), lengths=lengths)
    padded = jnp.concatenate([x, jnp.full((3, 4, 2), jnp.nan)], axis=1)
    np.testing.assert_allclose(module(padded, teacher=Teacher(y), lengths=lengths), out, atol=1e-6)
    alone = module(x[1:2, :2], teacher=Teacher(y[1:2]))
    np.testing.assert_allclose(alone[0], out[1], atol=1e-6)
    later = y.at[:, 2:].set(1 - jnp.clip(y[:, 2:], 0, 1))
    np.testing.assert_array_equal(module(x, teacher=Teacher(later), lengths=lengths)[:, :3], out[:, :3])


def test_free_running_is_the_teacher_that_tells_its_own_outputs() -> None:
    for name in ("additive", "values", "one to many, first state"):
        module, x, *_ = problem(name)
        source = Source.of_sequences(read_sequences(np.asarray(x, np.float64)))
        weights = jax.tree.map(lambda leaf: leaf[None], eqx.filter(module, eqx.is_array))
        decoding = Decoding(NETWORKS[name], ps.Inputs(2), END + 1 if name in TOKENS else 2, steps=4)
        lengths, buckets = np.full(3, x.shape[1]), {x.shape[1]: np.arange(3)}
        if name == "additive":
            tokens, score = decode_tokens(decoding, weights, source, buckets)
            out = module(x, teacher=Teacher(jnp.asarray(tokens[..., None])))
            log_p = jax.nn.log_softmax(out, axis=-1)
            for sample in range(3):
                row = tokens[sample].tolist()
                true = row.index(END) + 1 if END in row else 4
                assert jnp.argmax(out[sample, :true], axis=-1).tolist() == row[:true]
                assert row[true:] == [END] * (4 - true)
                expected = sum(float(log_p[sample, step, row[step]]) for step in range(true))
                assert score[sample] == pytest.approx(expected, abs=1e-5)
            (weights_of_one,) = attend(decoding, weights, source, lengths, buckets, tokens)[:1]
            assert weights_of_one.shape == (4, 5)
            np.testing.assert_allclose(weights_of_one.sum(axis=1), 1, atol=1e-6)
        else:
            told = decode_values(decoding, weights, source, buckets)[0]
            np.testing.assert_allclose(module(x, teacher=Teacher(jnp.asarray(told))), told, atol=1e-6)


def test_a_wide_beam_finds_the_most_probable_of_all_sequences() -> None:
    """All 40 ways to say three steps or fewer, weighed one by one by the mean probability of two members."""
    network, steps = NETWORKS["additive"], 3
    keys = jax.random.split(jax.random.key(3), 2)
    weights = jax.vmap(lambda key: eqx.filter(network.build(ps.Inputs(2), END + 1, key), eqx.is_array))(keys)
    weights = jax.tree.map(lambda leaf: 4 * leaf, weights)  # far from uniform
    x = np.random.default_rng(1).normal(size=(2, 5, 2))
    source = Source.of_sequences(read_sequences(x))
    every = [
        row
        for row in itertools.product(range(END + 1), repeat=steps)
        if all(a != END or b == END for a, b in itertools.pairwise(row))
    ]
    assert len(every) == 40

    @jax.jit
    @jax.vmap
    def logits(weights: Any) -> jax.Array:
        module = network.with_weights(weights, ps.Inputs(2), END + 1)
        y = jnp.tile(jnp.asarray(every), (2, 1))[..., None]
        return module(jnp.repeat(jnp.asarray(x, jnp.float32), len(every), axis=0), teacher=Teacher(y))

    p = np.asarray(jax.nn.softmax(logits(weights), axis=-1)).mean(axis=0).reshape(2, len(every), steps, END + 1)
    best = []
    for sample in range(2):
        scores = []
        for number, row in enumerate(every):
            true = row.index(END) + 1 if END in row else steps
            scores.append(np.log(p[sample, number, np.arange(true), row[:true]]).sum())
        best.append((every[int(np.argmax(scores))], max(scores)))
    wide = Decoding(network, ps.Inputs(2), END + 1, steps, beam=16)
    tokens, score = decode_tokens(wide, weights, source, {5: np.arange(2)})
    assert [tuple(row) for row in tokens.tolist()] == [row for row, _ in best]
    np.testing.assert_allclose(score, [value for _, value in best], atol=1e-4)


def test_scheduled_sampling_between_the_truth_and_itself() -> None:
    """Fed the truth always: the teacher's outputs. Fed itself always: those of the free-running decoder."""
    module, x, lengths, y, *_ = problem("values")
    key = jax.random.key(5)
    taught = module(x, teacher=Teacher(y), lengths=lengths)
    always = module(x, teacher=Teacher(y, jnp.asarray(1.0)), lengths=lengths, key=key)
    np.testing.assert_allclose(always, taught, atol=1e-6)
    never = module(x, teacher=Teacher(y, jnp.asarray(0.0)), lengths=lengths, key=key)
    np.testing.assert_allclose(module(x, teacher=Teacher(never), lengths=lengths), never, atol=1e-6)
    half = module(x, teacher=Teacher(y, jnp.asarray(0.5)), lengths=lengths, key=key)
    assert (half[:, 1:] != taught[:, 1:]).any()
    assert (half[:, 1:] != never[:, 1:]).any()


def test_parameters() -> None:
    """GRU 2 → 3 with both biases, first state 3 → 2, four vectors of 2, GRU 2 → 2, readout 2 → 4."""
    assert NETWORKS["plain"].parameters(ps.Inputs(2), 4) == (18 + 27 + 9) + 8 + 8 + (12 + 12 + 6) + 12


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: EncoderDecoder([3], ps.GRU(2)), "3 is no layer over time"),
        (lambda: EncoderDecoder(ps.GRU(2), ps.Dense(2)), r"decoder=Dense\(2\) is no recurrent layer"),
        (lambda: EncoderDecoder([], ps.GRU(2), DotAttention()), "attention reads an encoder's steps"),
        (lambda: EncoderDecoder(ps.GRU(2), ps.GRU(2), "dot"), "attention='dot' is"),
        (lambda: EncoderDecoder(ps.GRU(2), ps.GRU(2), condition="all"), "condition='all' is unknown"),
        (lambda: EncoderDecoder(ps.GRU(2), ps.GRU(2), embedding=-1), "embedding=-1 is out of range"),
        (lambda: EncoderDecoder(ps.GRU(2), ps.GRU(2)).build(ps.Inputs(1, (3,)), 2, KEY), "reads no categories"),
        (lambda: problem("plain")[0](jnp.ones((2, 3, 5)), teacher=Teacher(jnp.zeros((2, 3, 1)))), "last axis of 2"),
    ],
)
def test_what_is_refused(build: Any, message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        build()
