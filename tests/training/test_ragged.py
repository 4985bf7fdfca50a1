"""Training on samples of different lengths: buckets, order, early stopping, tables."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import penstock as ps
from penstock.data.sequences import Sequences, read_sequences
from penstock.training.buckets import bucket_bounds, in_buckets
from penstock.training.config import TrainConfig, TrainSpec
from penstock.training.epoch import initial_state
from penstock.training.forward import forward, in_order
from penstock.training.history import Trained
from penstock.training.samples import Samples
from penstock.training.source import Source
from penstock.training.train import train_folds

RNG = np.random.default_rng(0)
LENGTHS = np.array([3, 7, 9, 16, 11, 4, 2, 12, 5, 16])
PARTS = [RNG.normal(size=(n, 2)) for n in LENGTHS]
Y = RNG.normal(size=(10, 1))
WEIGHT = np.array([1.0, 2.0, 1.0, 0.5, 1.0, 1.0, 3.0, 1.0, 1.0, 1.0])
NETWORK, BOUNDS = ps.Network([ps.GRU(3)]), (8, 16)
ALL, NONE = np.arange(10), np.arange(0)


def fit(plan: TrainConfig, network: ps.Network = NETWORK, **options: Any) -> Trained:
    sequences = options.pop("sequences", read_sequences(PARTS))
    source, bounds = Source.of_sequences(sequences), options.pop("bounds", BOUNDS)
    learn, watch = options.pop("learn", ALL), options.pop("watch", NONE)
    sets = (
        {length: part[found] for length, found in in_buckets(LENGTHS[part], bounds).items()} for part in (learn, watch)
    )
    samples = Samples.of_sequences(source, Y, *sets, WEIGHT)
    return train_folds(TrainSpec(network, plan, source.widths, 1), [samples], **{"epochs": 3, **options})[0]


def outputs(weights: Any, sequences: Sequences) -> np.ndarray:
    buckets = in_buckets(sequences.lengths, BOUNDS)
    return in_order(forward(NETWORK, weights, Source.of_sequences(sequences), buckets, 1), buckets)


def alone(weights: Any, part: np.ndarray, network: ps.Network = NETWORK, member: int = 0) -> float:
    """The network's output for one sample without any padding."""
    one = jax.tree.map(lambda leaf: jnp.asarray(leaf[member]), weights)
    return float(network.with_weights(one, ps.Inputs(2), 1)(jnp.asarray(part[None], jnp.float32))[0, 0])


@settings(max_examples=30)
@given(st.lists(st.integers(1, 5000), min_size=1, max_size=30))
def test_a_bucket_holds_its_samples_and_depends_on_their_own_length_alone(lengths: list[int]) -> None:
    values = np.array(lengths)
    bounds = bucket_bounds(values)
    assert list(bounds) == sorted(set(bounds))
    assert bounds[-1] >= values.max()
    for length, samples in in_buckets(values, (8, 63)).items():
        assert (values[samples] <= length).all()
        for sample in samples:
            assert in_buckets(values[[sample]], (8, 63)).keys() == {length}


def test_buckets_follow_the_true_steps() -> None:
    lengths = np.random.default_rng(1).geometric(1 / 200, size=20_000)
    bounds = bucket_bounds(lengths)
    padded = sum(bound * len(samples) for bound, samples in in_buckets(lengths, bounds).items())
    assert len(bounds) <= 8
    assert padded < 1.35 * lengths.sum() < 0.3 * len(lengths) * lengths.max()


def test_an_epoch_counts_every_sample_once_with_its_weight() -> None:
    """With a step size that moves nothing, the loss of an epoch is the weighed mean over the samples, each alone."""
    trained = fit(TrainConfig("mse", ps.SGD(1e-12), batch=2))
    losses = [(alone(trained.weights, part) - y) ** 2 for part, y in zip(PARTS, Y[:, 0], strict=True)]
    np.testing.assert_allclose(trained.history.training_loss[:, 0], np.average(losses, weights=WEIGHT), rtol=1e-5)


@pytest.mark.slow
def test_an_epoch_of_one_batch_is_one_step_of_gradient_descent_on_the_true_steps() -> None:
    plan = TrainConfig("mse", ps.SGD(0.1), batch=10, learning_rate_decay=0.5)
    trained = fit(plan, bounds=(16,), epochs=2)
    weights = jax.tree.map(
        lambda leaf: leaf[0],
        initial_state(TrainSpec(NETWORK, plan, ps.Inputs(2), 1))(np.uint32(0), np.zeros(1, np.uint32)).weights,
    )

    def loss(weights: Any) -> jax.Array:
        module = NETWORK.with_weights(weights, ps.Inputs(2), 1)
        each = jnp.stack(
            [
                jnp.square(module(jnp.asarray(p[None], jnp.float32))[0, 0] - y)
                for p, y in zip(PARTS, Y[:, 0], strict=True)
            ]
        )
        return jnp.sum(each * WEIGHT) / WEIGHT.sum()

    for rate in (0.1, 0.05):
        weights = jax.tree.map(lambda w, g, rate=rate: w - rate * g, weights, jax.grad(loss)(weights))
    for ours, expected in zip(jax.tree.leaves(trained.weights), jax.tree.leaves(weights), strict=True):
        np.testing.assert_allclose(ours[0], expected, atol=2e-6)


