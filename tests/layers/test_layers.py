from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import penstock as ps
from penstock.layers.dropout import keep_mask
from penstock.layers.noise import fold_in
from penstock.layers.unroll import unroll
from penstock.options import from_json, to_json

X = jax.random.normal(jax.random.key(1), (64, 5, 3))
KEY = jax.random.key(7)
RECURRENT: list[type[Any]] = [ps.LSTM, ps.GRU, ps.RNN, ps.Leaky]


@pytest.mark.fast("LSTM", "GRU")
@pytest.mark.parametrize("layer", RECURRENT)
def test_no_key_no_dropout(layer: type[Any]) -> None:
    dropping = layer(4, dropout=0.5, recurrent_dropout=0.5).build(3, jax.random.key(0))
    plain = layer(4).build(3, jax.random.key(0))
    assert np.array_equal(dropping(X), plain(X))
    assert np.array_equal(plain(X, key=KEY), plain(X))
    assert not np.allclose(dropping(X, key=KEY), plain(X))
    assert np.array_equal(dropping(X, key=KEY), dropping(X, key=KEY))
    np.testing.assert_array_equal(dropping(X, key=KEY, sequence=False), dropping(X, key=KEY)[:, -1])


@pytest.mark.parametrize("layer", RECURRENT)
def test_one_mask_of_inputs_and_one_of_states_for_the_whole_sequence(layer: type[Any]) -> None:
    module = layer(4, dropout=0.5, recurrent_dropout=0.25).build(3, jax.random.key(0))
    kept = keep_mask(fold_in(KEY, 0), 0.5, (64, 1, 3), "float32")
    mask = keep_mask(fold_in(KEY, 1), 0.25, (64, 4), "float32")
    expected, _ = unroll(module.cell, X * kept, mask=mask)
    np.testing.assert_allclose(module(X, key=KEY), expected, rtol=1e-6)


def test_dropout_keeps_the_mean() -> None:
    module = ps.Dropout(0.2).build(1, KEY)
    x = jnp.ones((400, 50))
    assert np.array_equal(module(x), x)
    dropped = np.asarray(module(x, key=KEY))
    assert set(np.unique(dropped)) == {0.0, np.float32(1.25)}
    assert (dropped == 0).mean() == pytest.approx(0.2, abs=0.01)
    assert np.array_equal(ps.Dropout(0.0).build(1, KEY)(x, key=KEY), x)


def test_embedding_looks_up() -> None:
    module = ps.Embedding(50, 4).build(1, KEY)
    ids = jnp.asarray([[0, 49, 7], [7, 7, 1]])
    assert np.array_equal(module(ids), np.asarray(module.table)[np.asarray(ids)])
    assert np.abs(module.table).max() <= 0.05
    assert np.std(module.table) == pytest.approx(0.05 / np.sqrt(3), rel=0.1)


@pytest.mark.parametrize(
    "layer",
    [
        ps.GRU(3, True, "hard_sigmoid", dropout=0.1),
        ps.RNN(3, "relu", recurrent_dropout=0.1),
        ps.Leaky(3, 0.1, learned=True),
        ps.Embedding(10, 2),
        ps.Dropout(0.3),
    ],
)
def test_descriptions_are_json_and_print_as_their_call(layer: Any) -> None:
    assert from_json(to_json(layer)) == layer
    assert eval(repr(layer), vars(ps) | {type(layer).__name__: type(layer)}) == layer


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ps.GRU(3, dropout=1.0), "GRU: dropout=1.0 is out of range; allowed: a number at least 0 and below 1"),
        (lambda: ps.RNN(3, "tan"), "'tan' is unknown; did you mean 'tanh'"),
        (lambda: ps.Leaky(3, 0.0), "leak=0.0 is out of range; allowed: a number above 0 and below 1"),
        (lambda: ps.Leaky(3, learned=1), "learned=1 is a number; allowed: True or False"),
        (lambda: ps.Dropout(-0.1), "rate=-0.1 is out of range"),
        (lambda: ps.Embedding(0, 3), "vocabulary=0 is out of range"),
    ],
)
def test_what_is_refused(build: Any, message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        build()


def test_smoothing_follows_its_equations_and_finds_a_season() -> None:
    module = ps.layers.Smoothing(3).build(1, jax.random.key(0))
    α, γ = 1 / (1 + np.exp(-np.array([module.alpha[0], module.gamma[0]])))
    y = np.tile([1.0, 5.0, 0.0], 4) + np.arange(12) / 10
    level, season = y[0], [0.0, 0.0, 0.0]
    for value in y:
        level, before = α * (value - season[0]) + (1 - α) * level, season[0]
        season = [*season[1:], γ * (value - level) + (1 - γ) * before]
    found = module(jnp.asarray(y)[None, :, None], sequence=False)[0]
    np.testing.assert_allclose(found, [y[-1], y[-1] - level - season[-1], level, season[0]], rtol=1e-4)
