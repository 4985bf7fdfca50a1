from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from statsmodels.stats.contingency_tables import mcnemar

import penstock as ps
from penstock.layers.declared import GRU
from penstock.networks.network import Network
from penstock.text.bag_of_words import BagClassifier, BagRegressor
from penstock.text.classifier import TextClassifier
from penstock.text.comparison import TextComparison
from penstock.text.entry import TextEntry
from penstock.text.evaluate import compare
from penstock.text.tokens import Tokens


@pytest.fixture(scope="module")
def result() -> TextComparison:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 300)

    def model(skill: float) -> np.ndarray:
        up = 1 / (1 + np.exp(-(skill * (2 * truth - 1) + rng.normal(size=300))))
        return np.stack([1 - up, up], axis=1)

    entries = {name: TextEntry(model(skill)) for name, skill in (("net", 1.5), ("bag", 1.0), ("weak", 0.1))}
    return TextComparison(truth, entries, np.array([0, 1]), ("bag", "weak"))


def test_scores_of_labels(result: TextComparison) -> None:
    rows = {row["model"]: row for row in result.rows}
    assert result.reference == "bag"
    for name, row in rows.items():
        up = result.entries[name].answers[:, 1]
        assert row["auc"] == pytest.approx(roc_auc_score(result.truth, up))
        assert row["auc_low"] < row["auc"] < row["auc_high"]
        assert row["log_loss"] == pytest.approx(log_loss(result.truth, up))
        assert row["accuracy"] == np.mean((up > 0.5) == result.truth)
    first, second = ((result.entries[name].answers[:, 1] > 0.5) == result.truth for name in ("net", "bag"))
    table = [[0, int((first & ~second).sum())], [int((second & ~first).sum()), 0]]
    assert rows["net"]["pvalue"] == pytest.approx(mcnemar(table, exact=True).pvalue)
    assert np.isnan(rows["bag"]["pvalue"])
    assert result.verdict("net").startswith("net beats the best baseline, bag: its accuracy is")
    assert str(result).splitlines()[0].split()[:4] == ["model", "AUC", "low", "high"]


def test_scores_of_values() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=200)
    close, far = truth + 0.5 * rng.normal(size=200), np.zeros(200)
    result = TextComparison(truth, {"close": TextEntry(close), "zero": TextEntry(far)}, None, ("zero",))
    first, second = result.rows
    assert first["rmse"] == pytest.approx(np.sqrt(np.mean((close - truth) ** 2)))
    assert first["pvalue"] < 0.01
    assert np.isnan(second["spearman"])
    assert result.verdict("close").startswith("close beats the best baseline, zero: its RMSE")
    assert result.verdict("zero") == "zero has no baseline to beat."


def test_models_are_fitted_and_compared() -> None:
    texts, labels = ["good", "bad", "good fun", "so bad"] * 15, [1, 0, 1, 0] * 15
    found = compare(
        [BagClassifier("ridge", alpha=1.0), BagClassifier("nb", alpha=1.0)], (texts, labels), (texts, labels)
    )
    assert [row["accuracy"] for row in found.rows] == [1.0, 1.0]
    assert found.baselines == ("ridge on TF-IDF of words", "naive-Bayes-weighted ridge on TF-IDF of words")
    values = np.array(labels) * 2.0
    assert compare({"r": BagRegressor(alpha=1e-3)}, (texts, values), (texts, values)).rows[0]["r2"] > 0.99
    with pytest.raises(ps.OptionError, match="no model was given"):
        compare([], (texts, labels), (texts, labels))


class Plain:
    """A model with nothing but fit and predict."""

    def fit(self, X: list[str], y: np.ndarray) -> Plain:
        self.mean = np.mean(y)
        return self

    def predict(self, X: list[str]) -> np.ndarray:
        return np.full(len(X), self.mean)


TEXTS, LABELS = (
    ["good", "bad", "good fun", "so bad", "a bad plot", "what fun"] * 10,
    ["+", "-", "+", "-", "-", "+"] * 10,
)


