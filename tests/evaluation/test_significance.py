from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.tsa.stattools import diebold_mariano_test

import penstock as ps
from penstock.evaluation.significance import diebold_mariano, every_pair, holm
from penstock.evaluation.table import pairs_table


def textbook(d: np.ndarray, horizon: int, weights: list[float]) -> tuple[float, float]:
    """Harvey, Leybourne & Newbold (1997), equations 5 to 9, written out."""
    n = len(d)
    gamma = [sum((d[t] - d.mean()) * (d[t - lag] - d.mean()) for t in range(lag, n)) / n for lag in range(horizon)]
    variance = (gamma[0] + 2 * sum(w * g for w, g in zip(weights, gamma[1:], strict=True))) / n
    s = d.mean() / math.sqrt(variance)
    s *= math.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    return s, float(2 * stats.t.sf(abs(s), n - 1))


@pytest.mark.parametrize("horizon", [1, 2, 3, 12])
def test_diebold_mariano_is_the_textbook(horizon: int) -> None:
    rng = np.random.default_rng(horizon)
    smooth = np.convolve(rng.normal(size=100), np.ones(horizon), "valid")
    a, b = (smooth + 0.2) ** 2, rng.normal(size=len(smooth)) ** 2
    expected = textbook(a - b, horizon, [1.0] * (horizon - 1))
    assert diebold_mariano(a, b, horizon) == pytest.approx(expected, rel=1e-9)


def test_one_step_ahead_is_statsmodels_to_the_digit() -> None:
    rng = np.random.default_rng(5)
    y = rng.normal(size=90)
    one, other = y + rng.normal(size=90), y + 1.4 * rng.normal(size=90)
    expected = diebold_mariano_test(y, one, other, lags=0, harvey_adj=True, horizon=1)
    found = diebold_mariano((y - one) ** 2, (y - other) ** 2)
    assert found == pytest.approx((expected.statistic, expected.pvalue), rel=1e-9)


@pytest.mark.parametrize("horizon", [2, 4])
def test_a_variance_that_is_not_positive_falls_back_to_bartlett_as_statsmodels_has_it(horizon: int) -> None:
    d = np.tile([1.0, -1.0], 20) + 0.05 * np.random.default_rng(0).normal(size=40) + 0.1
    centred = d - d.mean()
    gamma = [centred[lag:] @ centred[: 40 - lag] / 40 for lag in range(horizon)]
    assert gamma[0] + 2 * sum(gamma[1:]) <= 0
    expected = diebold_mariano_test(
        np.zeros(40), d, np.zeros(40), lags=horizon - 1, harvey_adj=True, horizon=horizon, criterion=lambda y, f: f
    )
    found = diebold_mariano(d, np.zeros(40), horizon)
    assert found == pytest.approx((expected.statistic, expected.pvalue), rel=1e-6)


def test_diebold_mariano_without_a_difference() -> None:
    assert np.isnan(diebold_mariano(np.ones(10), np.ones(10))).all()
    assert np.isnan(diebold_mariano(np.array([1.0, 2.0]), np.array([2.0, 1.0]))).all()


@pytest.mark.parametrize("horizon", [1, 4])
def test_equally_good_forecasts_are_told_apart_in_one_case_of_twenty(horizon: int) -> None:
    rng = np.random.default_rng(11)
    claims = 0
    for _ in range(1000):
        a, b = (np.convolve(rng.normal(size=120 + horizon - 1), np.ones(horizon), "valid") ** 2 for _ in "ab")
        claims += diebold_mariano(a, b, horizon)[1] < 0.05
    assert 20 <= claims <= 80


@pytest.mark.slow
def test_on_random_walks_the_last_value_is_beaten_as_rarely_as_the_level_says() -> None:
    """200 walks, whose drift is noise that a fit takes for real: claims at 5 % come by chance alone."""
    rng, told_apart, beaten, claimed = np.random.default_rng(2), 0, 0, 0
    for _ in range(200):
        frame = pd.DataFrame({"ds": range(1060), "y": np.cumsum(rng.normal(size=1060))})
        result = ps.compare(ps.Drift(), frame, ps.RollingOrigin(test=60))
        row = result.rows[0]
        told_apart += row["dm_pvalue"] < 0.05
        beaten += row["dm_statistic"] < 0 and row["dm_pvalue"] / 2 < 0.05
        claimed += result.standing(row) == "better"
    assert 4 <= told_apart <= 16
    assert 4 <= beaten <= 16
    assert claimed <= beaten


