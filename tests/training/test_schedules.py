"""Learning-rate schedules, budgets in steps, decoupled weight decay."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import penstock as ps
from penstock.training.batch import Batch
from penstock.training.config import TrainConfig, TrainSpec
from penstock.training.epoch import compiled_epoch, initial_state
from penstock.training.folds import stack
from penstock.training.pieces import StepRange
from penstock.training.rates import separate, stack_rates
from penstock.training.samples import Samples
from penstock.training.schedules import Cosine, OneCycle, Schedule
from penstock.training.source import Source
from penstock.training.step import TrainStep

NETWORK = ps.Network([ps.RNN(3)])
Y = np.sin(np.arange(60) / 3)
SAMPLES = Samples.of_windows(Source.of(Y[:, None]), Y, np.arange(50), np.arange(0), window=4)


def epochs(config: TrainConfig, count: int) -> tuple[list[Any], list[float]]:
    """Return the states after each of some epochs, and the training losses."""
    spec = TrainSpec(NETWORK, config, ps.Inputs(), 1)
    plan, rates = separate(spec)
    state = initial_state(plan)(np.uint32(0), np.arange(1, dtype=np.uint32))
    states, losses = [jax.tree.map(np.array, state)], []
    for _ in range(count):
        state, loss, _ = compiled_epoch(plan)(
            state, np.zeros(1, np.int32), stack_rates([rates]), stack([SAMPLES]), StepRange.of(0, 2**31 - 1, ends=True)
        )
        states.append(jax.tree.map(np.array, state))
        losses.append(float(loss[0]))
    return states, losses


def test_one_cycle_rises_and_falls() -> None:
    shares = jnp.linspace(0, 1, 11)
    factors = np.array([OneCycle().factor(share) for share in shares])
    assert factors[0] == pytest.approx(0.04)
    assert factors[3] == pytest.approx(1)
    assert factors[-1] == pytest.approx(0, abs=1e-6)
    assert (np.diff(factors[:4]) > 0).all()
    assert (np.diff(factors[3:]) < 0).all()
    np.testing.assert_allclose(Cosine(end=0.1).factor(jnp.array([0, 0.5, 1.0])), [1, 0.55, 0.1], rtol=1e-6)


@pytest.mark.parametrize(("schedule", "progress"), [(Cosine(), 0.5), (OneCycle(), 0.1)])
def test_a_step_is_as_long_as_the_schedule_says(schedule: Schedule, progress: float) -> None:
    batch = Batch(jnp.ones((4, 3, 1)), jnp.zeros((4, 1)))
    moved = []
    for each in (None, schedule):
        step = TrainStep(NETWORK, TrainConfig("mse", ps.SGD(0.1), schedule=each, schedule_epochs=8), ps.Inputs(), 1)
        weights = step.init_weights(jax.random.key(0))
        after, _, _ = step(weights, step.begin(weights), batch, None, 8 * progress)
        moved.append(jax.tree.leaves(jax.tree.map(lambda new, old: new - old, after, weights)))
    for whole, part in zip(*moved, strict=True):
        np.testing.assert_allclose(part, whole * float(schedule.factor(jnp.asarray(progress))), rtol=1e-3, atol=1e-7)


def test_the_schedule_goes_on_within_an_epoch() -> None:
    """Ten steps of plain descent in two epochs: the rate falls from step to step, not from epoch to epoch."""
    seen: list[float] = []

    class Watched(Cosine):
        def factor(self, progress: jax.Array) -> jax.Array:
            jax.debug.callback(lambda share: seen.append(float(share)), progress)
            return super().factor(progress)

    epochs(TrainConfig("mse", ps.SGD(0.1), batch=10, schedule=Watched(), schedule_epochs=2), 2)
    jax.effects_barrier()
    np.testing.assert_allclose(sorted(seen), np.arange(10) / 10, atol=1e-6)


@pytest.mark.slow
def test_an_epoch_takes_the_steps_that_are_given_on_other_windows_each_time() -> None:
    states, losses = epochs(TrainConfig("mse", ps.Adam(1e-9), batch=10, steps_per_epoch=2), 3)
    assert [int(np.ravel(state.optimizer.ordinary[0].count)[0]) for state in states] == [0, 2, 4, 6]
    assert len(set(losses)) == 3  # the weights stand still; the windows do not
    whole = epochs(TrainConfig("mse", ps.Adam(1e-9), batch=10, steps_per_epoch=99), 1)
    assert int(np.ravel(whole[0][-1].optimizer.ordinary[0].count)[0]) == 5
    assert whole[1] == pytest.approx(epochs(TrainConfig("mse", ps.Adam(1e-9), batch=10), 1)[1], rel=1e-6)


def test_weight_decay_shrinks_matrices_and_leaves_biases() -> None:
    optimizer = ps.AdamW(0.1, weight_decay=0.5)
    weights = {"W": jnp.full((2, 2), 4.0), "b": jnp.full(2, 4.0)}
    transform = optimizer.build()
    updates, _ = transform.update(jax.tree.map(jnp.zeros_like, weights), transform.init(weights), weights)
    assert np.allclose(updates["W"], -0.1 * 0.5 * 4)
    assert not np.asarray(updates["b"]).any()


@pytest.mark.slow
def test_estimators_take_schedules_by_name(walk: Any) -> None:
    options: dict[str, Any] = {"window": 5, "epochs": 3, "optimizer": "adamw", "seed": 1}
    plain, cosine = (ps.Forecaster(NETWORK, schedule=each, **options).fit(walk) for each in (None, "cosine"))
    assert plain.history_.training_loss[0] != cosine.history_.training_loss[0]
    with pytest.raises(ps.OptionError, match="schedule='cosin' is unknown; did you mean 'cosine'"):
        ps.Forecaster(NETWORK, schedule="cosin")
