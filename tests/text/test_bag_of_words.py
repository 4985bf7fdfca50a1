from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge

import penstock as ps
from penstock.data.sequences import Sequences
from penstock.errors import DataWarning
from penstock.text.bag_of_words import BagClassifier, BagRegressor
from penstock.text.linear import ALPHAS
from penstock.text.ngrams import NGrams
from penstock.text.tokens import Tokens

WORDS = ["film", "plot", "actor", "scene", "music", "good", "bad"]


@pytest.fixture(scope="module")
def reviews() -> tuple[list[str], np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 120)
    tone = np.where(labels[:, None], [["good", "fine"]], [["bad", "dull"]])
    texts = [" ".join([*rng.choice(WORDS, 5), *rng.choice(tone[row], 3)]) for row in range(120)]
    return texts, labels


@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize("weight", ["counts", "tfidf"])
def test_bags_equal_those_of_scikit_learn(weight: str, pairs: bool, reviews: tuple[list[str], np.ndarray]) -> None:
    texts = reviews[0]
    vocabulary = Tokens(100, length=None).fit(texts)
    documents = vocabulary.encode(texts)
    bags = NGrams.fit(documents, len(vocabulary), features=1000, bigrams=pairs, weight=weight)
    kind = CountVectorizer if weight == "counts" else TfidfVectorizer
    theirs = kind(ngram_range=(1, 2 if pairs else 1), token_pattern=r"\w+")
    expected = theirs.fit_transform(texts)
    order = [theirs.vocabulary_[name] for name in bags.names(vocabulary)]
    assert sorted(order) == list(range(expected.shape[1]))
    assert np.allclose(bags.transform(documents).toarray(), expected.toarray()[:, order])


def test_pairs_do_not_cross_documents_and_unknown_words_do_not_count() -> None:
    documents = Sequences(np.array([2, 3, 2, 1, 3, 4]), np.array([0, 2, 5, 6]))
    bags = NGrams.fit(documents, 5, features=10, bigrams=True, weight="binary")
    assert bags.keys.tolist() == [2, 3, 4, 3 * 5 + 3]
    assert bags.transform(documents).toarray().tolist() == [[1, 1, 0, 1], [1, 1, 0, 0], [0, 0, 1, 0]]


def test_ridge_equals_scikit_learn(reviews: tuple[list[str], np.ndarray]) -> None:
    texts, labels = reviews
    model = BagClassifier("ridge", alpha=2.0).fit(texts, labels)
    theirs = TfidfVectorizer(token_pattern=r"\w+")
    fitted = LogisticRegression(C=0.5).fit(theirs.fit_transform(texts), labels)
    expected = fitted.predict_proba(theirs.transform(texts))
    assert np.allclose(model.predict_proba(texts), expected, atol=1e-3)
    assert model.score(texts, labels) == fitted.score(theirs.transform(texts), labels)


def test_naive_bayes_weights_by_hand() -> None:
    """Wang & Manning (2012), equation of r with α = 1."""
    from scipy.sparse import csr_matrix

    from penstock.text.linear import _log_ratio

    X = csr_matrix([[1.0, 0, 1], [1, 1, 0], [0, 1, 1]])
    p, q = np.array([3, 2, 2]) / 7, np.array([1, 2, 2]) / 5
    assert np.allclose(_log_ratio(X, np.array([1, 1, 0])), np.log(p / q))


@pytest.mark.parametrize("kind", ["ridge", "lasso", "nb", "net"])
def test_every_classifier_learns_and_comes_back(
    kind: str, reviews: tuple[list[str], np.ndarray], tmp_path: Path
) -> None:
    texts, labels = reviews
    named = np.where(labels, "liked", "loathed")
    weight = "binary" if kind == "nb" else "tfidf"
    model = BagClassifier(kind, weight=weight, bigrams=kind == "nb", alpha=1.0 if kind != "net" else 1e-4)
    model.fit(texts, named)
    assert model.classes_.tolist() == ["liked", "loathed"]
    assert model.score(texts, named) > 0.85
    assert np.allclose(model.predict_proba(texts).sum(axis=1), 1)
    model.save(tmp_path / "bag.penstock")
    twin = ps.load(tmp_path / "bag.penstock")
    assert (twin.predict_proba(texts) == model.predict_proba(texts)).all()  # type: ignore[attr-defined]
    assert clone(model).get_params() == model.get_params()


def test_three_classes(reviews: tuple[list[str], np.ndarray]) -> None:
    texts, labels = reviews
    stars = np.where(np.arange(120) % 3 == 0, 3, labels + 1)
    told = [f"{text} average" if star == 3 else text for text, star in zip(texts, stars, strict=True)]
    model = BagClassifier("ridge", alpha=0.1).fit(told, stars)
    assert model.predict_proba(told).shape == (120, 3)
    assert model.score(told, stars) > 0.9


