from __future__ import annotations

import inspect
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import penstock as ps
from penstock.layers.declared import GRU
from penstock.layers.embedding import Embedding
from penstock.networks.network import Network
from penstock.sequences.classifier import SequenceClassifier
from penstock.sequences.regressor import SequenceRegressor
from penstock.text.classifier import TextClassifier
from penstock.text.regressor import TextRegressor
from penstock.text.tokens import Tokens
from penstock.text.vectors import WordVectors

NEUTRAL = ["film", "plot", "actor", "scene", "music"]
SMALL: dict[str, Any] = {
    "tokens": Tokens(20, length=16), "units": 4, "batch": 16, "epochs": 12, "patience": None, "validation": 0,
    "optimizer": ps.Adam(learning_rate=0.02),
}  # fmt: skip


def corpus(count: int = 64) -> tuple[list[str], np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, count)
    texts = []
    for label in labels:
        words = [*rng.choice(NEUTRAL, rng.integers(1, 10)), "good" if label else "bad"]
        texts.append(" ".join(rng.permutation(words)))
    return texts, labels


@pytest.fixture(scope="module")
def fitted() -> TextClassifier:
    return TextClassifier(Network([GRU(4)]), **SMALL).fit(*corpus())


def test_a_classifier_learns(fitted: TextClassifier) -> None:
    texts, labels = corpus()
    assert fitted.score(texts, labels) == 1.0
    probabilities = fitted.predict_proba(["a good film", "a bad film"])
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert probabilities[0, 1] > 0.9 > 0.1 > probabilities[1, 1]
    assert fitted.predict(["good", "bad"]).tolist() == [1, 0]
    vocabulary = len(fitted.vocabulary_)
    assert vocabulary == 9  # seven words, padding and unknown
    assert fitted.parameters_ == vocabulary * 4 + 3 * (4 * 4 + 4 * 4 + 4) + 4 + 1


def test_the_published_network_has_its_parameters() -> None:
    """2,012,801 (reset before the product) and 2,012,897 (after) of the two editions."""
    for reset_after, count in ((False, 2_012_801), (True, 2_012_897)):
        network = Network([Embedding(20_000, 100), GRU(32, reset_after=reset_after)])
        assert network.parameters(ps.Inputs(), outputs=1) == count


def test_a_score_does_not_depend_on_company_order_or_padding(fitted: TextClassifier) -> None:
    """Alone, or in a batch of 1,000 of other lengths: the same bits."""
    rng = np.random.default_rng(1)
    words = [*NEUTRAL, "good", "bad", "unheard"]
    texts = [" ".join(rng.choice(words, rng.integers(1, 16))) for _ in range(1000)]
    together = fitted.predict_proba(texts)
    for place in (0, 17, 500, 999):
        assert (fitted.predict_proba([texts[place]])[0] == together[place]).all()
    assert (fitted.predict_proba(texts[::-1])[::-1] == together).all()
    longer = fitted.predict_proba([*texts[:3], " ".join(rng.choice(words, 16))])
    assert (longer[:3] == together[:3]).all()


def test_padding_in_front_or_behind_is_not_read(fitted: TextClassifier) -> None:
    """The network beneath gives one answer for the ids of a document, however they were padded."""
    from penstock.sequences.estimator import SequenceEstimator
    from penstock.text.documents import padded

    texts = corpus(8)[0]
    documents = fitted.vocabulary_.encode(texts)
    outputs = fitted.outputs(texts)
    for side in ("pre", "post"):
        ids = padded(documents, side, length=14)
        found = SequenceEstimator.outputs(fitted, ids, lengths=documents.lengths, padding=side)
        assert (found == outputs).all()


def test_empty_unknown_and_long_documents(fitted: TextClassifier) -> None:
    probabilities = fitted.predict_proba(["", "…", "xyzzy", "film " * 20_000, "good"])
    assert np.isfinite(probabilities).all()
    assert (probabilities[0] == probabilities[2]).all()  # both are one unknown word
    assert (probabilities[3] == fitted.predict_proba(["film " * 16])[0]).all()  # the last 16 tokens are read


@pytest.mark.slow
def test_documents_of_20000_tokens() -> None:
    texts = ["good " * 20_000, "bad " * 20_000]
    model = TextClassifier(Network([GRU(2)]), **{**SMALL, "epochs": 1, "batch": 2, "tokens": Tokens(9, length=None)})
    assert np.isfinite(model.fit(texts, [1, 0]).predict_proba(texts)).all()
    assert model.bounds_ == (20_000,)


