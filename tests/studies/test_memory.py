"""memory: its data, and its tables at one short length."""

from __future__ import annotations

import numpy as np
import pytest

from penstock.studies.memory import laid_out
from penstock.studies.memory_tasks import LAYERS, TASKS, Learned, adding, copying, learn
from penstock.studies.options import MemoryOptions
from penstock.studies.study import Request

pytestmark = pytest.mark.slow


def test_two_numbers_are_marked_one_in_each_half() -> None:
    X, y = adding(4000, 20, seed=3)
    for half in (X[:, :10], X[:, 10:]):
        assert (half[..., 1].sum(axis=1) == 1).all()
    np.testing.assert_allclose(y, (X[..., 0] * X[..., 1]).sum(axis=1))
    assert np.var(y) == pytest.approx(1 / 6, abs=0.01)  # what the mean sum scores
    assert not np.array_equal(X, adding(4000, 20, seed=4)[0])


def test_signs_stand_first_and_silence_follows() -> None:
    X, y = copying(50, 12, seed=3)
    assert set(np.unique(y)) == {-1.0, 1.0}
    assert np.array_equal(X[:, :8, 0], y)
    assert not X[:, 8:].any()


def test_it_learns_judges_and_follows_the_gradient() -> None:
    request = Request(members=2, epochs=20, options=MemoryOptions(longest=10, samples=1000), progress=False)
    learned = learn(TASKS["copying"], LAYERS["leaky"], 10, request)
    assert len(learned.scores) == 2
    assert min(learned.scores) > 0.6  # chance is .5
    assert learned.epochs == [20, 20]
    assert learned.parameters == 32 * (32 + 1 + 1) + 32 + 8 * 33
    assert learned.before.shape == learned.after.shape == (10,)
    assert (learned.after > 0).all()


def test_a_reservoir_is_read_out_in_closed_form() -> None:
    request = Request(members=2, options=MemoryOptions(longest=10, samples=1000), progress=False)
    learned = learn(TASKS["copying"], LAYERS["echo state"], 10, request)
    assert learned.epochs == []
    assert learned.parameters == 8 * 101
    assert min(learned.scores) > 0.97


def test_what_it_shows() -> None:
    decay = 0.8 ** np.arange(10)[::-1]
    found = {
        (name, cell, 10): Learned([0.002, 0.004] if name == "adding" else [0.9, 0.995], [9, 12], 7, decay, 2 * decay)
        for name in TASKS
        for cell in LAYERS
    }
    found["adding", "RNN", 10] = Learned([0.1], [40], 7, decay, decay)
    result = laid_out(Request(members=2, options=MemoryOptions(longest=10)), found)
    sums, signs, reach, epochs = result.tables
    assert [row["cell"] for row in sums.rows] == [*LAYERS, "without memory"]
    assert [row["10 steps"] for row in sums.rows] == pytest.approx([0.1, 0.003, 0.003, 0.003, 0.003, 1 / 6])
    assert [row["10 steps"] for row in signs.rows] == pytest.approx([0.9475] * 5 + [0.5])
    assert reach.rows[1] == pytest.approx({"cell": "RNN", "weights": "after", "1 back": 0.8, "9 back": 0.8**9})
    assert [row["10 steps"] for row in epochs.rows] == [40, *[10] * 9]
    assert result.verdict == [
        "Adding is solved by: RNN at no length, leaky up to 10 steps, echo state up to 10 steps, GRU up to 10 steps, "
        "LSTM up to 10 steps.",
        "Copying is solved by: RNN at no length, leaky at no length, echo state at no length, GRU at no length, "
        "LSTM at no length.",
    ]
    assert result.figure("GRU: adding at 10 steps, MSE").high == 0.004
    assert [picture.title.split(":")[0] for picture in result.pictures()] == [
        "Adding", "Copying", "Adding, 10 steps", "Copying, 10 steps",
    ]  # fmt: skip
