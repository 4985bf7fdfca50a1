from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from penstock.cells.lstm import LSTMCell


def σ(x: float) -> float:
    return 1 / (1 + np.exp(-x))


def test_one_step_by_hand() -> None:
    cell = LSTMCell(1, 1, jax.random.key(0))
    W, U, b = np.array([[0.5, -0.3, 0.8, 0.1]]), np.array([[0.2, 0.4, -0.6, 0.9]]), np.array([0.1, 1.0, -0.2, 0.3])
    cell = jax.tree.unflatten(jax.tree.structure(cell), [jnp.asarray(w, jnp.float32) for w in (W, U, b)])
    output, (h, c) = cell(jnp.array([[2.0]]), (jnp.array([[0.5]]), jnp.array([[-1.0]])))
    z = 2.0 * W[0] + 0.5 * U[0] + b
    c_next = σ(z[1]) * -1.0 + σ(z[0]) * np.tanh(z[2])
    h_next = σ(z[3]) * np.tanh(c_next)
    assert float(c[0, 0]) == pytest.approx(c_next, abs=1e-6)
    assert float(h[0, 0]) == pytest.approx(h_next, abs=1e-6)
    assert np.array_equal(output, h)


def test_hard_sigmoid_gates_saturate() -> None:
    cell = LSTMCell(1, 2, jax.random.key(0), "hard_sigmoid")
    big = jax.tree.map(lambda w: jnp.full_like(w, 100.0), cell)
    h, (_, c) = big(jnp.ones((1, 1)), big.initial_state(1))
    assert np.allclose(c, 1.0)  # i = f = o = 1, g = 1
    assert np.allclose(h, np.tanh(1.0))


def test_initial_weights_are_those_of_keras() -> None:
    cell = LSTMCell(30, 20, jax.random.key(5))
    limit = np.sqrt(6 / (30 + 80))
    assert np.abs(cell.W).max() <= limit
    assert np.std(cell.W) == pytest.approx(limit / np.sqrt(3), rel=0.05)
    np.testing.assert_allclose(cell.U @ cell.U.T, np.eye(20), atol=1e-5)
    assert cell.b.tolist() == [0.0] * 20 + [1.0] * 20 + [0.0] * 40


@pytest.mark.slow
def test_gates_by_hand() -> None:
    cell, x, h = LSTMCell(2, 3, jax.random.key(0)), jnp.asarray([[0.7, -1.1]]), jnp.asarray([[0.4, -0.2, 0.9]])
    i, f, g, o = np.split(np.asarray(x @ cell.W + h @ cell.U + cell.b), 4, axis=-1)
    given = cell.gates(x, (h, h))
    for letter, gate in {"i": 1 / (1 + np.exp(-i)), "f": 1 / (1 + np.exp(-f)), "g": np.tanh(g)}.items():
        np.testing.assert_allclose(given[letter], gate, atol=1e-6)
    assert list(given) == ["i", "f", "g", "o"]
    np.testing.assert_allclose(cell(x, (h, h))[0], 1 / (1 + np.exp(-o)) * np.tanh(cell(x, (h, h))[1][1]), atol=1e-6)