def test_round_trip(fitted: TextClassifier, tmp_path: Path) -> None:
    texts = corpus()[0]
    fitted.save(tmp_path / "text.penstock")
    twin = ps.load(tmp_path / "text.penstock")
    assert (twin.predict_proba(texts) == fitted.predict_proba(texts)).all()
    assert twin.vocabulary_.words == fitted.vocabulary_.words
    assert twin.get_params() == fitted.get_params()


def test_a_file_with_another_vocabulary_is_refused(fitted: TextClassifier, tmp_path: Path) -> None:
    from penstock.storage import read_model, write_model

    fitted.save(tmp_path / "text.penstock")
    description, arrays = read_model(tmp_path / "text.penstock")
    description["vocabulary"]["tokenizer"] = fitted.tokens.fit(["other words entirely"]).to_json()["tokenizer"]
    write_model(tmp_path / "mixed.penstock", description, arrays)
    with pytest.raises(ps.ModelFileError, match="is not the one that the model was trained with"):
        ps.load(tmp_path / "mixed.penstock")
    with zipfile.ZipFile(tmp_path / "text.penstock") as archive:
        assert json.loads(archive.read("model.json"))["model"] == "TextClassifier"


@pytest.mark.slow
def test_three_classes_and_ordered_stars() -> None:
    texts, labels = corpus()
    told = [f"{text} fair" if place % 3 == 0 else text for place, text in enumerate(texts)]
    stars = np.where(np.arange(len(texts)) % 3 == 0, 2, 1 + 2 * labels)
    for loss, outputs in (("cross_entropy", 3), ("ordered", 2)):
        model = TextClassifier(Network([GRU(4)]), loss=loss, **{**SMALL, "epochs": 40}).fit(told, stars)
        assert model.outputs_ == outputs
        assert model.predict_proba(told).shape == (len(texts), 3)
        assert model.score(told, stars) > 0.9


@pytest.mark.slow
def test_columns_beside_the_text() -> None:
    """The label is in the columns alone; the text says nothing."""
    rng = np.random.default_rng(0)
    kind, number = rng.choice(["a", "b"], 80), rng.normal(size=(80, 1))
    labels = ((kind == "a") & (number[:, 0] > 0)).astype(int)
    texts = [str(word) for word in rng.choice(NEUTRAL, 80)]
    network = Network([GRU(2)], dense=[4], embeddings=[0])
    model = TextClassifier(network, **{**SMALL, "epochs": 60}).fit(texts, labels, categories=kind, extra=number)
    assert model.score(texts, labels, categories=kind, extra=number) > 0.9
    with pytest.raises(ps.DataError, match="1 were fitted"):
        model.predict(texts)


@pytest.mark.slow
def test_pretrained_vectors_stay_or_move(tmp_path: Path) -> None:
    texts, labels = corpus()
    rng = np.random.default_rng(0)
    words = (*NEUTRAL, "good")
    vectors = WordVectors(words, rng.normal(size=(6, 4)).astype(np.float32))
    few = {**SMALL, "epochs": 2}
    frozen = TextClassifier(Network([GRU(4)]), frozen=True, **few).fit(texts, labels, vectors=vectors)
    tuned = TextClassifier(Network([GRU(4)]), **few).fit(texts, labels, vectors=vectors)
    assert str(frozen.coverage_) == "6 of 7 words (85.7%); without: bad"
    assert (frozen.vectors["good"] == vectors["good"]).all()
    assert not frozen.vectors["bad"].any()
    assert not np.allclose(tuned.vectors["good"], vectors["good"], atol=1e-4)
    frozen.save(tmp_path / "frozen.penstock")
    assert (ps.load(tmp_path / "frozen.penstock").predict_proba(texts) == frozen.predict_proba(texts)).all()
    with pytest.raises(ps.OptionError, match="the vectors are 4 wide, but the embedding is 8"):
        TextClassifier(Network([GRU(4)]), **{**SMALL, "units": 8}).fit(texts, labels, vectors=vectors)
    with pytest.raises(ps.OptionError, match="keeps the vectors that it is given; give them"):
        TextClassifier(Network([GRU(4)]), frozen=True, **SMALL).fit(texts, labels)


