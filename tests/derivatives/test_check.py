"""Gradient checks: what is right passes, what is wrong is named, whatever JAX is set to."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import penstock as ps
from penstock.cells.cell import Cell
from penstock.cells.lstm import LSTMCell
from penstock.derivatives import check_gradients
from penstock.training.batch import Batch

pytestmark = pytest.mark.slow

X = np.random.default_rng(0).normal(size=(2, 3, 2))


@jax.custom_vjp
def doubled(w: jax.Array) -> jax.Array:
    return w * w


doubled.defvjp(lambda w: (w * w, w), lambda w, g: (jnp.where(jnp.arange(3) == 1, 2.02, 2.0) * w * g,))


class Own(Cell[jax.Array]):
    """A cell of somebody's own; `wrong` gives one entry of its gradient an error of one percent."""

    w: jax.Array
    v: jax.Array
    wrong: bool = False

    def initial_state(self, batch: int) -> jax.Array:
        return jnp.zeros((batch, 3), self.w.dtype)

    def __call__(self, x: jax.Array, state: jax.Array) -> tuple[jax.Array, jax.Array]:
        square = doubled(self.w) if self.wrong else self.w * self.w
        h = jnp.tanh(square * state + x.sum(axis=-1, keepdims=True) * self.v)
        return h, h


def own(wrong: bool) -> Own:
    return Own(jnp.asarray([0.5, -0.8, 0.3]), jnp.asarray([0.2, 1.1, -0.7]), wrong)


def test_a_right_cell_passes_in_float64_whatever_jax_is_set_to() -> None:
    assert not jax.config.jax_enable_x64
    found = check_gradients(own(wrong=False), X)
    assert found.passed
    assert found.everywhere
    assert found.compared == 3 + 3 + 12
    assert min(found.worst.errors) < 1e-8  # far below what float32 can show
    assert str(found).startswith("pass: 18 entries in 3 parameters agree with symmetric differences at h = 0.0001 and")
    assert not jax.config.jax_enable_x64


def test_a_wrong_entry_is_named_with_both_numbers() -> None:
    found = check_gradients(own(wrong=True), X)
    assert not found
    assert found.worst.name == ".w[1]"
    assert found.worst.analytic / found.worst.numeric[1] == pytest.approx(1.01, abs=1e-6)
    assert str(found).startswith("fail: 1 of 18 entries differ")
    entry = found.worst
    numeric = entry.numeric[int(np.argmin(entry.errors))]
    assert f".w[1]: {entry.analytic:.10g} by back-propagation, {numeric:.10g} by differences" in str(found)


def test_networks_batches_and_losses_of_ones_own() -> None:
    network = ps.Network([ps.LSTM(2)], embeddings=[2])
    categories = np.array([[0], [2]])
    found = check_gradients(network, X, loss="huber", categories=categories, lengths=np.array([3, 2]))
    assert found.passed
    assert {p.name for p in found.parameters} >= {".layers[0].cell.W", ".embeddings[0].table", ".dense[0].b", "x"}
    padding = found.parameters[[p.name for p in found.parameters].index("x")]
    assert not padding.analytic.reshape(X.shape)[1, 2].any()

    plain = ps.Network([ps.RNN(2)])
    batch = Batch(jnp.asarray(X), jnp.zeros((2, 1)))

    def wavy(y: Any, yhat: Any) -> Any:
        return jnp.sum(jnp.sin(3 * (yhat - y)))

    assert check_gradients(plain, batch, loss=wavy).passed


def test_entries_are_drawn_where_there_are_many() -> None:
    found = check_gradients(LSTMCell(2, 3, jax.random.key(0)), X, entries=5)
    assert found.compared == 4 * 5
    assert "20 entries of 84, drawn at random," in str(found)


def test_a_fitted_forecaster(walk: Any) -> None:
    model = ps.Forecaster(ps.Network([ps.RNN(2)]), window=4, epochs=1).fit(walk)
    assert check_gradients(model, X[:, :, :1], np.zeros((2, 1))).passed


def test_a_loss_that_is_not_the_derivative_of_anything_fails_even_where_gradients_are_tiny() -> None:
    found = check_gradients(own(wrong=True), X, loss=lambda y, yhat: 1e-7 * (y - yhat) ** 2)
    assert not found.passed


def test_refuses_in_words() -> None:
    class Fixed(Own):
        def __call__(self, x: jax.Array, state: jax.Array) -> tuple[jax.Array, jax.Array]:
            h = super().__call__(x, state)[0]
            return h.astype(jnp.float32), h

    with pytest.raises(ps.OptionError, match="the outputs are float32, not float64: something in the network fixes"):
        check_gradients(Fixed(own(False).w, own(False).v), X)
    with pytest.raises(ps.OptionError, match="loss='mze' is unknown; did you mean 'mse'"):
        check_gradients(own(False), X, loss="mze")
    with pytest.raises(ps.OptionError, match="was given 3; allowed: a cell"):
        check_gradients(3, X)
    with pytest.raises(ps.DataError, match="no inputs"):
        check_gradients(own(False), X[:0])
