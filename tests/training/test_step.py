from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import penstock as ps
from penstock.layers.declared import GRU
from penstock.layers.embedding import Embedding
from penstock.networks.network import Network
from penstock.training.batch import Batch
from penstock.training.config import TrainConfig, TrainSpec
from penstock.training.epoch import compiled_epoch, initial_state
from penstock.training.pieces import StepRange
from penstock.training.rates import separate, stack_rates
from penstock.training.samples import Samples, SampleSet
from penstock.training.source import Source
from penstock.training.step import TrainStep


@pytest.mark.slow
def test_a_step_in_parts_is_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long samples go a few at a time; two steps, the second on other rows of the tables."""
    network = Network([Embedding(12, 3), GRU(4)], embeddings=[2])
    step = TrainStep(network, TrainConfig("bce", ps.RMSprop(0.01), clip=0.5), ps.Inputs(1, (3,), 1), outputs=1)
    rng = np.random.default_rng(0)

    def batch(high: int) -> Batch:
        return Batch(
            jnp.asarray(rng.integers(0, high, (6, 5))), jnp.asarray(rng.integers(0, 2, (6, 1)), float),
            jnp.array([1, 2, 1, 1, 0, 1.0]), jnp.array([5, 4, 1, 3, 5, 2]), jnp.asarray(rng.integers(0, 3, (6, 1))),
            jnp.asarray(rng.normal(size=(6, 1))),
        )  # fmt: skip

    batches, drawn = [batch(12), batch(6)], jax.jit(step.init_weights)(jax.random.key(0))
    begun, found = step.begin(drawn), []
    for micro_batch_size in (1 << 18, 12):
        monkeypatch.setattr("penstock.training.batch._AT_ONCE", micro_batch_size)
        take = jax.jit(lambda *given: step(*given, None))
        weights, state, losses = drawn, begun, []
        for each in batches:
            weights, state, loss = take(weights, state, each)
            losses.append(float(loss))
        found.append((losses, jax.tree.leaves(weights)))
    (whole, leaves), (parts, others) = found
    assert parts == pytest.approx(whole, rel=1e-6)
    for one, other in zip(leaves, others, strict=True):
        assert np.allclose(one, other, atol=1e-6)


@pytest.mark.slow
def test_documents_of_20000_tokens_take_bounded_memory() -> None:
    """A step on 32 of them at 100 numbers a word, both ways: less than half a gigabyte beside the data."""
    network = Network([Embedding(20_000, 100), ps.layers.Bidirectional(GRU(32))])
    spec = TrainSpec(network, TrainConfig("bce", batch=32, clip=1.0), ps.Inputs(), 1)
    count, steps = 200, 200 * 20_000

    def ints(*shape: int) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(shape, jnp.int32)

    state = jax.eval_shape(
        initial_state(spec), jax.ShapeDtypeStruct((), jnp.uint32), jax.ShapeDtypeStruct((1,), jnp.uint32)
    )
    samples = Samples(
        Source(ints(steps), ints(count), ints(count)), jax.ShapeDtypeStruct((count, 1), jnp.float32),
        {20_000: SampleSet(ints(1, 224), ints(1))}, {}, jax.ShapeDtypeStruct((count,), jnp.float32),
    )  # fmt: skip
    plan, rates = separate(spec)
    piece = StepRange.of(0, 9, ends=True)
    program = compiled_epoch(plan).lower(state, ints(1), stack_rates([rates]), samples, piece)
    assert program.compile().memory_analysis().temp_size_in_bytes < 600e6
