"""The test of a difference: which one is chosen, and that it rejects as often as its level says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.panel import Panel
from penstock.evaluation.design_effect import design_effect, past_paths
from penstock.evaluation.difference import choose_test
from penstock.evaluation.panel_metrics import resolve_metrics
from penstock.evaluation.rolling_origin import Fold
from penstock.evaluation.scored_rows import ScoredRows


def chosen(cutoffs: int, overlap: int, series: int, **more: Any) -> Any:
    return choose_test(cutoffs, overlap, series, **{"times": cutoffs, "own_rows": False, "dated": True, **more})


@pytest.mark.parametrize(
    ("case", "name", "by", "block"),
    [
        ((252, 1, 1), "Diebold-Mariano", "time", 1),
        ((100, 5, 30), "Diebold-Mariano", "time", 1),
        ((60, 5, 30), "t-test of blocks", "time", 10),
        ((40, 5, 30), "t-test of blocks", "time", 5),
        ((15, 5, 1), "t-test of blocks", "time", 5),
        ((14, 5, 30), "t-test of series", "series", 1),
        ((1, 1, 1428), "t-test of series", "series", 1),
        ((1, 1, 9), "", "time", 1),
    ],
)
def test_time_where_there_are_several_cutoffs_else_series(
    case: tuple[int, int, int], name: str, by: str, block: int
) -> None:
    test = chosen(*case)
    assert (test.name, test.by, test.block) == (name, by, block)
    assert test.reason
    assert bool(test.assumption) == bool(name)


def test_counted_times_of_series_that_end_apart_are_no_clusters() -> None:
    assert chosen(20, 1, 50, own_rows=True, dated=False).by == "series"
    assert chosen(20, 1, 50, own_rows=True, dated=True).by == "time"
    assert chosen(20, 1, 5, own_rows=True, dated=False).by == "time"


def moving(rng: Any, count: int, overlap: int, series: int) -> np.ndarray:
    steps = np.concatenate([np.zeros((1, series)), rng.normal(size=(count + overlap - 1, series)).cumsum(axis=0)])
    return steps[overlap:] - steps[:-overlap]


def rejected(case: tuple[int, int, int], shared: float, times: int, seed: int = 0) -> float:
    """Share of rejections at 5 % of two equally good forecasts whose errors go together over series and time."""
    test, rng, count = chosen(*case), np.random.default_rng(seed), 0
    for _ in range(times):
        losses = []
        for _ in "ab":
            own, common = (moving(rng, case[0], case[1], width) for width in (case[2], 1))
            errors = np.sqrt(shared) * common + np.sqrt(1 - shared) * own
            losses.append(np.square(errors).sum(axis=1 if test.by == "time" else 0))
        count += test(*losses)[1] < 0.05
    return count / times


CASES = [((60, 1, 20), 0.4), ((20, 4, 20), 0.4), ((40, 4, 20), 0.4), ((3, 1, 40), 0.5), ((1, 1, 60), 0.0)]


@pytest.mark.parametrize(("case", "shared"), CASES)
def test_equally_good_forecasts_are_told_apart_as_rarely_as_the_level_says(
    case: tuple[int, int, int], shared: float
) -> None:
    assert 0.02 <= rejected(case, shared, 400) <= 0.08


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "shared"),
    [*CASES, ((100, 12, 1), 0.0), ((250, 12, 50), 0.3), ((120, 12, 50), 0.3), ((36, 12, 50), 0.6), ((5, 1, 100), 0.6),
     ((1, 1, 1000), 0.0)],
)  # fmt: skip
def test_the_size_of_every_test(case: tuple[int, int, int], shared: float) -> None:
    assert 0.02 <= rejected(case, shared, 4000, seed=1) <= 0.08


def test_many_series_and_one_cutoff_are_tested_by_series_and_said_so() -> None:
    """Seasonal series, each its own: that one season ago is the better forecast is no chance."""
    rng, time = np.random.default_rng(0), np.arange(40)
    waves = [10 + np.sin(np.pi * time / 2 + n) + 0.3 * rng.normal(size=40) for n in range(30)]
    parts = [pd.DataFrame({"unique_id": f"s{n}", "ds": time, "y": wave}) for n, wave in enumerate(waves)]
    split = ps.RollingOrigin(horizon=4, test=4, align="series")
    result = ps.compare([ps.SeasonalNaive(4)], pd.concat(parts), split, metrics="mase", season=4)
    row = result.rows[0]
    assert row["dm_pvalue"] < 0.001
    assert result.standing(row) == "better"
    assert result.verdicts["SeasonalNaive(4)"].startswith("SeasonalNaive(4) beats the last value: its MASE is ")
    told = "The test: t-test of series, a cluster for each of 30 series, since the 1 cutoff of a series are too few"
    assert told in " ".join(result.table().notes)
    assert told in str(result)
    test = result.to_json()["scores"]["test"]
    assert (test["by"], test["clusters"]) == ("series", 30)
    assert "no more than they did in the training rows" in test["assumption"]
    few = ps.compare([ps.SeasonalNaive(4)], pd.concat(parts[:3]), split)
    assert np.isnan(few.rows[0]["dm_pvalue"])
    assert "4 cutoffs (a longer test) or 10 series" not in few.verdicts["SeasonalNaive(4)"]
    assert "12 cutoffs (a longer test) or 10 series" in few.verdicts["SeasonalNaive(4)"]


def told_apart(shared: float, metric: str, times: int, seed: int = 0) -> tuple[float, float]:
    """Share of rejections of two equally good forecasts by one cutoff, without and with the design effect."""
    rng, count, rows, horizon = np.random.default_rng(seed), 60, 44, 4
    plain = wide = 0
    (judged,) = resolve_metrics(metric, (), None, None)
    for _ in range(times):
        steps = np.sqrt(shared) * rng.normal(size=(1, rows)) + np.sqrt(1 - shared) * rng.normal(size=(count, rows))
        y = steps.cumsum(axis=1)
        panel = Panel(y.ravel(), np.tile(np.arange(rows), count), np.arange(count + 1) * rows, tuple(range(count)))
        origins = panel.offsets[1:] - horizon - 1
        above = ScoredRows(
            panel, [Fold(panel.offsets[:-1], origins + 1, origins)], origins, 1,
            y[:, [-horizon - 1]] + np.full(horizon, 0.7),
        )  # fmt: skip
        below = above.of(above.yhat - 1.4)
        one, other = (judged.clustered(each, each.series, count, by_series=True) for each in (above, below))
        effect = design_effect(judged, above, below, past_paths(above, horizon))
        assert effect.stretches == 9
        wide += effect.test(one - other)[1] < 0.05
        plain += chosen(1, 1, count)(one, other)[1] < 0.05
    return plain / times, wide / times


def test_series_that_move_together_are_no_independent_witnesses() -> None:
    plain, wide = told_apart(0.5, "rmse", 80)
    assert plain > 0.6
    assert wide <= 0.08
    plain, wide = told_apart(0.0, "rmse", 80)
    assert plain <= 0.1
    assert wide <= 0.08


@pytest.mark.slow
@pytest.mark.parametrize(("shared", "metric"), [(0.0, "rmse"), (0.5, "rmse"), (0.5, "mase"), (0.1, "mase")])
def test_the_size_of_the_test_by_series(shared: float, metric: str) -> None:
    assert 0.005 <= told_apart(shared, metric, 600, seed=1)[1] <= 0.08
