"""Row-wise updates of tables: exactly the dense update, or the lazy form where that is promised."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import penstock as ps
from penstock.training.batch import Batch
from penstock.training.config import TrainConfig
from penstock.training.optimizers import Optimizer
from penstock.training.rows import begin_table, sum_by_row, update_rows
from penstock.training.step import TrainStep

pytestmark = pytest.mark.slow

VOCABULARY, UNITS, STEPS = 40, 3, 60


def problem(seed: int, n: int = 12) -> tuple[Any, Any, Any]:
    """A table, and for each step ids (many twice, some of them not to count: 40) and the gradient of each."""
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(VOCABULARY, UNITS))
    ids = np.minimum(rng.geometric(0.08, size=(STEPS, n)) - 1, VOCABULARY)
    return table, ids, rng.normal(size=(STEPS, n, UNITS)) * (ids < VOCABULARY)[..., None]


def row_wise(optimizer: Optimizer, table: Any, ids: Any, gradients: Any) -> Any:
    def step(carry: Any, now: Any) -> Any:
        table, state = carry
        state, summed = sum_by_row(state, *now)
        return update_rows(table, state, summed, optimizer), None

    table = jnp.asarray(table)
    run = jax.jit(lambda carry, each: jax.lax.scan(step, carry, each)[0][0])
    return np.asarray(
        run((table, begin_table(table, optimizer)), (jnp.asarray(ids, jnp.int32), jnp.asarray(gradients)))
    )


def dense(optimizer: Optimizer, table: Any, ids: Any, gradients: Any) -> Any:
    rule = optimizer.build()
    table = jnp.asarray(table)
    state = rule.init(table)
    for now, each in zip(ids, gradients, strict=True):
        gradient = np.zeros((VOCABULARY + 1, UNITS))
        np.add.at(gradient, now, each)
        updates, state = rule.update(jnp.asarray(gradient[:VOCABULARY]), state)
        table = optax.apply_updates(table, updates)
    return np.asarray(table)


@pytest.mark.parametrize("optimizer", [ps.SGD(0.1), ps.RMSprop(0.01), ps.RMSprop(0.01, decay=0.0, epsilon=1e-3)])
@settings(max_examples=4)
@given(seed=st.integers(0, 999))
def test_sgd_and_rmsprop_are_the_dense_update(optimizer: Optimizer, seed: int) -> None:
    with jax.enable_x64(True):
        given_ = problem(seed)
        np.testing.assert_allclose(row_wise(optimizer, *given_), dense(optimizer, *given_), rtol=1e-10, atol=1e-12)


def test_adam_is_lazy() -> None:
    """Moments of a row rest until it is touched; the correction of the bias counts all steps."""
    table, ids, gradients = problem(1)
    expected, m, v = table.copy(), np.zeros_like(table), np.zeros_like(table)
    for number, (now, each) in enumerate(zip(ids, gradients, strict=True), start=1):
        for row in set(now[now < VOCABULARY]):
            g = each[now == row].sum(axis=0)
            m[row] = 0.9 * m[row] + 0.1 * g
            v[row] = 0.999 * v[row] + 0.001 * g**2
            root = np.sqrt(v[row] / (1 - 0.999**number)) + 1e-8
            expected[row] -= 0.01 * m[row] / (1 - 0.9**number) / root
    with jax.enable_x64(True):
        np.testing.assert_allclose(row_wise(ps.Adam(0.01), table, ids, gradients), expected, rtol=1e-9)


def test_momentum_is_lazy() -> None:
    table, ids, gradients = problem(2)
    expected, trace = table.copy(), np.zeros_like(table)
    for now, each in zip(ids, gradients, strict=True):
        for row in set(now[now < VOCABULARY]):
            trace[row] = 0.9 * trace[row] + each[now == row].sum(axis=0)
            expected[row] -= 0.01 * trace[row]
    with jax.enable_x64(True):
        np.testing.assert_allclose(row_wise(ps.SGD(0.01, momentum=0.9), table, ids, gradients), expected, rtol=1e-9)


class Halved(ps.SGD):
    """Another step under the name of a known one."""

    def build(self) -> optax.GradientTransformation:
        return optax.sgd(self.learning_rate / 2)


def test_an_optimiser_of_ones_own_is_not_taken_for_the_one_it_derives_from() -> None:
    table, ids, gradients = problem(3)
    with jax.enable_x64(True):
        expected = row_wise(ps.SGD(0.05), table, ids, gradients)
        np.testing.assert_allclose(row_wise(Halved(0.1), table, ids, gradients), expected, rtol=1e-12)


NETWORK = ps.Network([ps.Embedding(30, 4), ps.GRU(3)], embeddings=[2, 0])
INPUTS = ps.Inputs(1, (5, 3), 2)


def batches() -> list[Batch]:
    rng = np.random.default_rng(4)
    return [
        Batch(
            x=jnp.asarray(rng.integers(0, 30, size=(6, 7)), jnp.int32),
            y=jnp.asarray(rng.normal(size=(6, 1))),
            counted=jnp.asarray([1.0, 1.0, 1.0, 1.0, 1.0, number % 2]),
            lengths=jnp.asarray(rng.integers(1, 8, size=6), jnp.int32),
            categories=jnp.asarray(rng.integers(0, 3, size=(6, 2)), jnp.int32),
            extra=jnp.asarray(rng.normal(size=(6, 2))),
        )
        for number in range(25)
    ]


@pytest.mark.parametrize(
    "plan", [TrainConfig("mse", ps.RMSprop(0.01), learning_rate_decay=0.5), TrainConfig("mae", ps.SGD(0.1), clip=0.05)]
)
def test_a_step_is_that_of_dense_gradients(plan: TrainConfig) -> None:
    """The whole network, with lengths, padding, categories and the norm of a clip, against optax on all weights."""
    with jax.enable_x64(True):
        step = TrainStep(NETWORK, plan, INPUTS, 1)
        rule = replace(plan.optimizer, learning_rate=plan.optimizer.learning_rate * plan.learning_rate_decay**2).build()
        if plan.clip is not None:
            rule = optax.chain(optax.clip_by_global_norm(plan.clip), rule)
        ours = theirs = step.init_weights(jax.random.key(0))
        state, their_state = step.begin(ours), rule.init(theirs)
        run = jax.jit(step)

        @jax.jit
        def gradient(weights: Any, batch: Batch) -> Any:
            return jax.value_and_grad(lambda w: (step.losses(w, batch) * batch.counted).sum() / batch.counted.sum())(
                weights
            )

        for batch in batches():
            ours, state, loss = run(ours, state, batch, jax.random.key(1), 2)
            their_loss, gradients = gradient(theirs, batch)
            updates, their_state = rule.update(gradients, their_state)
            theirs = optax.apply_updates(theirs, updates)
            assert float(loss) == pytest.approx(float(their_loss), rel=1e-9)
        for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-10)


def test_what_does_not_count_touches_no_row() -> None:
    """Adam moves a touched row even where its gradient is zero: padding must not touch any."""
    step = TrainStep(NETWORK, TrainConfig("mse", ps.Adam(0.1)), INPUTS, 1)
    weights = step.init_weights(jax.random.key(0))
    batch = batches()[0]._replace(lengths=jnp.asarray([2] * 6), counted=jnp.asarray([1.0] + [0.0] * 5))
    after, state, _ = step(weights, step.begin(weights), batch, None)
    moved = np.flatnonzero((after.layers[0].table != weights.layers[0].table).any(axis=1))
    assert set(moved) == set(np.asarray(batch.x[0, :2]).tolist())
    moved = np.flatnonzero((after.embeddings[0].table != weights.embeddings[0].table).any(axis=1))
    assert set(moved) == {int(batch.categories[0, 0])}
    assert int((state.tables[0].touched >= 0).sum()) == len(set(np.asarray(batch.x[0, :2]).tolist()))


def test_an_embedding_alone_learns() -> None:
    """Without categories: a network of token ids separates two tokens."""
    step = TrainStep(ps.Network([ps.Embedding(5, 3), ps.RNN(4)]), TrainConfig("bce", ps.Adam(0.05)), ps.Inputs(), 1)
    weights = step.init_weights(jax.random.key(0))
    batch = Batch(jnp.asarray([[1, 2, 2], [1, 2, 3]]), jnp.asarray([[0.0], [1.0]]))
    state, run = step.begin(weights), jax.jit(step)
    for _ in range(60):
        weights, state, loss = run(weights, state, batch, None)
    assert float(loss) < 0.1


def test_members_update_rows_side_by_side() -> None:
    step = TrainStep(NETWORK, TrainConfig("mse", ps.RMSprop(0.01)), INPUTS, 1)
    keys = jax.random.split(jax.random.key(0), 3)
    weights = jax.vmap(step.init_weights)(keys)
    state = jax.vmap(step.begin)(weights)
    batch = batches()[0]._replace(y=jnp.ones((6, 1)))
    run = jax.jit(jax.vmap(step, in_axes=(0, 0, None, 0)))
    several, _, losses = run(weights, state, batch, keys)
    for member in range(3):
        alone = jax.tree.map(lambda leaf, m=member: leaf[m], weights)
        alone, _, loss = step(alone, step.begin(alone), batch, keys[member])
        assert float(loss) == pytest.approx(float(losses[member]), rel=1e-5)
        for one, other in zip(jax.tree.leaves(several), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(one[member], other, rtol=1e-4, atol=1e-6)
