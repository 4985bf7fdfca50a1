"""Training on arrays, without an estimator; and callbacks of every fit."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.training import Callback, EpochEnd
from penstock.training.raw_samples import read_static

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
        ({"validation": X}, "validation=.* is of the type ndarray; allowed: .x, y., or a mapping"),
        ({"validation": (X[:, :, :1], Y)}, "the validation samples have 1 features, the training samples 2"),
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


def test_windows_of_rows_are_samples_that_are_not_copied() -> None:
    """With categories, extra numbers, weights and validation: what copied windows give, and the memory of the rows."""
    rng = np.random.default_rng(1)
    rows, network = rng.normal(size=(70, 2)), ps.Network([ps.RNN(3)], embeddings=[2])
    windows = ps.training.RowWindows(rows, 8, [30, *range(20), 62])
    x = np.stack([rows[start : start + 8] for start in windows.starts])
    beside = {"categories": np.arange(22) % 3, "extra": rng.normal(size=(22, 1))}
    y, held = rng.normal(size=22), ps.training.RowWindows(rows[:20], 8)
    theirs = {"y": y[:13], "categories": [2] * 13, "extra": y[:13]}
    options: dict[str, Any] = {"epochs": 2, "sample_weight": [0.0, *np.arange(21.0)], "batch": 32, **beside}
    of_rows = ps.train(network, windows, y, validation={"x": held, **theirs}, **options)
    copied = np.stack([rows[start : start + 8] for start in range(13)])
    of_arrays = ps.train(network, x, y, validation={"x": copied, **theirs}, **options)
    np.testing.assert_allclose(of_rows.history.training_loss, of_arrays.history.training_loss, rtol=1e-5)
    np.testing.assert_allclose(of_rows.history.validation_loss, of_arrays.history.validation_loss, rtol=1e-5)
    np.testing.assert_allclose(of_rows.predict(windows, **beside), of_arrays.predict(x, **beside), atol=1e-6)


def test_goes_on_from_weights() -> None:
    """From a trained network, a module, one module a member, and weights of all members."""
    first = ps.train(NETWORK, X, Y, epochs=1, members=2)
    further = ps.train(NETWORK, X, Y, epochs=1, start=first)
    assert further.members == 2
    assert (further.history.training_loss[0] < first.history.training_loss[0]).all()
    by_module = ps.train(NETWORK, X, Y, epochs=1, start=[first.module(0), first.module(1)])
    assert np.array_equal(further.predict(X), by_module.predict(X))
    assert np.array_equal(ps.train(NETWORK, X, Y, epochs=1, start=first.weights).predict(X), by_module.predict(X))
    both = ps.train(NETWORK, X, Y, epochs=1, start=first.module(1), members=2).history.training_loss[0]
    assert both[1] == further.history.training_loss[0, 1]
    assert 0 < abs(both[0] - both[1]) < 0.1 * both[1]  # of the same weights, shuffled otherwise


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"start": NETWORK.build(ps.Inputs(3), 1, jax.random.key(0))}, "x has 2 features, but the network reads 3"),
        ({"start": NETWORK.build(ps.Inputs(2), 2, jax.random.key(0))}, r"of the shape \(4, 2\); .* needs \(4, 1\)"),
        ({"start": 3}, "does not hold the weights of .* is missing; give what penstock.train gave"),
        ({"start": [NETWORK.build(ps.Inputs(2), 1, jax.random.key(0))] * 3, "members": 2}, "of 3 members, but members"),
        ({"categories": ["a"] * 60}, "categories holds 'a'; allowed: ids, whole numbers from 0"),
        ({"categories": np.full(60, -1)}, "categories holds .*-1.*; allowed: ids"),
        ({"extra": np.ones(3)}, r"extra has the shape \(3, 1\); allowed: \[60, columns\]"),
        ({"sample_weight": np.zeros(60)}, "sample_weight is 0 for every training sample"),
        ({"members": 0}, "members=0 is out of range"),
        ({"x": ps.training.RowWindows(X[0], 4), "y": Y[:5], "lengths": [4] * 5}, "which do not go with lengths="),
        ({"validation": (ps.training.RowWindows(X[0], 4), Y[:5])}, "give both as arrays, or as equal windows"),
    ],
)
def test_which_starts_and_samples_are_refused(given: dict[str, Any], message: str) -> None:
    test_what_is_refused(given, message)


@pytest.mark.parametrize(
    ("rows", "window", "starts", "message"),
    [
        (np.ones(5), 0, None, "window=0 is out of range"),
        (np.ones(5), 6, None, "5 rows are too few for a window of 6"),
        (np.ones(5), 3, [3], "hold no such windows of 3; allowed: first rows from 0 to 2"),
        (np.ones(5), 3, [1, 1], "starts holds a row twice"),
        ([1.0, np.nan], 1, None, "and hold NaN or inf"),
        (["a"], 1, None, "rows hold what is no number"),
    ],
)
def test_which_windows_are_refused(rows: Any, window: int, starts: Any, message: str) -> None:
    with pytest.raises((ps.DataError, ps.OptionError), match=message):
        ps.training.RowWindows(rows, window, starts)


def test_labels_of_a_list_keep_their_types() -> None:
    """Categories of an estimator may be numbers beside text; an array of ids is taken as it is."""
    (mixed,), _ = read_static([1, "a", None], None, 3)
    assert mixed.tolist() == [1, "a", None]
    (ids,), extra = read_static(np.array([[3], [1]]), np.array([1, 0], np.uint8), 2)
    assert (ids.dtype, extra.dtype) == (np.int64, np.float64)  # type: ignore[union-attr]