def test_holm_is_statsmodels() -> None:
    p = [0.001, 0.04, 0.03, 0.2, 0.9, 0.012]
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    with_hole = holm([0.02, np.nan, 0.03])
    assert np.isnan(with_hole[1])
    assert [with_hole[0], with_hole[2]] == pytest.approx([0.04, 0.04])
    assert holm([]) == []


def test_every_pair_is_the_test_of_that_pair() -> None:
    rng = np.random.default_rng(2)
    losses = {name: scale * rng.normal(size=60) ** 2 for name, scale in (("a", 1), ("b", 2), ("c", 4))}
    pairs = every_pair(list(losses), lambda one, other: diebold_mariano(losses[one], losses[other], 2))
    for row, one in enumerate(losses):
        for column, other in enumerate(losses):
            if row == column:
                assert np.isnan(pairs.statistic[row, column])
            else:
                expected = diebold_mariano(losses[one], losses[other], 2)
                found = pairs.statistic[row, column], pairs.pvalue[row, column]
                assert found == pytest.approx(expected)


def test_a_comparison_tests_every_pair_and_corrects_for_their_number(walk: pd.DataFrame, tmp_path: Any) -> None:
    models = [ps.AR(1), ps.SeasonalNaive(5), ps.SeasonalNaive(2)]
    result = ps.compare(models, walk, ps.RollingOrigin(horizon=2, test=60))
    rows = {row["model"]: row for row in result.rows}
    assert result.pairs.names == tuple(rows)
    at = result.pairs.names.index
    for name in ("AR(1)", "SeasonalNaive(5)", "SeasonalNaive(2)"):
        pair = at(name), at("Naive")
        assert result.pairs.pvalue[pair] == pytest.approx(rows[name]["dm_pvalue"])
        assert result.pairs.statistic[pair] == pytest.approx(rows[name]["dm_statistic"])
    raw = [row["dm_pvalue"] for row in result.rows[:-1]]
    assert [row["p_holm"] for row in result.rows[:-1]] == pytest.approx(multipletests(raw, method="holm")[1])
    assert np.isnan(rows["Naive"]["p_holm"])
    stored = json.loads(result.write_json(tmp_path / "r.json").read_text())
    assert stored["pairs"]["models"] == list(rows)
    assert stored["pairs"]["pvalue"][0][0] is None
    assert stored["pairs"]["pvalue"][0][1] == pytest.approx(result.pairs.pvalue[0, 1])
    assert stored["rows"][0]["p_holm"] == pytest.approx(rows["AR(1)"]["p_holm"])
    assert "p Holm" in str(result)
    every = [(row, column) for row in range(4) for column in range(row)]
    expected = multipletests([result.pairs.pvalue[pair] for pair in every], method="holm")[1]
    assert [result.pairs.corrected[pair] for pair in every] == pytest.approx(expected)
    table = pairs_table(result.pairs)
    marked = sum("▲" in cell or "▼" in cell for row in table.rows for cell in table.cells(row))
    assert marked == 2 * (expected < 0.05).sum()
    assert "(Holm); ▲ the row's model is better" in table.notes[0]
    assert "corrected for 3 models" in result.verdicts["AR(1)"]


def test_one_challenger_needs_no_correction(walk: pd.DataFrame) -> None:
    result = ps.compare([ps.SeasonalNaive(5)], walk, ps.RollingOrigin(test=60))
    assert result.rows[0]["p_holm"] == result.rows[0]["dm_pvalue"]
    assert "Holm" not in str(result)
    assert "corrected" not in result.verdicts["SeasonalNaive(5)"]
    assert result.findings == []


def test_the_words_follow_the_corrected_p(walk: pd.DataFrame) -> None:
    """Alone it would be more than chance; as one of several it is not."""
    result = ps.compare(ps.Drift(), walk, ps.RollingOrigin(test=60))
    better = {**result.rows[0], "rmse": 0.9 * result.rows[1]["rmse"]}
    assert result.standing({**better, "dm_pvalue": 0.03, "p_holm": 0.12}) == ""
    assert result.standing({**better, "dm_pvalue": 0.01, "p_holm": 0.04}) == "better"
    assert result.standing({**better, "rmse": 2 * better["rmse"], "p_holm": 0.04}) == "worse"
