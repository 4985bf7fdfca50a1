"""The estimators of sequences: what they learn, that a sample's company changes nothing, files, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import penstock as ps
from penstock.networks.fitted import fitted_network
from penstock.sequences.targets import split_samples

RNG = np.random.default_rng(0)
LENGTHS = RNG.integers(2, 9, size=60)
X = [RNG.normal(size=(n, 2)) for n in LENGTHS]
SUMS = np.array([x[:, 0].sum() for x in X])
KIND = np.array(["red", "blue"], dtype=object)[np.arange(60) % 2]
EXTRA = RNG.normal(size=(60, 1))
SMALL = {"epochs": 12, "batch": 16, "optimizer": ps.Adam(0.05), "patience": None}
NETWORK = ps.Network([ps.GRU(4)], embeddings=[1])
BESIDE: dict[str, Any] = {"categories": KIND, "extra": EXTRA}
STARS = np.digitize(SUMS + 2 * (KIND == "red"), [-1, 1.5, 3.0])  # four ordered classes


@pytest.fixture(scope="module")
def stars() -> ps.SequenceClassifier:
    return ps.SequenceClassifier(NETWORK, loss="ordered", members=2, **SMALL).fit(X, STARS, **BESIDE)


@pytest.fixture(scope="module")
def value() -> ps.SequenceRegressor:
    return ps.SequenceRegressor(NETWORK, **SMALL).fit(X, np.stack([SUMS, 100 * EXTRA[:, 0]], axis=1), **BESIDE)


@pytest.fixture(scope="module")
def tags() -> ps.SequenceTagger:
    y = [["up" if level > 0 else "down" for level in np.cumsum(x[:, 0])] for x in X]
    return ps.SequenceTagger(ps.Network([ps.GRU(4)]), **SMALL).fit(X, y)


def some(beside: dict[str, Any], rows: Any) -> dict[str, Any]:
    return {name: values[rows] for name, values in beside.items()}


@pytest.mark.slow
def test_ordered_classes_are_learned_and_no_probability_is_negative(stars: ps.SequenceClassifier) -> None:
    p = stars.predict_proba(X, **BESIDE)
    assert p.shape == (60, 4)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert np.abs(stars.predict(X, **BESIDE) - STARS).mean() < 0.5 < np.abs(STARS - np.median(STARS)).mean()
    assert stars.score(X, STARS, **BESIDE) == np.mean(stars.predict(X, **BESIDE) == STARS)


def test_a_class_of_one_sample_is_learned_whatever_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    split: list[set[int]] = []

    def recorded(_: Any, __: Any, train: dict[int, Any], validation: dict[int, Any], *___: Any, **____: Any) -> None:
        split[:] = [{int(row) for rows in part.values() for row in rows} for part in (train, validation)]
        raise RuntimeError("no need to train")

    monkeypatch.setattr("penstock.sequences.core.Samples.of_sequences", recorded)
    labels = ["rare" if row == 19 else "usual" for row in range(20)]
    seed = next(seed for seed in range(100) if 19 in split_samples(20, 0.1, seed)[1])  # drawn for validation
    with pytest.raises(RuntimeError, match="no need to train"):
        ps.SequenceClassifier(NETWORK, seed=seed, **SMALL).fit(X[:20], labels, **some(BESIDE, slice(20)))
    assert 19 in split[0]
    assert len(split[1]) == 1
    assert split[0] | split[1] == set(range(20))


def test_a_sample_alone_and_in_company_is_the_same_bit_for_bit(
    stars: ps.SequenceClassifier, value: ps.SequenceRegressor, tags: ps.SequenceTagger
) -> None:
    rows = np.array([3, 41, 7])
    some_X = [X[row] for row in rows]
    assert np.array_equal(stars.predict_proba(some_X, **some(BESIDE, rows)), stars.predict_proba(X, **BESIDE)[rows])
    assert np.array_equal(value.predict(some_X, **some(BESIDE, rows)), value.predict(X, **BESIDE)[rows])
    whole = tags.predict_proba(X)
    for row, each in zip(rows, tags.predict_proba(some_X), strict=True):
        assert np.array_equal(each, whole[row])
        assert each.shape == (LENGTHS[row], 2)


@pytest.mark.parametrize("side", ["post", pytest.param("pre", marks=pytest.mark.slow)])
def test_padding_on_either_side_changes_nothing(value: ps.SequenceRegressor, side: str) -> None:
    padded = np.full((60, 12, 2), np.nan)
    for row, x in zip(padded, X, strict=True):
        row[slice(len(x)) if side == "post" else slice(12 - len(x), 12)] = x
    found = value.predict(padded, lengths=LENGTHS, padding=side, **BESIDE)
    assert np.array_equal(found, value.predict(X, **BESIDE))


def test_several_values_are_learned_in_their_own_units(value: ps.SequenceRegressor) -> None:
    y = np.stack([SUMS, 100 * EXTRA[:, 0]], axis=1)
    assert value.predict(X, **BESIDE).shape == (60, 2)
    assert value.score(X, y, **BESIDE) > 0.5
    from sklearn.metrics import r2_score

    assert value.score(X, y, **BESIDE) == pytest.approx(r2_score(y, value.predict(X, **BESIDE)))


def test_tags_are_learned(tags: ps.SequenceTagger) -> None:
    y = [["up" if level > 0 else "down" for level in np.cumsum(x[:, 0])] for x in X]
    assert tags.score(X, y) > 0.8
    assert [len(each) for each in tags.predict(X)] == LENGTHS.tolist()


def test_files_give_equal_bits(
    stars: ps.SequenceClassifier, value: ps.SequenceRegressor, tags: ps.SequenceTagger, tmp_path: Path
) -> None:
    for model, beside in ((stars, BESIDE), (value, BESIDE), (tags, {})):
        model.save(tmp_path / "model.penstock")
        again = ps.load(tmp_path / "model.penstock")
        assert again.get_params() == model.get_params()
        assert again.parameters_ == model.parameters_
        for one, other in zip(model.predict(X, **beside), again.predict(X, **beside), strict=True):
            assert np.array_equal(one, other)


def test_two_fits_are_equal_and_a_fit_starts_afresh(tags: ps.SequenceTagger) -> None:
    y = [["up" if level > 0 else "down" for level in np.cumsum(x[:, 0])] for x in X]
    other = tags.clone().fit(X[:30], y[:30]).fit(X, y)
    assert np.array_equal(np.concatenate(other.predict_proba(X)), np.concatenate(tags.predict_proba(X)))


@pytest.mark.slow
def test_sequences_of_tokens_are_told_read_back_and_attended(tmp_path: Path) -> None:
    """Each id is told as its letter, the sequence backwards: lengths differ, and each letter attends to its id."""
    rng = np.random.default_rng(1)
    ids = [rng.integers(1, 4, size=n).tolist() for n in rng.integers(1, 5, size=150)]
    letters = ["".join("xabc"[token] for token in reversed(row)) for row in ids]
    network = ps.EncoderDecoder(
        [ps.Embedding(4, 4), ps.GRU(12)], ps.GRU(12), ps.layers.AdditiveAttention(8), embedding=4
    )
    from penstock.training.scheduled_sampling import ScheduledSampling

    model = ps.SequenceToSequence(
        network,
        epochs=40,
        batch=16,
        optimizer=ps.Adam(0.02),
        patience=None,
        scheduled_sampling=ScheduledSampling(1.0, 0.8, 20),
    ).fit(ids, letters)
    assert model.score(ids, letters) > 0.9
    assert model.predict([[1, 2]], beam=4) == [["b", "a"]]
    (weights,) = model.attention([[1, 2, 3]])
    assert weights.shape == (4, 3)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    model.save(tmp_path / "letters.penstock")
    again = ps.load(tmp_path / "letters.penstock")
    assert again.predict(ids) == model.predict(ids)
    assert [model.predict([row])[0] for row in ids[:3]] == model.predict(ids)[:3]
    refused(lambda: fitted_network(model), "holds an encoder-decoder")


@pytest.mark.slow
def test_a_vector_unfolds_into_a_sequence() -> None:
    rng = np.random.default_rng(2)
    vectors = rng.uniform(0.5, 1.5, size=(80, 2))
    waves = vectors[:, :1] * np.sin(vectors[:, 1:] * np.arange(1, 9) / 2)
    network = ps.EncoderDecoder([], ps.GRU(12), condition="every_step", autoregressive=False)
    options = {**SMALL, "epochs": 60, "optimizer": ps.Adam(0.02), "loss": "mse"}
    model = ps.SequenceToSequence(network, **options).fit(vectors, waves)
    assert model.predict(vectors).shape == (80, 8)
    assert model.score(vectors, waves) > 0.9
    assert model.predict(vectors, steps=5).shape == (80, 5)
    assert np.array_equal(model.predict(vectors, steps=5), model.predict(vectors)[:, :5])


@pytest.mark.parametrize(
    ("weights", "expected"), [("balanced", [2 / 3, 2.0]), ({"b": 5.0}, [1.0, 5.0]), (None, [1.0, 1.0])]
)
def test_class_weights(weights: Any, expected: list[float]) -> None:
    from penstock.sequences.labels import class_weights

    found = class_weights(weights, np.array(["a", "b"]), np.array([0, 0, 0, 1]))
    np.testing.assert_allclose(found, expected)


def refused(fit: Any, message: str) -> None:
    with pytest.raises(ps.PenstockError, match=message):
        fit()


def test_what_is_refused(value: ps.SequenceRegressor) -> None:
    plain = ps.Network([ps.GRU(2)])
    tokens = ps.Network([ps.Embedding(5, 2), ps.GRU(2)])
    classify, regress = ps.SequenceClassifier(plain), ps.SequenceRegressor(plain)
    y = np.arange(60) % 2
    refused(lambda: classify.fit(X, np.ones(60)), "y holds one class only, 1.0; a classifier needs two labels or more")
    refused(lambda: classify.fit(X, y[:5]), r"y has the shape \(5,\); allowed: \(60,\)")
    refused(lambda: classify.fit(X, SUMS), "Unknown label type: y is continuous")
    refused(lambda: classify.fit(X, y, extra=EXTRA[:3]), r"extra has the shape \(3, 1\); allowed: \[60, columns\]")
    refused(lambda: classify.fit(X, y, categories=KIND), "has 0 embeddings for 1 categories")
    refused(lambda: classify.fit(X, y, sample_weight=-np.ones(60)), r"sample_weight\[0\] is -1")
    refused(lambda: classify.fit(X, y, validation=[1, 2, 3]), "allowed: .X, y., or a mapping")
    refused(lambda: classify.fit(X, y, validation=(X[:2], ["c", "d"])), "the label 'c' was not among those fitted")
    refused(lambda: classify.fit(X, y, vectors=np.ones((5, 2))), "vectors= is for a network that begins with an Emb")
    refused(lambda: ps.SequenceClassifier(tokens).fit([[1, 5], [0]], [0, 1]), "holds the id 5 at step 1.*0 to 4")
    refused(lambda: ps.SequenceClassifier(tokens).fit([[1], [0]], [0, 1], vectors=np.ones((2, 2))), r"needs \(5, 2\)")
    frozen = ps.Network([ps.Embedding(5, 2, frozen=True), ps.GRU(2)])
    refused(lambda: ps.SequenceClassifier(frozen).fit([[1], [0]], [0, 1]), "give them: fit.X, y, vectors=table")
    refused(lambda: ps.SequenceClassifier(class_weight={"z": 1.0}).fit(X, y), "class_weight names 'z'")
    refused(lambda: regress.fit(X, ["a"] * 60), "y holds what is no number")
    refused(lambda: regress.fit(X[:1], [1.0]), r"1 sample\(s\) are too few for validation=0.1")
    refused(lambda: regress.predict(X), "this SequenceRegressor is not fitted yet; call fit first")
    refused(lambda: value.predict(X), "0 categories were given, but 1 were fitted")
    refused(lambda: value.predict([x[:, :1] for x in X], **BESIDE), "X has 1 features, but this model is expecting 2")
    odd = {**BESIDE, "categories": np.array(["green"] * 60, dtype=object)}
    refused(lambda: value.predict(X, **odd), "the category 'green' was not among those fitted")
    refused(lambda: ps.SequenceTagger(plain).fit(X, [["a"]] * 60), "sample 0 of y has 1 labels, but X has")
    labels = ps.EncoderDecoder(ps.GRU(2), ps.GRU(2))
    refused(lambda: ps.SequenceToSequence(labels).fit(X, ["ab"] * 60), "labels are fed back as vectors")
    refused(lambda: ps.SequenceToSequence(plain), "network=.* is not allowed; allowed: EncoderDecoder")


def test_vectors_of_different_lengths_are_refused_in_words() -> None:
    model = ps.SequenceToSequence(ps.EncoderDecoder([], ps.GRU(2), embedding=2), epochs=1)
    refused(
        lambda: model.fit([[1.0, 2.0], [3.0]], ["ab", "a"]),
        r"sample 1 of X has the shape \(1,\), but sample 0 has \(2,\); a network without an encoder reads one vector",
    )
    refused(
        lambda: model.fit([[[1.0], [2.0, 3.0]], [[3.0]]], ["ab", "a"]),
        "sample 0 of X is no array, its steps have different lengths",
    )
    refused(
        lambda: ps.SequenceRegressor(epochs=1).fit([[[1.0], [2.0, 3.0]], [[3.0]]], [1, 2]),
        "sample 0 of X is no array, its steps have different lengths",
    )


@pytest.mark.slow
def test_validation_targets_longer_than_the_training_ones_count_in_full() -> None:
    X = [[1], [2], [1], [2]]
    network = ps.EncoderDecoder([ps.Embedding(3, 2), ps.GRU(2)], ps.GRU(2), embedding=2)
    options: dict[str, Any] = {"epochs": 1, "optimizer": ps.SGD(1e-12), "validation": 0, "patience": None}

    short, longer = ["ab", "ba", "a", "b"], ["abab"] * 4
    model = ps.SequenceToSequence(network, **options).fit(X, short, validation=(X, longer))
    assert model.max_target_length_ == 3
    trained_on_longer = ps.SequenceToSequence(network, **options).fit(X, longer)  # from the same initial weights
    expected = float(trained_on_longer.history_.training_loss[0, 0])
    assert float(model.history_.validation_loss[0, 0]) == pytest.approx(expected, rel=1e-5)
