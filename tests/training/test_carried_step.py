"""Steps of a language model: gradients by rows against differences, parts of a stream against loops in NumPy."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import penstock as ps
from penstock.layers.embedding import Embedding
from penstock.networks.inputs import Inputs
from penstock.networks.language import LanguageNetwork
from penstock.training.batch import Batch, combine, partition
from penstock.training.carried_step import part_gradients, part_losses, state_after
from penstock.training.config import TrainConfig
from penstock.training.step import TrainStep

RNG = np.random.default_rng(0)
STREAM = RNG.integers(0, 7, (2, 13))


def step_of(network: LanguageNetwork) -> TrainStep:
    return TrainStep(network, TrainConfig(loss="cross_entropy", stateful=True), Inputs(), 1)


def part(first: int, length: int, counted: Any = 1.0) -> Batch:
    x, y = STREAM[:, first : first + length], STREAM[:, first + 1 : first + length + 1]
    weight = np.broadcast_to(np.asarray(counted, np.float64), x.shape)
    return Batch(jnp.asarray(x), jnp.asarray(y[..., None], float), jnp.asarray(weight))


def drawn(take: TrainStep) -> Any:
    """Draw weights of a size at which every term of a gradient counts."""
    weights = take.init_weights(jax.random.key(0))
    return jax.tree.map(lambda leaf: jnp.asarray(RNG.normal(size=leaf.shape) / 2), weights)


@pytest.mark.parametrize(
    ("tied", "sampled"),
    [(True, 4), pytest.param(False, None, marks=pytest.mark.slow), pytest.param(False, 4, marks=pytest.mark.slow)],
)
def test_gradients_are_those_of_differences(tied: bool, sampled: int | None) -> None:
    """The rows that a step looks up, of the input and of the output, get all that the loss says, with dropout."""
    with jax.enable_x64(True):
        layers = [Embedding(7, 3), ps.GRU(3 if tied else 2, dropout=0.3)]
        dropouts = {"embedding_dropout": 0.2, "weight_dropout": 0.3, "output_dropout": 0.2}
        take = step_of(LanguageNetwork(layers, tied=tied, sampled=sampled, **dropouts))
        weights = drawn(take)
        batch = part(0, 5, [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
        carried, key = (jnp.asarray(RNG.normal(size=(2, layers[1].units))),), jax.random.key(3)
        found = jax.jit(lambda weights: part_gradients(take, weights, batch, carried, key))
        _, gradients, by_look_up, ids, _ = found(weights)
        _, tables = partition(weights)
        summed = [
            jnp.zeros_like(table).at[rows].add(each, mode="drop", wrap_negative_indices=False)
            for table, rows, each in zip(tables, ids, by_look_up, strict=True)
        ]
        flat, unravel = ravel_pytree(weights)
        numeric = ps.derivatives.gradient(lambda at: found(unravel(at))[0], flat, h=1e-5)
        analytic, _ = ravel_pytree(combine(gradients, summed))
        np.testing.assert_allclose(analytic, numeric, rtol=1e-6, atol=1e-9)
        assert (np.abs(numeric) > 1e-3).mean() > 0.5


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def reference(weights: Any) -> np.ndarray:
    """Walk each stream through two layers, LSTM below GRU, in loops; −log p of each token that follows, [2, 12]."""
    table = np.asarray(weights.layers[0].table)
    lstm, gru = (jax.tree.map(np.asarray, weights.layers[place].cell) for place in (1, 2))
    output, bias = np.asarray(weights.embeddings[0].table), np.asarray(weights.bias)
    losses = np.zeros((2, 12))
    for row in range(2):
        h, c, g = np.zeros(3), np.zeros(3), np.zeros(2)
        for time in range(12):
            i, f, new, o = np.split(table[STREAM[row, time]] @ lstm.W + h @ lstm.U + lstm.b, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(new)
            h = sigmoid(o) * np.tanh(c)
            into, units = h @ gru.W + gru.b, 2
            gates = sigmoid(into[: 2 * units] + g @ gru.U[:, : 2 * units])
            r, z = gates[:units], gates[units:]
            g = z * g + (1 - z) * np.tanh(into[2 * units :] + (r * g) @ gru.U[:, 2 * units :])
            logits = output @ g + bias
            losses[row, time] = np.log(np.exp(logits).sum()) - logits[STREAM[row, time + 1]]
    return losses


def test_parts_of_a_stream_are_those_of_loops_in_numpy() -> None:
    with jax.enable_x64(True):
        take = step_of(LanguageNetwork([Embedding(7, 4), ps.LSTM(3), ps.GRU(2)], tied=False))
        weights = drawn(take)
        carried = take.network.with_weights(weights, Inputs(), 1).initial_state(2)
        losses = jax.jit(lambda batch, carried: part_losses(take, weights, batch, carried))
        found = []
        for first in (0, 4, 8):
            each, after = losses(part(first, 4), carried)
            np.testing.assert_array_equal(
                ravel_pytree(after)[0], ravel_pytree(state_after(take, weights, part(first, 4), carried))[0]
            )
            found.append(each)
            carried = after
        np.testing.assert_allclose(np.concatenate(found, axis=1), reference(weights), rtol=1e-10)
        module = take.network.with_weights(weights, Inputs(), 1)  # and as whole documents, one of them shorter
        whole = module(jnp.asarray(STREAM), lengths=jnp.array([13, 9]))[..., 0]
        np.testing.assert_allclose(whole[0, :12], reference(weights)[0], rtol=1e-10)
        np.testing.assert_allclose(whole[1, :8], reference(weights)[1, :8], rtol=1e-10)
        assert not whole[1, 8:].any()
