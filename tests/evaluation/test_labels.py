from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

import penstock as ps
from penstock.evaluation.labels import auc, auc_difference, auc_interval, mcnemar, paired_bootstrap


def accuracy_score(y: np.ndarray, answers: np.ndarray) -> float:
    return float(np.mean(np.asarray(y) == answers))


def rows(n: int, seed: int, ties: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(2, size=n)
    y[:4] = [0, 0, 1, 1]
    one, other = y + rng.normal(size=n), y + 2 * rng.normal(size=n)
    return (y, one.round(1), other.round(1)) if ties else (y, one, other)


@pytest.mark.parametrize("ties", [False, True])
def test_auc_is_that_of_scikit_learn(ties: bool) -> None:
    y, one, _ = rows(80, 0, ties)
    assert auc(y, one) == pytest.approx(roc_auc_score(y, one), rel=1e-12)


@pytest.mark.parametrize("ties", [False, True])
def test_delong_by_brute_force(ties: bool) -> None:
    """DeLong, DeLong & Clarke-Pearson (1988), equations 2 to 8, with every pair of rows compared."""
    y, *scores = rows(60, 1, ties)
    positive, negative = y == 1, y == 0
    kernels = [
        (s[positive][:, None] > s[negative]) + 0.5 * (s[positive][:, None] == s[negative]) for s in scores
    ]  # psi(X_i, Y_j)
    areas = np.array([k.mean() for k in kernels])
    v10, v01 = np.array([k.mean(axis=1) for k in kernels]), np.array([k.mean(axis=0) for k in kernels])
    covariance = np.cov(v10) / positive.sum() + np.cov(v01) / negative.sum()
    for k in (0, 1):
        found = auc_interval(y, scores[k], level=90)
        error = np.sqrt(covariance[k, k])
        assert found.value == pytest.approx(areas[k], rel=1e-12)
        assert found.error == pytest.approx(error, rel=1e-10)
        z = stats.norm.ppf(0.95)
        assert (found.low, found.high) == pytest.approx((areas[k] - z * error, min(areas[k] + z * error, 1)))
    gain = auc_difference(y, *scores)
    contrast = np.array([1, -1])
    z = (areas @ contrast) / np.sqrt(contrast @ covariance @ contrast)
    assert gain.difference == pytest.approx(areas @ contrast)
    assert gain.pvalue == pytest.approx(2 * stats.norm.sf(abs(z)))


def test_intervals_of_the_auc_cover() -> None:
    truth = stats.norm.cdf(1 / np.sqrt(2))
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        y = np.repeat([0, 1], 60)
        found = auc_interval(y, y + rng.normal(size=120))
        covered += found.low <= truth <= found.high
    assert 0.92 <= covered / 400 <= 0.98


def test_mcnemar_exact_is_a_binomial_and_chi_square_is_edwards() -> None:
    """Agresti's approval ratings: 150 against 86 discordant rows; z² without correction is 17.36."""
    first = np.repeat([1, 1, 0, 0], [794, 150, 86, 570])
    second = np.repeat([1, 0, 1, 0], [794, 150, 86, 570])
    statistic, p = mcnemar(first, second, exact=False)
    assert statistic == pytest.approx((150 - 86 - 1) ** 2 / 236)
    assert p == pytest.approx(stats.chi2.sf(statistic, 1))
    statistic, p = mcnemar(first, second)
    assert statistic == 86
    assert p == pytest.approx(stats.binomtest(86, 236).pvalue, rel=1e-9)
    assert mcnemar([1, 1, 0], [1, 1, 0]) == (0.0, 1.0)


def test_paired_bootstrap() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=400)
    good, bad = (np.where(rng.random(400) < share, y, 1 - y) for share in (0.9, 0.7))
    gain = paired_bootstrap(accuracy_score, y, good, bad, seed=1)
    assert gain.difference == pytest.approx(accuracy_score(y, good) - accuracy_score(y, bad))
    error = np.std((good == y).astype(float) - (bad == y)) / 20
    assert (gain.high - gain.low) / 2 == pytest.approx(1.96 * error, rel=0.1)
    assert gain.pvalue < 0.01
    assert gain == paired_bootstrap(accuracy_score, y, good, bad, seed=1)
    same = paired_bootstrap(accuracy_score, y, good, good)
    assert (same.difference, same.pvalue) == (0.0, 1.0)


@pytest.mark.slow
def test_paired_bootstrap_skips_draws_without_a_class_and_agrees_with_delong() -> None:
    y, one, other = rows(120, 5, ties=False)
    delong, drawn = auc_difference(y, one, other), paired_bootstrap(auc, y, one, other)
    assert drawn.difference == pytest.approx(delong.difference)
    assert drawn.high - drawn.low == pytest.approx(delong.high - delong.low, rel=0.15)
    tiny = paired_bootstrap(auc, [0, 1, 1], [0.1, 0.2, 0.3], [0.3, 0.2, 0.1], resamples=200)
    assert tiny.difference == 1.0


def test_labels_refused() -> None:
    with pytest.raises(ps.DataError, match="3 positive and 0 negative rows are too few: at least 1 of each"):
        auc([1, 1, 1], [0.1, 0.2, 0.3])
    with pytest.raises(ps.DataError, match="labels must be 0 and 1 .* the first other one is 2"):
        auc([0, 1, 2], [0.1, 0.2, 0.3])
    with pytest.raises(ps.DataError, match="the scores hold nan in row 1; allowed: finite numbers"):
        auc([0, 1], [0.1, np.nan])
    with pytest.raises(ps.DataError, match="labels and scores must be columns of equal length, not"):
        auc([0, 1], [0.1])
    with pytest.raises(ps.DataError, match="the columns have the shapes .*; allowed: two of equal length"):
        mcnemar([1, 0], [1])
    with pytest.raises(ps.DataError, match="have 2, 1 and 2 rows"):
        paired_bootstrap(accuracy_score, [0, 1], [1], [0, 1])
    with pytest.raises(ps.OptionError, match="level=0 is out of range"):
        auc_interval([0, 0, 1, 1], [1, 2, 3, 4], level=0)
