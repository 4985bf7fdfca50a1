"""A fit that fails or is interrupted leaves the earlier fit whole, whatever the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.text import BagClassifier, BagRegressor, TextClassifier, TextRegressor, Tokens

RNG = np.random.default_rng(0)
SERIES = pd.DataFrame({"ds": range(60), "y": 10 + np.sin(np.arange(60) / 4)})
OTHER = pd.DataFrame({"ds": range(80), "y": 50 + np.cos(np.arange(80) / 5)})
TEXTS, LABELS = ["a good film", "what fun", "a bad film", "what a bore"] * 5, ["+", "+", "-", "-"] * 5
NEW_LABELS = ["yes", "no", "yes", "no"] * 5
X = RNG.normal(size=(20, 4, 1))
NETWORK = ps.Network([ps.RNN(2)])
SHORT: dict[str, Any] = {"epochs": 1, "validation": 0}
TRAINING = "penstock.sequences.core.train_folds"

SERIES_MODELS = {
    "forecaster": (lambda: ps.Forecaster(NETWORK, window=4, epochs=1), "penstock.forecaster.forecaster.train_folds"),
    "AR": (lambda: ps.AR(2), "penstock.baselines.autoregression.AR._fit"),
    "Drift": (lambda: ps.Drift(), "penstock.baselines.drift.Drift._fit"),
}
SAMPLE_MODELS = {
    "classifier": (lambda: ps.SequenceClassifier(NETWORK, **SHORT), X, LABELS, NEW_LABELS, TRAINING),
    "regressor": (lambda: ps.SequenceRegressor(NETWORK, **SHORT), X, X[:, -1, 0], 9 + X[:, 0, 0], TRAINING),
    "tagger": (lambda: ps.SequenceTagger(NETWORK, **SHORT), X, ["aabb", "bbaa"] * 10, ["ccdd", "ddcc"] * 10, TRAINING),
    "to sequence": (
        lambda: ps.SequenceToSequence(ps.EncoderDecoder(ps.GRU(2), ps.GRU(2), embedding=2), **SHORT),
        X, ["ab", "ba"] * 10, ["cde", "edc"] * 10, TRAINING,
    ),
    "text classifier": (
        lambda: TextClassifier(NETWORK, tokens=Tokens(20), units=2, **SHORT), TEXTS, LABELS, NEW_LABELS, TRAINING
    ),
    "text regressor": (
        lambda: TextRegressor(NETWORK, tokens=Tokens(20), units=2, **SHORT),
        TEXTS, np.arange(20.0), np.arange(20.0) ** 2, TRAINING,
    ),
    "bag classifier": (
        lambda: BagClassifier("ridge", alpha=1.0), TEXTS, LABELS, NEW_LABELS,
        "penstock.text.bag_of_words.BagClassifier._fit_chain",
    ),
    "bag regressor": (
        lambda: BagRegressor("ridge", alpha=1.0), TEXTS, np.arange(20.0), np.arange(20.0) ** 2,
        "penstock.text.bag_of_words.BagRegressor._fit_chain",
    ),
}  # fmt: skip


def interrupted(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def plain(predicted: Any) -> list[Any]:
    return [np.asarray(each).tolist() for each in predicted]


@pytest.mark.parametrize("name", SERIES_MODELS)
def test_an_interrupted_fit_on_series_changes_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, training = SERIES_MODELS[name]
    model = make().fit(SERIES)
    before, fitted = model.predict(), dict(vars(model))
    monkeypatch.setattr(training, interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(OTHER)
    assert vars(model).keys() == fitted.keys()
    assert all(vars(model)[key] is value for key, value in fitted.items())
    pd.testing.assert_frame_equal(model.predict(), before)


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE_MODELS)
def test_an_interrupted_fit_on_samples_changes_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, samples, y, other, training = SAMPLE_MODELS[name]
    model = make().fit(samples, y)
    before, fitted = plain(model.predict(samples)), dict(vars(model))
    monkeypatch.setattr(training, interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(samples, other)
    assert vars(model).keys() == fitted.keys()
    assert all(vars(model)[key] is value for key, value in fitted.items())
    assert plain(model.predict(samples)) == before


def test_a_loss_that_is_not_finite_changes_nothing() -> None:
    model = ps.SequenceRegressor(NETWORK, optimizer=ps.SGD(0.1), epochs=5, validation=0).fit(X, X[:, -1, 0])
    before = model.predict(X)
    model.optimizer = ps.SGD(3e38)
    with pytest.raises(ps.TrainingError, match="no longer finite"):
        model.fit(9 + X, X[:, 0, 0])
    model.optimizer = ps.SGD(0.1)
    assert np.array_equal(model.predict(X), before)
