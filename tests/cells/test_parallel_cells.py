"""minGRU, minLSTM and the linear recurrent unit: steps by hand, and scans that equal the steps."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from penstock.cells import LRUCell, MinGRUCell, MinLSTMCell
from penstock.layers.unroll import unroll

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (3, 6, 2))
LENGTHS = np.array([0, 4, 6])
CELLS: dict[str, Any] = {"minGRU": MinGRUCell(2, 3, KEY), "minLSTM": MinLSTMCell(2, 3, KEY), "LRU": LRUCell(2, 3, KEY)}


def σ(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


@pytest.mark.fast("minLSTM-False")
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", list(CELLS))
def test_the_scan_equals_the_steps(name: str, reverse: bool) -> None:
    cell = CELLS[name]
    state = cell.initial_state(3) + 0.3
    lengths = jnp.asarray(LENGTHS)
    outputs, last = unroll(cell, X, state, lengths=lengths, reverse=reverse)
    only, same = unroll(cell, X, state, lengths=lengths, reverse=reverse, sequence=False)
    np.testing.assert_allclose(same, last)
    for sample, length in enumerate(LENGTHS):
        now, ends = state[sample : sample + 1], np.zeros(3)
        for t in range(length)[::-1] if reverse else range(length):
            out, now = cell(X[sample : sample + 1, t], now)
            ends = out[0]
            np.testing.assert_allclose(outputs[sample, t], ends, atol=1e-5)
        np.testing.assert_allclose(last[sample], now[0], atol=1e-5)
        np.testing.assert_allclose(only[sample], ends, atol=1e-5)
        assert not np.any(outputs[sample, length:])


def test_min_gru_and_min_lstm_steps_by_hand() -> None:
    x, h = np.array([0.7, -1.1]), np.array([0.4, -0.2, 0.9])
    cell = CELLS["minGRU"]
    z, n = np.split(x @ np.asarray(cell.W), 2)
    ours = cell(jnp.asarray(x[None], jnp.float32), jnp.asarray(h[None], jnp.float32))[1][0]
    np.testing.assert_allclose(ours, (1 - σ(z)) * h + σ(z) * n, atol=1e-6)
    cell = CELLS["minLSTM"]
    f, i, g = np.split(x @ np.asarray(cell.W) + np.asarray(cell.b), 3)
    f, i = σ(f) / (σ(f) + σ(i)), σ(i) / (σ(f) + σ(i))
    ours = cell(jnp.asarray(x[None], jnp.float32), jnp.asarray(h[None], jnp.float32))[1][0]
    np.testing.assert_allclose(ours, f * h + i * g, atol=1e-6)


@pytest.mark.slow
def test_lru_by_hand_and_as_it_starts() -> None:
    cell = LRUCell(2, 400, KEY, r_min=0.4, r_max=0.9, max_phase=1.0)
    λ = np.asarray(cell.λ)
    assert 0.4 <= np.abs(λ).min() < 0.45
    assert 0.85 < np.abs(λ).max() <= 0.9
    assert np.angle(λ).min() >= 0
    assert np.angle(λ).max() <= 1.0
    assert np.mean(np.abs(λ) ** 2) == pytest.approx((0.4**2 + 0.9**2) / 2, abs=0.02)  # uniform on the ring's area
    np.testing.assert_allclose(np.exp(cell.γ), np.sqrt(1 - np.abs(λ) ** 2), rtol=1e-4)
    x, h = X[:1, 0], cell.initial_state(1) + (0.2 - 0.5j)
    y, after = cell(x, h)
    expected = λ * np.asarray(h) + np.exp(cell.γ) * (
        np.asarray(x) @ (np.asarray(cell.B[0]) + 1j * np.asarray(cell.B[1]))
    )
    np.testing.assert_allclose(after, expected, atol=1e-5)
    C = np.asarray(cell.C[0]) + 1j * np.asarray(cell.C[1])
    np.testing.assert_allclose(y, (expected @ C).real + np.asarray(x @ cell.D), atol=1e-4)