@pytest.mark.parametrize("kind", ["ridge", "lasso", "nb", pytest.param("net", marks=pytest.mark.slow)])
@pytest.mark.parametrize("rare", [1, 2])
def test_a_rare_class_is_learned_whatever_the_seed(
    kind: str, rare: int, reviews: tuple[list[str], np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ALPHAS, kind, ALPHAS[kind][1:2])
    texts, labels = [*reviews[0][: 40 - rare], *["average"] * rare], [*reviews[1][: 40 - rare], *[2] * rare]
    drawn = (np.random.default_rng(seed).permutation(40)[:4] for seed in range(2000))  # to choose the penalty on
    seed = next(seed for seed, rows in enumerate(drawn) if np.isin(range(40 - rare, 40), rows).all())
    model = BagClassifier(kind, seed=seed).fit(texts, labels)
    assert model.predict_proba(texts).shape == (40, 3)
    if kind != "net":
        pair = BagClassifier(kind, seed=seed).fit(texts, ["rare" if label == 2 else "usual" for label in labels])
        assert pair.classes_.tolist() == ["rare", "usual"]


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 60])
def test_the_net_stops_early_only_where_every_class_can_be_watched(classes: int) -> None:
    rows = 520
    labels = [0] * (rows - 1) + [1] if classes == 2 else [row % classes for row in range(rows)]
    texts = [f"w{label} plain" for label in labels]
    model = BagClassifier("net", alpha=1e-3).fit(texts, labels)
    assert model.predict_proba(texts[:3]).shape == (3, classes)


def test_the_penalty_is_chosen_on_training_rows(reviews: tuple[list[str], np.ndarray]) -> None:
    texts, labels = reviews
    model = BagClassifier("lasso", weight="binary").fit(texts, labels)
    assert model.alpha_ in (1.0, 3.0, 10.0, 30.0, 100.0)
    largest, smallest = model.top(2)
    assert {word for word, _ in largest} <= {"good", "fine"}
    assert {word for word, _ in smallest} <= {"bad", "dull"}


def test_regression_equals_scikit_learn(reviews: tuple[list[str], np.ndarray], tmp_path: Path) -> None:
    texts = reviews[0]
    values = np.array([5 + text.count("good") - 2.0 * text.count("bad") for text in texts])
    model = BagRegressor("ridge", weight="counts", alpha=1.0).fit(texts, values)
    theirs = CountVectorizer(token_pattern=r"\w+")
    X = theirs.fit_transform(texts)
    assert np.allclose(model.predict(texts), Ridge(alpha=1.0).fit(X, values).predict(X), atol=1e-4)
    assert model.score(texts, values) > 0.98
    model.save(tmp_path / "bag.penstock")
    assert (ps.load(tmp_path / "bag.penstock").predict(texts) == model.predict(texts)).all()  # type: ignore[arg-type]
    assert BagRegressor("lasso", weight="counts").fit(texts, values).score(texts, values) > 0.95


def test_what_cannot_be_learned_is_refused() -> None:
    with pytest.raises(ps.DataError, match="one class only"):
        BagClassifier().fit(["a", "b"], [1, 1])
    with pytest.raises(ps.DataError, match=r"y has the shape \(1,\)"):
        BagClassifier().fit(["a", "b"], [1])
    with pytest.raises(ps.DataError, match="y holds None or NaN"):
        BagClassifier().fit(["a", "b"], [1, None])
    with pytest.raises(ps.DataError, match="no document holds a word"):
        BagClassifier().fit(["", ""], [0, 1])
    with pytest.raises(ps.OptionError, match="too few to choose the penalty"):
        BagClassifier().fit(["a", "b"], [0, 1])
    with pytest.raises(ps.OptionError, match="model='nb' is for labels"):
        BagRegressor("nb").fit(["a", "b"], [0.0, 1.0])
    with pytest.raises(ps.DataError, match="y holds what is no number"):
        BagRegressor().fit(["a", "b"], ["x", "y"])
    with pytest.raises(ps.OptionError, match="not fitted yet"):
        BagClassifier().predict(["a"])


def test_documents_without_a_word_are_counted() -> None:
    with pytest.warns(DataWarning, match="3 of 23 documents hold no word, the first in row 20; each is read as one"):
        BagClassifier(alpha=1.0).fit(["good fun", "so bad"] * 10 + ["", " ", "\U0001f600"], [1, 0] * 11 + [1])
