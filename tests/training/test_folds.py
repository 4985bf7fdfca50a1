"""Folds that train together give what each gives alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

import penstock as ps
from penstock.layers.noise import seeded
from penstock.networks.inputs import Inputs
from penstock.training import lanes as lanes_module
from penstock.training.config import TrainConfig, TrainSpec
from penstock.training.epoch import compiled_epoch
from penstock.training.folds import stack
from penstock.training.history import Trained
from penstock.training.lanes import Lanes
from penstock.training.samples import Samples
from penstock.training.source import Source
from penstock.training.train import train_folds

pytestmark = pytest.mark.slow

NETWORK = ps.Network([ps.LSTM(4)])
SPEC = TrainSpec(NETWORK, TrainConfig(batch=10, patience=3, optimizer=ps.Adam(0.02)), Inputs(), 1)
OPTIONS: dict[str, Any] = {"epochs": 30, "seed": 1}


def fold(rows: int, seed: int, learned: float = 0.8) -> Samples:
    rng = np.random.default_rng(seed)
    y = 0.5 + 0.4 * np.sin(np.arange(rows) / 3) + 0.05 * rng.normal(size=rows)
    starts, border = np.arange(rows - 6), int(learned * rows)
    return Samples.of_windows(
        Source.of(y[:, None]), y, starts[starts + 6 < border], starts[starts + 6 >= border], window=6
    )


def same(one: Trained, other: Trained) -> bool:
    """Equal bits of the weights; the losses, which only decide when to stop, may be summed in another order."""
    pairs = zip(jax.tree.leaves(one.weights), jax.tree.leaves(other.weights), strict=True)
    history, its = one.history, other.history
    return all(np.array_equal(a, b) for a, b in pairs) and all(
        np.allclose(a, b, rtol=1e-5, atol=0, equal_nan=True)
        for a, b in ((history.training_loss, its.training_loss), (history.validation_loss, its.validation_loss))
    )


@pytest.fixture(scope="module")
def uneven() -> list[Samples]:
    """Folds that grow: 6 to 8 steps an epoch."""
    return [fold(rows, rows) for rows in (80, 84, 90, 104)]


@pytest.fixture(scope="module")
def together(uneven: list[Samples]) -> list[Trained]:
    return train_folds(SPEC, uneven, members=3, **OPTIONS)


def test_folds_together_equal_fold_by_fold_bit_for_bit(uneven: list[Samples], together: list[Trained]) -> None:
    """Weights, losses, and the epoch at which each member of each fold stopped."""
    for place in (0, 3):
        assert same(train_folds(SPEC, [uneven[place]], members=3, **OPTIONS)[0], together[place])
    stopped = np.concatenate([each.history.epochs for each in together])
    assert len(set(stopped.tolist())) > 4
    assert stopped.min() < 30


def test_a_single_member_equals_its_like_but_for_rounding(uneven: list[Samples], together: list[Trained]) -> None:
    """XLA drops an axis of length one, and sums the dense layer in another order."""
    alone = train_folds(SPEC, [uneven[1]], **OPTIONS)[0]
    for one, several in zip(jax.tree.leaves(alone.weights), jax.tree.leaves(together[1].weights), strict=True):
        np.testing.assert_allclose(one[0], several[0], atol=2e-6)
    assert alone.history.epochs[0] == together[1].history.epochs[0]


@pytest.mark.parametrize("most", [2, 5])
def test_jobs_that_wait_take_the_lanes_of_those_that_end(
    most: int, uneven: list[Samples], together: list[Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.training.train.lanes_at_once", lambda: most)
    taking_turns = train_folds(SPEC, uneven, members=3, **OPTIONS)
    assert all(same(one, other) for one, other in zip(taking_turns, together, strict=True))


def test_idle_lanes_are_dropped_where_they_cost_more_than_a_compilation(
    uneven: list[Samples], together: list[Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes_module, "_COMPILING", 1e5)
    widths = []
    compact = Lanes.compact

    def recorded(self: Lanes, *arguments: Any) -> Any:
        answer = compact(self, *arguments)
        widths.append(len(self.job))
        return answer

    monkeypatch.setattr(Lanes, "compact", recorded)
    narrower = train_folds(SPEC, uneven[:2], members=3, **OPTIONS)
    assert widths[0] == 6
    assert min(widths) <= 3
    for one, other in zip(narrower, together, strict=False):
        for a, b in zip(jax.tree.leaves(one.weights), jax.tree.leaves(other.weights), strict=True):
            np.testing.assert_allclose(a, b, atol=2e-6)
        assert one.history.epochs.tolist() == other.history.epochs.tolist()


def test_folds_of_one_shape_are_one_program(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled_epoch.cache_clear()
    monkeypatch.setattr("penstock.training.train.lanes_at_once", lambda: 4)
    trained = train_folds(SPEC, [fold(80, seed) for seed in range(5)], members=2, **{**OPTIONS, "epochs": 2})
    assert compiled_epoch.cache_info().currsize == 1
    assert [each.history.training_loss.shape for each in trained] == [(2, 2)] * 5


def test_a_fold_that_breaks_is_named(uneven: list[Samples]) -> None:
    broken = uneven[1]._replace(targets=jax.tree.map(lambda y: np.full_like(y, np.inf), uneven[1].targets))
    with pytest.raises(ps.TrainingError, match=r"the loss of member 0 of fold 1 was no longer finite in epoch 1"):
        train_folds(SPEC, [uneven[0], broken], members=2, **OPTIONS)


def test_what_stands_beside_the_rows_moves_with_its_fold() -> None:
    def samples(shift: int) -> Samples:
        rows = np.arange(40)
        source = Source.of(
            np.column_stack([rows, rows])[:, :1] + 100.0 * shift,
            series=rows // 20,
            categories=np.array([[shift], [shift + 1]]),
            sizes=(4,),
            extra=np.column_stack([rows + 100 * shift]).astype(np.uint8),
        )
        return Samples.of_windows(source, rows + 100.0 * shift, np.array([0, 20]), np.array([30]), window=5, horizon=2)

    folds = [samples(0), samples(1), samples(2)]
    whole = stack(folds)
    for place, alone in enumerate(folds):
        for mine, theirs in ((whole.train[5], alone.train[5]), (whole.validation[5], alone.validation[5])):
            count = int(theirs.total)
            assert int(mine.total[place]) == count
            read = whole.batch(mine.numbers[place, :count], 5, None)
            expected = alone.batch(theirs.numbers[:count], 5, None)
            assert read.y.shape == (count, 2)
            for a, b in ((read.x, expected.x), (read.categories, expected.categories), (read.extra, expected.extra)):
                assert a is not None
                assert b is not None
                assert np.array_equal(a, b)
            assert np.array_equal(read.y, expected.y)


@pytest.mark.parametrize("draw", [jax.random.uniform, jax.random.normal], ids=["uniform", "normal"])
def test_keys_of_the_house_draw_for_all_of_jax(draw: Callable[..., jax.Array]) -> None:
    one, other = jax.random.split(seeded(3))
    values = np.asarray(draw(one, (200, 500)), float)
    mean, deviation = (0.5, 12**-0.5) if draw is jax.random.uniform else (0.0, 1.0)
    assert abs(values.mean() - mean) < 4 * deviation / len(values.ravel()) ** 0.5
    assert values.std() == pytest.approx(deviation, rel=0.01)
    assert abs(np.corrcoef(values.ravel(), np.asarray(draw(other, (200, 500))).ravel())[0, 1]) < 0.015
    assert abs(np.corrcoef(values[:, 1:].ravel(), values[:, :-1].ravel())[0, 1]) < 0.015
