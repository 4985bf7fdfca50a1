from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar

import penstock as ps
from penstock.text.bag_of_words import BagClassifier, BagRegressor
from penstock.text.comparison import TextComparison, compare


@pytest.fixture(scope="module")
def result() -> TextComparison:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 300)

    def model(skill: float) -> np.ndarray:
        up = 1 / (1 + np.exp(-(skill * (2 * truth - 1) + rng.normal(size=300))))
        return np.stack([1 - up, up], axis=1)

    return TextComparison(
        truth, {"net": model(1.5), "bag": model(1.0), "weak": model(0.1)}, np.array([0, 1]), ("bag", "weak")
    )


def test_scores_of_labels(result: TextComparison) -> None:
    rows = {row["model"]: row for row in result.rows()}
    assert result.best_baseline == "bag"
    for name, row in rows.items():
        up = result.answers[name][:, 1]
        assert row["AUC"] == pytest.approx(roc_auc_score(result.truth, up))
        assert row["low"] < row["AUC"] < row["high"]
        assert row["log loss"] == pytest.approx(log_loss(result.truth, up))
        assert row["accuracy"] == np.mean((up > 0.5) == result.truth)
    first, second = ((result.answers[name][:, 1] > 0.5) == result.truth for name in ("net", "bag"))
    table = [[0, int((first & ~second).sum())], [int((second & ~first).sum()), 0]]
    assert rows["net"]["p McNemar"] == pytest.approx(mcnemar(table, exact=True).pvalue)
    assert rows["bag"]["p McNemar"] is None
    assert result.verdict("net").startswith("net beats the best baseline, bag: its accuracy is")
    assert str(result).splitlines()[0].split()[:4] == ["model", "AUC", "low", "high"]


def test_models_of_two_comparisons_stand_in_one_table(result: TextComparison) -> None:
    half = [
        TextComparison(
            result.truth, {name: result.answers[name] for name in names}, result.classes,
            tuple(name for name in names if name != "net"), dict.fromkeys(names, 3), dict.fromkeys(names, 0.5),
        )
        for names in (("net", "bag"), ("weak",))
    ]  # fmt: skip
    joined = half[0].beside(half[1])
    assert [row["model"] for row in joined.rows()] == ["net", "bag", "weak"]
    assert joined.rows()[0]["p McNemar"] == result.rows()[0]["p McNemar"]
    assert (joined.best_baseline, joined.baselines, joined.weights["weak"]) == ("bag", ("bag", "weak"), 3)
    with pytest.raises(ps.OptionError, match="both comparisons hold a model named 'net'"):
        result.beside(half[0])
    other = TextComparison(1 - result.truth, {"other": result.answers["net"]}, result.classes, ())
    with pytest.raises(ps.OptionError, match="are of different test documents"):
        result.beside(other)


def test_scores_of_values() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=200)
    close, far = truth + 0.5 * rng.normal(size=200), np.zeros(200)
    result = TextComparison(truth, {"close": close, "zero": far}, None, ("zero",))
    first, second = result.rows()
    assert first["RMSE"] == pytest.approx(np.sqrt(np.mean((close - truth) ** 2)))
    assert first["p"] < 0.01
    assert second["rank IC"] is None
    assert result.verdict("close").startswith("close beats the best baseline, zero: its RMSE")
    assert result.verdict("zero") == "zero has no baseline to beat."


def test_models_are_fitted_and_compared() -> None:
    texts, labels = ["good", "bad", "good fun", "so bad"] * 15, [1, 0, 1, 0] * 15
    found = compare(
        [BagClassifier("ridge", alpha=1.0), BagClassifier("nb", alpha=1.0)], (texts, labels), (texts, labels)
    )
    assert [row["accuracy"] for row in found.rows()] == [1.0, 1.0]
    assert found.baselines == ("ridge on TF-IDF of words", "naive-Bayes-weighted ridge on TF-IDF of words")
    values = np.array(labels) * 2.0
    assert compare({"r": BagRegressor(alpha=1e-3)}, (texts, values), (texts, values)).rows()[0]["R²"] > 0.99
    with pytest.raises(ps.OptionError, match="no model was given"):
        compare([], (texts, labels), (texts, labels))