@pytest.mark.slow
def test_a_regressor_learns_and_comes_back(tmp_path: Path) -> None:
    texts, labels = corpus()
    values = 100.0 + 5 * labels
    model = TextRegressor(Network([GRU(4)]), **{**SMALL, "epochs": 30}).fit(texts, values)
    assert model.score(texts, values) > 0.9
    model.save(tmp_path / "text.penstock")
    assert (ps.load(tmp_path / "text.penstock").predict(texts) == model.predict(texts)).all()


@pytest.mark.slow
def test_the_grammar_of_scikit_learn(fitted: TextClassifier) -> None:
    twin = clone(fitted)
    assert twin.get_params() == fitted.get_params()
    texts, labels = ["good film", "bad film"] * 8, [1, 0] * 8
    search = GridSearchCV(twin, {"epochs": [1, 40]}, cv=2, refit=False).fit(texts, labels)
    assert search.best_params_ == {"epochs": 40}
    assert search.best_score_ == 1.0


def test_class_weights_weigh_as_sample_weights_do() -> None:
    texts, labels = corpus()
    few = {**SMALL, "epochs": 2}
    weights = len(labels) / (2 * np.bincount(labels)[labels])
    plain = TextClassifier(Network([GRU(4)]), **few).fit(texts, labels, sample_weight=weights)
    balanced = TextClassifier(Network([GRU(4)]), class_weight="balanced", **few).fit(texts, labels)
    assert (balanced.predict_proba(texts) == plain.predict_proba(texts)).all()
    skewed = TextClassifier(Network([GRU(4)]), class_weight={1: 50.0}, **few).fit(texts, labels)
    assert (skewed.predict_proba(texts)[:, 1] > plain.predict_proba(texts)[:, 1]).all()


@pytest.mark.slow
def test_documents_to_watch_are_watched() -> None:
    """The validation loss is that of the best weights on these documents; they are cut by the training words."""
    texts, labels = corpus()
    other = [text.replace("film", "xyzzy") for text in texts[:8]]
    model = TextClassifier(Network([GRU(4)]), **{**SMALL, "epochs": 2}).fit(
        texts, labels, validation=(other, labels[:8])
    )
    assert "xyzzy" not in model.vocabulary_.words
    p = model.predict_proba(other)[np.arange(8), labels[:8]]
    assert -np.log(p).mean() == pytest.approx(model.history_.validation_loss.min(), rel=1e-5)


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        ("one text", [1], "texts are one string"),
        (["a", None], [0, 1], "row 1 holds nothing"),
        ([], [], "texts hold no document"),
        (["a", "b"], [1, 1], "one class only"),
        (["a", "b"], [1], r"y has the shape \(1,\); allowed: \(2,\)"),
    ],
)
def test_bad_input(texts: Any, labels: Any, message: str) -> None:
    with pytest.raises(ps.DataError, match=message):
        TextClassifier(Network([GRU(4)]), **SMALL).fit(texts, labels)


def test_misuse() -> None:
    with pytest.raises(ps.OptionError, match=r"makes the embedding itself, .* give units=8"):
        TextClassifier(Network([Embedding(10, 8), GRU(4)]))
    with pytest.raises(ps.OptionError, match="not fitted yet"):
        TextClassifier().predict(["a"])
    with pytest.raises(TypeError, match="unexpected keyword argument 'lengths'"):  # documents are measured here
        TextClassifier(Network([GRU(4)]), **SMALL).fit(["a", "b"], [0, 1], lengths=[1, 1])  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("text", "sequence"), [(TextClassifier, SequenceClassifier), (TextRegressor, SequenceRegressor)]
)
def test_no_argument_is_inherited_that_has_no_meaning_for_text(text: type, sequence: type) -> None:
    """Both read for one core; padded arrays and their lengths are the other reader's (decision 0011)."""
    assert not issubclass(text, sequence)
    ours, theirs = (set(inspect.signature(kind.fit).parameters) for kind in (text, sequence))  # type: ignore[attr-defined]
    assert theirs - ours == {"lengths", "padding"}
    assert ours <= theirs
    options, others = (set(kind().get_params(deep=False)) for kind in (text, sequence))
    assert options - others == {"tokens", "units", "frozen"}
    assert others <= options
