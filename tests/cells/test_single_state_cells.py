"""GRU, simple and leaky cells: one step by hand, initial weights, parameters."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from penstock.cells.cell import Cell
from penstock.cells.gru import GRUCell
from penstock.cells.leaky import LeakyCell
from penstock.cells.rnn import RNNCell

X, H = np.array([0.7, -1.1]), np.array([0.4, -0.2, 0.9])
MASK = np.array([0.0, 2.0, 1.25])


def σ(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def with_biases(cell: Any) -> tuple[Any, dict[str, np.ndarray[Any, Any]]]:
    """Give a cell biases that are not zero, and its weights in float64."""
    rng = np.random.default_rng(3)
    leaves, structure = jax.tree.flatten(cell)
    leaves = [jnp.asarray(rng.normal(size=leaf.shape), leaf.dtype) if leaf.ndim == 1 else leaf for leaf in leaves]
    cell = jax.tree.unflatten(structure, leaves)
    return cell, {name: np.asarray(getattr(cell, name), float) for name in ("W", "U", "b")}


@pytest.mark.fast("True-mask1", "False-None")
@pytest.mark.parametrize("mask", [None, MASK])
@pytest.mark.parametrize("reset_after", [False, True])
def test_gru_step_by_hand(reset_after: bool, mask: Any) -> None:
    cell, w = with_biases(GRUCell(2, 3, jax.random.key(0), reset_after))
    hm = H if mask is None else H * mask
    W, U, b = (np.split(w[name], 3, axis=-1) for name in ("W", "U", "b"))
    bU = np.split(np.asarray(cell.bU, float), 3) if reset_after else [np.zeros(3)] * 3
    r, z = (σ(X @ W[k] + b[k] + hm @ U[k] + bU[k]) for k in (0, 1))
    inner = r * (hm @ U[2] + bU[2]) if reset_after else (r * hm) @ U[2]
    expected = z * H + (1 - z) * np.tanh(X @ W[2] + b[2] + inner)
    given = None if mask is None else jnp.asarray(mask[None], jnp.float32)
    output, h = cell(jnp.asarray(X[None], jnp.float32), jnp.asarray(H[None], jnp.float32), given)
    np.testing.assert_allclose(h[0], expected, atol=1e-6)
    assert np.array_equal(output, h)


@pytest.mark.parametrize(
    ("activation", "φ"), [("tanh", np.tanh), ("relu", lambda z: np.maximum(z, 0)), ("linear", lambda z: z)]
)
def test_rnn_step_by_hand(activation: str, φ: Any) -> None:
    cell, w = with_biases(RNNCell(2, 3, jax.random.key(0), activation))
    expected = φ(X @ w["W"] + (H * MASK) @ w["U"] + w["b"])
    _, h = cell(*(jnp.asarray(a[None], jnp.float32) for a in (X, H, MASK)))
    np.testing.assert_allclose(h[0], expected, atol=1e-6)


@pytest.mark.parametrize("learned", [False, True])
def test_leaky_step_by_hand(learned: bool) -> None:
    cell, w = with_biases(LeakyCell(2, 3, jax.random.key(0), 0.3, learned))
    a = σ(np.asarray(cell.logit, float)) if learned else 0.3
    expected = (1 - a) * H + a * np.tanh(X @ w["W"] + H @ w["U"] + w["b"])
    _, h = cell(*(jnp.asarray(a[None], jnp.float32) for a in (X, H)))
    np.testing.assert_allclose(h[0], expected, atol=1e-6)


def test_a_learned_leak_starts_where_it_is_told() -> None:
    np.testing.assert_allclose(LeakyCell(1, 4, jax.random.key(0), 0.3, learned=True).a, 0.3, rtol=1e-6)


@pytest.mark.parametrize(
    ("cell", "count"),
    [
        (GRUCell(100, 32, jax.random.key(0)), 12_768),
        (GRUCell(100, 32, jax.random.key(0), reset_after=True), 12_864),
        (RNNCell(3, 12, jax.random.key(0)), 192),
        (LeakyCell(3, 12, jax.random.key(0)), 192),
        (LeakyCell(3, 12, jax.random.key(0), learned=True), 204),
    ],
)
def test_parameters(cell: Cell[Any], count: int) -> None:
    assert sum(leaf.size for leaf in jax.tree.leaves(eqx.filter(cell, eqx.is_array))) == count


@pytest.mark.parametrize("build", [GRUCell, RNNCell, LeakyCell])
def test_the_leaves_stand_in_the_order_of_the_attributes(build: Any) -> None:
    cell = build(2, 3, jax.random.key(0))
    assert [leaf is each for leaf, each in zip(jax.tree.leaves(cell), (cell.W, cell.U, cell.b), strict=True)] == [
        True
    ] * 3


@pytest.mark.fast("RNNCell")
@pytest.mark.parametrize("build", [GRUCell, RNNCell, LeakyCell])
def test_initial_weights_are_those_of_keras(build: Any) -> None:
    cell = build(30, 20, jax.random.key(5))
    limit = np.sqrt(6 / (30 + cell.W.shape[1]))
    assert np.abs(cell.W).max() <= limit
    assert np.std(cell.W) == pytest.approx(limit / np.sqrt(3), rel=0.06)
    np.testing.assert_allclose(cell.U @ cell.U.T, np.eye(20), atol=1e-5)
    assert not np.any(cell.b)
