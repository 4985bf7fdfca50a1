"""memory: its data, and its tables at one short length."""

from __future__ import annotations

import numpy as np
import pytest

from penstock.studies.memory import LAYERS, MEMORY, adding, copying
from penstock.studies.result import StudyResult
from penstock.studies.study import Request


@pytest.fixture(scope="module")
def result() -> StudyResult:
    return MEMORY(Request(epochs=2, options={"longest": 10, "samples": 300}, progress=False))


def test_two_numbers_are_marked_one_in_each_half() -> None:
    X, y = adding(400, 20, seed=3)
    for half in (X[:, :10], X[:, 10:]):
        assert (half[..., 1].sum(axis=1) == 1).all()
    np.testing.assert_allclose(y, (X[..., 0] * X[..., 1]).sum(axis=1))
    assert np.var(y) == pytest.approx(1 / 6, abs=0.02)  # what the mean sum scores
    assert not np.array_equal(X, adding(400, 20, seed=4)[0])


def test_signs_stand_first_and_silence_follows() -> None:
    X, y = copying(50, 12, seed=3)
    assert set(np.unique(y)) == {-1.0, 1.0}
    assert np.array_equal(X[:, :8, 0], y)
    assert not X[:, 8:].any()


def test_what_it_shows(result: StudyResult) -> None:
    sums, signs, reach = result.tables
    assert [row["cell"] for row in sums.rows] == [*LAYERS, "without memory"]
    assert sums.rows[-1]["10 steps"] == pytest.approx(1 / 6)
    assert all(0 < row["10 steps"] < 0.5 for row in sums.rows[:-1])
    assert all(0.4 < row["10 steps"] <= 1 for row in signs.rows[:-1])
    assert len(reach.rows) == 2 * len(LAYERS)
    assert result.facts["parameters, adding, LSTM"] == 4 * 32 * (32 + 2 + 1) + 33
    assert result.facts["parameters, adding, RNN"] == 32 * (32 + 2 + 1) + 33
    assert len(result.verdict) == 2
    assert [picture.title.split(":")[0] for picture in result.pictures()] == [
        "Adding", "Copying", "Adding, 10 steps", "Copying, 10 steps",
    ]  # fmt: skip


def test_gradients_of_an_untrained_simple_network_shrink_with_the_steps_back(result: StudyResult) -> None:
    rows = {(row["cell"], row["weights"]): row for row in result.tables[2].rows}
    assert rows["RNN", "before"]["9 back"] < rows["RNN", "before"]["1 back"]
