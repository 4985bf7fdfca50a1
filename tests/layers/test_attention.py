"""Attention by hand, and what is refused."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import penstock as ps
from penstock.layers import AdditiveAttention, AttentionPooling, DotAttention, LayerNorm, Residual

KEYS = jax.random.normal(jax.random.key(0), (2, 4, 3))
VALUES = jax.random.normal(jax.random.key(1), (2, 4, 5))
QUERIES = jax.random.normal(jax.random.key(2), (2, 2, 3))
LENGTHS = np.array([4, 3])


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


@pytest.mark.fast("attention0")
@pytest.mark.parametrize("attention", [DotAttention(), DotAttention(general=True), AdditiveAttention(6)])
def test_attention_by_hand(attention: DotAttention | AdditiveAttention) -> None:
    module = attention.build(3, 3, jax.random.key(3))
    context, weights = module(QUERIES, KEYS, VALUES, lengths=jnp.asarray(LENGTHS))
    for sample, length in enumerate(LENGTHS):
        for number, q in enumerate(np.asarray(QUERIES[sample], float)):
            keys = np.asarray(KEYS[sample, :length], float)
            if isinstance(attention, AdditiveAttention):
                scores = np.array([np.tanh(q @ module.W + k @ module.U) @ module.v for k in keys])
            else:
                W = np.eye(3) if module.W is None else np.asarray(module.W)
                scores = np.array([q @ W @ k / np.sqrt(3) for k in keys])
            np.testing.assert_allclose(weights[sample, number, :length], softmax(scores), atol=1e-6)
            assert not weights[sample, number, length:].any()
            expected = softmax(scores) @ np.asarray(VALUES[sample, :length])
            np.testing.assert_allclose(context[sample, number], expected, atol=1e-6)
    one, of_one = module(QUERIES[:, 1], KEYS, VALUES, lengths=jnp.asarray(LENGTHS))
    np.testing.assert_allclose(one, context[:, 1], atol=1e-6)
    np.testing.assert_allclose(of_one, weights[:, 1], atol=1e-6)


@pytest.mark.slow
def test_attention_pooling_by_hand() -> None:
    module = AttentionPooling(6).build(3, jax.random.key(4))
    steps = np.asarray(KEYS[1, :3])
    weights = softmax(np.tanh(steps @ module.W) @ module.v)
    np.testing.assert_allclose(
        module(KEYS, lengths=jnp.asarray(LENGTHS), sequence=False)[1], weights @ steps, atol=1e-6
    )


def test_layer_norm_centres_and_scales_each_step() -> None:
    out = LayerNorm(epsilon=1e-9).build(5, jax.random.key(0))(VALUES)
    np.testing.assert_allclose(out.mean(-1), 0, atol=1e-6)
    np.testing.assert_allclose(out.std(-1), 1, atol=1e-5)


@pytest.mark.slow
def test_residual_adds_and_skip_stands_beside() -> None:
    inner = ps.GRU(3)
    out = Residual(inner).build(3, jax.random.key(0))
    lengths = jnp.asarray(LENGTHS)
    np.testing.assert_allclose(out(KEYS), KEYS + out.inner(KEYS), atol=1e-6)
    last = jnp.stack([KEYS[0, 3], KEYS[1, 2]])
    inside = out.inner(KEYS, lengths=lengths, sequence=False)
    np.testing.assert_allclose(out(KEYS, lengths=lengths, sequence=False), last + inside, atol=1e-6)
    skip = Residual(ps.GRU(4), merge="concat").build(3, jax.random.key(0))
    assert np.array_equal(skip(KEYS)[..., :3], KEYS)
    assert ps.Network([Residual(ps.GRU(4), merge="concat"), ps.RNN(2)]).parameters(ps.Inputs(3), 1) == 96 + 20 + 3
