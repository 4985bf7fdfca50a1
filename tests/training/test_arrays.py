"""Training on arrays, without an estimator; and callbacks of every fit."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.training import Callback, EpochEnd

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 8, 2))
Y = X[:, -2:, 0].sum(axis=1)
NETWORK = ps.Network([ps.GRU(4)])


def test_learns_and_gives_modules_back() -> None:
    options: dict[str, Any] = {"optimizer": ps.Adam(0.02), "epochs": 40, "members": 2}
    trained = ps.train(NETWORK, X[:50], Y[:50], validation={"x": X[50:], "y": Y[50:]}, **options)
    yhat = trained.predict(X[50:])
    assert yhat.shape == (2, 10, 1)
    assert np.square(yhat[0, :, 0] - Y[50:]).mean() < 0.3 * Y[50:].var()
    for member in range(2):
        module = trained.module(member)
        np.testing.assert_allclose(module(jnp.asarray(X[50:], jnp.float32)), yhat[member], rtol=1e-4, atol=1e-5)
    again = ps.train(NETWORK, X[:50], Y[:50], validation=(X[50:], Y[50:]), **options)
    assert np.array_equal(again.predict(X), trained.predict(X))
    with pytest.raises(ps.OptionError, match="member=2 is not there: there are 2, counted from 0"):
        trained.module(2)


def test_it_is_the_engine_of_the_estimators() -> None:
    """Where an estimator scales nothing and watches nothing, both give the same weights."""
    options: dict[str, Any] = {"epochs": 2, "batch": 16, "optimizer": "adam", "seed": 3, "patience": None}
    model = ps.SequenceRegressor(NETWORK, scale="none", validation=0, **options).fit(X, Y)
    trained = ps.train(NETWORK, X, Y, **options)
    assert np.array_equal(trained.predict(X)[0, :, 0], model.predict(X))


@pytest.mark.slow
def test_ragged_tokens_classes_and_every_step() -> None:
    ids = [[1, 2, 3], [2], [3, 1], [1, 1, 2, 2]] * 4
    network = ps.Network([ps.Embedding(4, 3), ps.RNN(3)])
    classes = [row[0] - 1 for row in ids]
    assert ps.train(network, ids, classes, loss="cross_entropy", epochs=1).predict(ids).shape == (1, 16, 3)
    tagged = ps.Network([ps.Embedding(4, 3), ps.RNN(3)], return_sequences=True)
    out = ps.train(tagged, ids, [[float(token) for token in row] for row in ids], epochs=1).predict(ids)
    assert out.shape == (1, 40, 1)
    padded, lengths = np.zeros((16, 4), int), np.array([len(row) for row in ids])
    for row, given in zip(padded, ids, strict=True):
        row[: len(given)] = given
    by_length = ps.train(network, padded, classes, lengths=lengths, loss="cross_entropy", epochs=1)
    assert np.array_equal(
        by_length.predict(padded, lengths=lengths),
        ps.train(network, ids, classes, loss="cross_entropy", epochs=1).predict(ids),
    )


@pytest.mark.slow
def test_a_loss_of_ones_own() -> None:
    def loss(y: Any, yhat: Any) -> Any:
        return jnp.mean(jnp.abs(y - yhat), axis=-1)

    own, named = (ps.train(NETWORK, X, Y, loss=each, epochs=1) for each in (loss, "mae"))
    assert np.array_equal(own.history.training_loss, named.history.training_loss)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"network": [ps.GRU(2)]}, r"\[GRU\(2\)\] is no network; allowed: Network"),
        ({"loss": "mes"}, "loss='mes' is unknown; did you mean 'mse'"),
        ({"batch": 0}, "batch=0 is out of range"),
        ({"y": Y[:3]}, r"y has the shape \(3,\); allowed: finite numbers \[60\]"),
        ({"y": np.where(Y > 0, np.nan, Y)}, "and holds NaN or inf"),
        ({"y": ["a"] * 60}, "y holds what is no number"),
        ({"validation": X}, "validation is neither"),
        ({"validation": (X[:, :, :1], Y)}, "the validation samples have 1 features and 1 targets"),
        ({"target_loss": 0.1}, "target_loss=0.1 is a validation loss"),
        ({"network": ps.Network([ps.GRU(2)], embeddings=[2])}, "has 1 embeddings for 0 categories"),
        ({"callbacks": Callback()}, "is a single callback; give a list"),
        ({"callbacks": [print]}, "callbacks holds <built-in function print>; allowed: instances of classes derived"),
    ],
)
def test_what_is_refused(given: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"network": NETWORK, "x": X, "y": Y, "epochs": 1, **given}
    with pytest.raises((ps.OptionError, ps.DataError), match=message):
        ps.train(**arguments)


class StopAfterOne(Callback):
    def __init__(self) -> None:
        self.epochs = 0

    def on_epoch_end(self, event: EpochEnd) -> Any:
        self.epochs += 1
        return event.epoch >= 1


FRAME = pd.DataFrame({"ds": range(40), "y": np.sin(np.arange(40.0))})
TEXTS = ["good fine", "bad poor"] * 10


@pytest.mark.fast("train")
@pytest.mark.parametrize(
    "fit",
    [
        lambda own: ps.Forecaster(NETWORK, window=4, epochs=9).fit(FRAME, callbacks=own),
        lambda own: ps.SequenceRegressor(NETWORK, epochs=9).fit(X, Y, callbacks=own),
        lambda own: ps.SequenceClassifier(NETWORK, epochs=9).fit(X, Y > 0, callbacks=own),
        lambda own: ps.SequenceTagger(NETWORK, epochs=9).fit(X, [["a", "b"] * 4] * 60, callbacks=own),
        lambda own: ps.text.TextClassifier(NETWORK, units=2, epochs=9).fit(TEXTS, [1, 0] * 10, callbacks=own),
        lambda own: ps.train(NETWORK, X, Y, epochs=9, callbacks=own),
    ],
    ids=["forecaster", "regressor", "classifier", "tagger", "text", "train"],
)
def test_every_fit_calls_back(fit: Any) -> None:
    stop = StopAfterOne()
    fitted = fit([stop])
    assert stop.epochs == 1
    history = getattr(fitted, "history", None) or fitted.history_
    assert history.epochs.tolist() == [1]


def test_what_is_not_trained_by_epochs_takes_no_callbacks() -> None:
    with pytest.raises(ps.OptionError, match="Naive is not trained epoch by epoch, so nothing calls back"):
        ps.Naive().fit(FRAME, callbacks=[StopAfterOne()])