def test_models_of_one_label_are_told_apart() -> None:
    bags = [BagClassifier("ridge", alpha=strength) for strength in (1.0, 100.0)]
    found = compare(bags, (TEXTS, LABELS), (TEXTS, LABELS))
    name = "ridge on TF-IDF of words"
    assert [row["model"] for row in found.rows] == [name, f"{name} #2"]
    assert found.rows[0]["log_loss"] < found.rows[1]["log_loss"]
    assert found.baselines == (name, f"{name} #2")


def test_each_model_is_handed_out_before_it_is_scored() -> None:
    seen: list[tuple[str, bool]] = []

    class Broken(BagClassifier):
        def fit(self, X: list[str], y: np.ndarray) -> Broken:  # type: ignore[override]
            raise ps.DataError("broken")

    models = {"first": BagClassifier(alpha=1.0), "second": Broken()}
    with pytest.raises(ps.DataError, match="broken"):
        compare(
            models, (TEXTS, LABELS), (TEXTS, LABELS),
            on_fit=lambda name, model: seen.append((name, model.score(TEXTS, LABELS) == 1.0)),
        )  # fmt: skip
    assert seen == [("first", True)]


def test_a_label_unseen_in_training_is_refused_before_the_fit() -> None:
    bag = BagClassifier("ridge", alpha=1.0)
    with pytest.raises(ps.DataError, match=r"test label '\+\+' of document 1 does not occur .*; did you mean|allowed"):
        compare([bag], (TEXTS, LABELS), (["fun", "fun"], ["+", "++"]))
    assert not hasattr(bag, "classes_")


def test_labels_are_not_compared_with_values() -> None:
    with pytest.raises(ps.OptionError, match="'ridge on TF-IDF of words' gives labels and 'Ridge' values"):
        compare([BagClassifier(alpha=1.0), Ridge()], (TEXTS, LABELS), (TEXTS, LABELS))
    with pytest.raises(ps.OptionError, match="'ridge' is no model of text"):
        compare(["ridge"], (TEXTS, LABELS), (TEXTS, LABELS))
    with pytest.raises(ps.OptionError, match="baselines= names 'rige', which is no model here"):
        compare({"r": BagClassifier(alpha=1.0)}, (TEXTS, LABELS), (TEXTS, LABELS), baselines=["rige"])


def test_models_of_scikit_learn_are_compared() -> None:
    pipelines = [make_pipeline(CountVectorizer(), kind) for kind in (LogisticRegression(), LinearSVC())]
    found = compare([*pipelines, BagClassifier(alpha=1.0)], (TEXTS, LABELS), (TEXTS[:12], LABELS[:12]))
    names = ["CountVectorizer → LogisticRegression", "CountVectorizer → LinearSVC", "ridge on TF-IDF of words"]
    assert [row["model"] for row in found.rows] == names
    assert found.entries[names[0]].answers == pytest.approx(pipelines[0].predict_proba(TEXTS[:12]))
    assert [row["accuracy"] for row in found.rows] == [1.0, 1.0, 1.0]
    assert np.isnan(found.rows[0]["parameters"])
    values = np.arange(60.0)
    rows = compare([Plain()], (TEXTS, values), (TEXTS, values)).rows
    assert rows[0]["rmse"] == pytest.approx(values.std())


def test_folds_keep_the_shares_of_labels_and_test_every_document_once() -> None:
    labels = np.array(["+", "-", "-", "-"] * 10)
    texts = ["good", "bad", "so bad", "bad, bad"] * 10
    found = compare({"r": BagClassifier(alpha=1.0), "nb": BagClassifier("nb", alpha=1.0)}, (texts, labels), folds=5)
    assert np.bincount(found.folds).tolist() == [8] * 5
    assert [int((found.truth[found.folds == fold] == "+").sum()) for fold in range(5)] == [2] * 5
    stored = found.to_json()
    assert stored["accuracy_by_fold"] == {"r": [1.0] * 5, "nb": [1.0] * 5}
    assert stored["pairs"]["pvalue"] == [[None, 1.0], [1.0, None]]
    assert [table.title for table in found.tables()] == ["Scores on the test rows", "accuracy by fold"]
    with pytest.raises(ps.DataError, match="the label '\\+' has 10 documents, which is too few for 11 folds"):
        compare([BagClassifier(alpha=1.0)], (texts, labels), folds=11)
    with pytest.raises(ps.OptionError, match="give test documents, or folds="):
        compare([BagClassifier(alpha=1.0)], (texts, labels))


