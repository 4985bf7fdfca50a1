"""mini-rnn: the published outputs to the digit, both wrong zig-zags, and what training makes of them."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from penstock.studies.mini_rnn import (
    PUBLISHED,
    WEIGHTS,
    ZIGZAGS,
    WithoutBiases,
    figures_to_learn,
    mini_network,
    outputs_of,
)
from penstock.studies.registry import STUDIES
from penstock.studies.result import StudyResult
from penstock.studies.study import Request

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def result() -> StudyResult:
    return STUDIES["mini-rnn"](Request(members=2, progress=False))


def test_the_published_outputs_exactly() -> None:
    given = outputs_of(mini_network(*WEIGHTS), [*PUBLISHED, *ZIGZAGS])
    assert [round(float(value), 1) for value in given] == [1.0, 0.5, 0.0, 1.0, 0.2, 0.1, 0.8, 0.2, 0.0, 2.0]


def test_by_hand() -> None:
    w1, w2, w3 = WEIGHTS
    state = 0.0
    for x in (0.2, 0.7, 0.6):
        state = max(w1 * x + w2 * state, 0.0)
    assert outputs_of(mini_network(*WEIGHTS), [(0.2, 0.7, 0.6)])[0] == pytest.approx(w3 * state, rel=1e-6)


def test_what_is_learned_follows_its_rule_and_holds_no_zigzag_that_is_asked_about() -> None:
    X, y = figures_to_learn(300, 0, zigzags=True)
    for x, target in zip(X, y, strict=True):
        if len(x) == 2:
            assert target == pytest.approx(2 * x[1] - x[0])
        elif len(x) == 3:
            assert (x[1], target) == (x[2], x[0])
            assert x[1] == x[0] / 2
        else:
            assert (x[2:] == x[:-2]).all()
            assert target == x[-2]
        assert tuple(x) not in ZIGZAGS
    assert {len(x) for x in X} == {2, 3, 4, 5, 6, 7, 8, 9}


def test_biases_stay_at_zero() -> None:
    optimizer = WithoutBiases(0.1).build()
    weights = {"W": np.ones((1, 1)), "b": np.zeros(1)}
    updates, _ = optimizer.update(jax.tree.map(np.ones_like, weights), optimizer.init(weights), weights)
    assert float(updates["W"][0, 0]) == pytest.approx(-0.1, rel=1e-5)
    assert float(updates["b"][0]) == 0.0


def test_training_continues_the_zigzags_rightly(result: StudyResult) -> None:
    *_, low, high = result.tables[0].rows
    wide = "24 units"
    assert low[wide] == pytest.approx(1.0, abs=0.05)
    assert high[wide] == pytest.approx(0.0, abs=0.05)
    assert result.more == {"exact": True, "solved": True}
    for row in result.tables[0].rows[:8]:
        assert row["three weights"] == pytest.approx(row["should come"], abs=0.05)


def test_back_propagation_finds_the_three_weights(result: StudyResult) -> None:
    w1, w2, w3 = map(float, result.facts["weights by training"].replace("−", "-").split(", "))
    assert w1 * w3 == pytest.approx(2.0, abs=0.1)  # after two steps on a line w3 w1 (b + w2 a) = 2b - a
    assert w2 == pytest.approx(-0.5, abs=0.05)


def test_a_hundred_thousand_steps_run(result: StudyResult) -> None:
    assert result.facts["steps of the long sequence"] == 100_000
    assert result.facts["seconds for its output and gradient"] > 0


def test_pictures_and_page(result: StudyResult) -> None:
    text = result.page().html()
    assert "Zig-zags continued" in text
    assert "both wrong zig-zags exactly" in text
