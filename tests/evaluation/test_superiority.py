from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import MCS, SPA

import penstock as ps
from penstock.evaluation.superiority import block_length, judge, model_confidence_set, superior_predictive_ability


def losses(scales: list[float], n: int = 150, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {f"m{k}": scale * rng.normal(size=n) ** 2 for k, scale in enumerate(scales)}


def test_the_p_values_are_those_of_arch() -> None:
    given = losses([1.0, 0.8, 1.3, 2.0])
    found = model_confidence_set(given, 4, resamples=300, seed=7)
    expected = MCS(np.column_stack(list(given.values())), 0.05, reps=300, block_size=4, seed=7)
    expected.compute()
    assert [found[f"m{k}"] for k in range(4)] == expected.pvalues["Pvalue"].sort_index().tolist()
    others = {name: loss for name, loss in given.items() if name != "m0"}
    test = SPA(given["m0"], np.column_stack(list(others.values())), block_size=4, reps=300, seed=7)
    test.compute()
    p = superior_predictive_ability(given["m0"], others, 4, resamples=300, seed=7)
    assert p == test.pvalues["consistent"]


@pytest.mark.slow
def test_the_best_of_twenty_equals_is_not_celebrated() -> None:
    """Alone the luckiest of twenty often passes 5 %; judged together they rarely do."""
    celebrated = 0
    for seed in range(40):
        given = losses([1.0] * 21, n=100, seed=seed)
        found = judge(given, "m0", resamples=200)
        assert found is not None
        celebrated += found.spa < 0.05
    assert celebrated <= 5


def test_a_better_model_is_found_and_worse_ones_leave_the_set() -> None:
    found = judge(losses([1.0, 1.0, 0.3, 3.0]), "m0")
    assert found is not None
    assert found.spa < 0.01
    assert found.members == ["m2"]
    assert found.sentences[0].startswith("At least one of the 3 models beats m0, also when all are judged together")
    assert found.sentences[1] == "The 95 % model confidence set holds 1 of 4: m2."
    assert judge(losses([1.0, 1.0, 0.3, 3.0]), "m0") == found  # the same seed, the same numbers


def test_models_that_are_the_same_share_their_p_value() -> None:
    given = losses([1.0, 0.5])
    given["twin"] = given["m1"].copy()
    found = model_confidence_set(given, 2, resamples=100)
    assert found["twin"] == found["m1"]
    assert model_confidence_set({"a": np.ones(30), "b": np.ones(30)}, 2) == {"a": 1.0, "b": 1.0}
    assert judge({"a": np.ones(30), "b": np.ones(30), "c": np.ones(30)}, "a") is None


def test_too_little_to_judge() -> None:
    assert judge(losses([1.0, 1.0]), "m0") is None
    assert judge(losses([1.0, 1.0, 1.0], n=19), "m0") is None


def test_blocks_hold_what_overlaps_and_what_depends() -> None:
    given = losses([1.0, 1.0, 1.0], n=200)
    assert block_length(given, "m0") < 5
    assert block_length(given, "m0", overlap=12) == 12
    slow = dict(given)
    slow["m1"] = np.convolve(np.random.default_rng(1).normal(size=219), np.ones(20), "valid") ** 2
    assert 10 <= block_length(slow, "m0") <= 50


def test_a_comparison_says_it_in_words(walk: pd.DataFrame, tmp_path: Any) -> None:
    models = [ps.AR(1), ps.AR(2), ps.SeasonalNaive(5), ps.Drift()]
    result = ps.compare(models, walk, ps.RollingOrigin(test=60))
    assert result.superiority is not None
    assert len(result.findings) == 2
    for finding in result.findings:
        assert finding in str(result)
    stored = json.loads(result.write_json(tmp_path / "r.json").read_text())
    assert stored["findings"] == result.findings
    assert stored["superiority"]["block"] == result.superiority.block
    assert stored["superiority"]["mcs"].keys() == result.entries.keys()
    assert stored["superiority"]["spa"] == pytest.approx(result.superiority.spa)
    few = ps.compare(models[:2], walk, ps.RollingOrigin(test=60))
    assert few.findings == []