def test_folds_by_time_train_on_the_past_alone() -> None:
    seen: list[tuple[float, float]] = []

    class Watcher(Plain):
        def fit(self, X: list[str], y: np.ndarray) -> Plain:
            self.last = max(map(int, X))
            return super().fit(X, y)

        def predict(self, X: list[str]) -> np.ndarray:
            seen.append((self.last, min(map(int, X))))
            return super().predict(X)

    days = np.random.default_rng(0).permutation(np.repeat(np.arange(20), 2))
    found = compare([Watcher()], ([str(day) for day in days], days * 1.0), folds=4, time=days)
    assert seen == [(3, 4), (7, 8), (11, 12), (15, 16)]
    assert sorted(found.truth.tolist()) == np.repeat(np.arange(4.0, 20.0), 2).tolist()
    with pytest.raises(ps.DataError, match="2 different times are too few for 4 folds"):
        compare([Plain()], (TEXTS, np.arange(60.0)), folds=4, time=np.arange(60) % 2)


def test_a_comparison_of_text_has_a_frame_json_and_a_page(result: TextComparison, tmp_path: Path) -> None:
    scores = result.scores
    assert scores["model"].tolist() == ["net", "bag", "weak"]
    assert scores["auc"].tolist() == [row["auc"] for row in result.rows]
    stored = json.loads(result.write_json(tmp_path / "r.json").read_text())
    assert stored["rows"][1]["pvalue"] is None
    assert result.rows[2]["pvalue"] < result.rows[0]["pvalue"] < 0.01
    assert stored["rows"][0]["p_holm"] == pytest.approx(result.rows[0]["pvalue"], rel=1e-9)
    assert stored["rows"][2]["p_holm"] == pytest.approx(2 * result.rows[2]["pvalue"], rel=1e-9, abs=0)
    assert stored["pairs"]["pvalue"][0][1] == pytest.approx(result.rows[0]["pvalue"])
    text = result.report(tmp_path / "r.html", title="Reviews").read_text()
    assert "<h1>Reviews</h1>" in text
    assert "<p>net beats the best baseline, bag: its accuracy is" in text
    assert '<tr class="better"><td>net</td>' in text
    assert '<tr class="worse"><td>weak</td>' in text


def test_members_stand_below_their_network(result: TextComparison) -> None:
    answers = np.stack([result.entries[name].answers for name in ("net", "bag", "weak")])
    entry = TextEntry(answers.mean(axis=0), list(answers))
    found = TextComparison(result.truth, {"n": entry}, result.classes, ())
    each = sorted(row["accuracy"] for row in result.rows)
    assert found.rows[0]["members"]["count"] == 3
    assert found.rows[0]["members"]["accuracy"] == {"median": each[1], "low": each[0], "high": each[2]}
    assert "· median of 3 members" in str(found)


@pytest.mark.slow
def test_the_page_of_a_network_draws_its_losses_and_names_a_leak(tmp_path: Path) -> None:
    small = TextClassifier(Network([GRU(2)]), tokens=Tokens(20, length=4), units=2, epochs=2, batch=30)
    models, test = {"net": small, "bag": BagClassifier(alpha=1.0)}, (TEXTS[:12], LABELS[:12])
    page = compare(models, (TEXTS, LABELS), test).report(tmp_path / "r.html").read_text()
    assert "Losses of net by epoch, each member thin" in page
    assert "best weights on the validation rows are kept" in page
    leaking = compare(models, (TEXTS, LABELS), test, fit={"net": {"validation": {"X": test[0], "y": test[1]}}})
    assert leaking.warnings == [ps.Leak.STOPPING.value]
    assert "Leak: Early stopping saw the TEST rows" in str(leaking)
    assert "best weights on the TEST rows are kept" in leaking.report(tmp_path / "r.html").read_text()
    with pytest.raises(ps.OptionError, match="fit= names 'nett', which is no model here; did you mean 'net'"):
        compare(models, (TEXTS, LABELS), test, fit={"nett": {}})