@pytest.mark.slow
def test_outputs_are_those_of_each_sample_alone_whatever_its_company() -> None:
    trained = fit(TrainConfig("mse", ps.Adam(0.05), batch=3), members=2)
    sequences = read_sequences(PARTS)
    together = outputs(trained.weights, sequences)
    for number, part in enumerate(PARTS):
        single = outputs(trained.weights, read_sequences([part]))
        assert np.array_equal(single[:, 0], together[:, number])  # bit for bit
        assert together[1, number, 0] == pytest.approx(alone(trained.weights, part, member=1), abs=1e-6)
    out = outputs(trained.weights, read_sequences([np.ones((50, 2))]))  # longer than any that was learned from
    assert out[0, 0, 0] == pytest.approx(alone(trained.weights, np.ones((50, 2))), abs=1e-6)


def test_the_best_weights_are_kept_and_a_member_stops() -> None:
    plan = TrainConfig("mse", ps.SGD(0.9), batch=2, patience=2)
    trained = fit(plan, bounds=(16,), learn=ALL[:6], watch=ALL[6:], epochs=25, members=2)
    validation = trained.history.validation_loss
    for member in range(2):
        losses = [(alone(trained.weights, PARTS[n], member=member) - Y[n, 0]) ** 2 for n in ALL[6:]]
        best = np.nanmin(validation[:, member])
        assert np.average(losses, weights=WEIGHT[6:]) == pytest.approx(best, rel=1e-4)
        epochs = trained.history.epochs[member]
        assert epochs == 25 or epochs - 1 - int(np.nanargmin(validation[:, member])) == 2
    assert trained.history.epochs.min() < 25


@pytest.mark.slow
def test_a_member_stops_at_the_target_loss() -> None:
    plan, parts = TrainConfig("mse", ps.SGD(0.05), batch=2), {"bounds": (16,), "learn": ALL[:6], "watch": ALL[6:]}
    validation = fit(plan, epochs=10, members=2, **parts).history.validation_loss
    enough = float(validation.min(axis=0).max())  # one member reaches it last, the other sooner or not much later
    trained = fit(dataclasses.replace(plan, target_loss=enough), epochs=10, members=2, **parts)
    assert trained.history.epochs.tolist() == [1 + int(np.argmax(losses <= enough)) for losses in validation.T]
    for member, losses in enumerate(validation.T):
        kept = [(alone(trained.weights, PARTS[n], member=member) - Y[n, 0]) ** 2 for n in ALL[6:]]
        first = losses[int(np.argmax(losses <= enough))]
        assert np.average(kept, weights=WEIGHT[6:]) == pytest.approx(first, rel=1e-3)


def test_a_seed_is_a_fit_and_the_first_member_is_the_single_one() -> None:
    plan = TrainConfig("mse", ps.Adam(0.05), batch=3)
    one, again, several = fit(plan, seed=3), fit(plan, seed=3), fit(plan, seed=3, members=2)
    assert np.array_equal(one.history.training_loss, again.history.training_loss)
    np.testing.assert_allclose(several.history.training_loss[:, 0], one.history.training_loss[:, 0], rtol=1e-4)
    assert several.history.training_loss[-1, 0] != several.history.training_loss[-1, 1]


@pytest.mark.slow
def test_a_given_table_is_learned_from_or_kept(rng: np.random.Generator) -> None:
    ids = read_sequences([rng.integers(0, 5, size=n) for n in LENGTHS], ids=True)
    table = rng.normal(size=(6, 2))  # id 5 never occurs
    plan = TrainConfig("mse", ps.Adam(0.05), batch=4, clip=1.0)
    for frozen in (True, False):
        network = ps.Network([ps.Embedding(6, 2, frozen=frozen), ps.GRU(3)])
        trained = fit(plan, network, sequences=ids, vectors=table, members=2, bounds=(16,))
        found = trained.weights.layers[0].table
        moved = (found != table.astype(np.float32)).any(axis=2)
        assert moved.tolist() == [[not frozen] * 5 + [False]] * 2
        assert trained.history.training_loss[-1].max() < trained.history.training_loss[0].min() * 1.2
        assert network.parameters(ps.Inputs(), 1) == 18 + 27 + 9 + 4 + (0 if frozen else 12)


def test_a_loss_that_is_not_finite_stops_with_advice() -> None:
    with pytest.raises(ps.TrainingError, match="no longer finite in epoch"):
        fit(TrainConfig("mse", ps.SGD(1e30), batch=3), bounds=(16,))


def test_what_stands_behind_a_sample_is_not_read() -> None:
    sequences = Sequences(np.concatenate(PARTS), np.concatenate([[0], np.cumsum(LENGTHS)]))
    source = Source.of_sequences(sequences)
    x, lengths, _, _ = source.read(jnp.asarray([1]), 16)
    assert lengths.tolist() == [7]
    np.testing.assert_allclose(x[0, :7], PARTS[1], rtol=1e-6)
    assert not np.asarray(x[0, 7:]).any()
