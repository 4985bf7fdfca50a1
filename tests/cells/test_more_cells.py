"""Variants of the LSTM, sLSTM, echo state, clockwork, deep transition, output recurrence: by hand."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import penstock as ps
from penstock.cells import (
    ClockworkCell,
    DeepTransitionCell,
    EchoStateCell,
    LSTMCell,
    OutputRecurrenceCell,
    SLSTMCell,
)  # fmt: skip
from penstock.cells.echo_state import spectral_radius
from penstock.layers.unroll import unroll
from penstock.layers.zoneout import ZoneoutCell

KEY = jax.random.key(0)
x, h, c = np.array([0.7, -1.1]), np.array([0.4, -0.2, 0.9]), np.array([-0.6, 1.3, 0.2])


def σ(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def given(*arrays: Any) -> Any:
    return tuple(jnp.asarray(array[None], jnp.float32) for array in arrays)


@pytest.mark.fast("gate-False")
@pytest.mark.parametrize("peepholes", [False, True])
@pytest.mark.parametrize("forget", ["gate", "coupled", "none"])
def test_variants_of_the_lstm_by_hand(forget: str, peepholes: bool) -> None:
    cell = LSTMCell(2, 3, KEY, forget=forget, peepholes=peepholes)
    blocks = 4 if forget == "gate" else 3
    p = np.random.default_rng(1).normal(size=(blocks - 1, 3)) if peepholes else np.zeros((blocks - 1, 3))
    if peepholes:
        cell = jax.tree.unflatten(jax.tree.structure(cell), [cell.W, cell.U, cell.b, jnp.asarray(p, jnp.float32)])
    z = np.split(x @ np.asarray(cell.W) + h @ np.asarray(cell.U) + np.asarray(cell.b), blocks)
    i = σ(z[0] + p[0] * c)
    f = {"gate": lambda: σ(z[1] + p[1] * c), "coupled": lambda: 1 - i, "none": lambda: 1.0}[forget]()
    after = f * c + i * np.tanh(z[-2])
    expected = σ(z[-1] + p[-1] * after) * np.tanh(after)
    out, (h_after, c_after) = cell(*given(x), given(h, c))
    np.testing.assert_allclose(c_after[0], after, atol=1e-6)
    np.testing.assert_allclose(h_after[0], expected, atol=1e-6)
    assert np.array_equal(out, h_after)


@pytest.mark.parametrize("forget", ["sigmoid", "exp"])
def test_slstm_is_what_it_would_be_without_its_stabiliser(forget: str) -> None:
    cell = SLSTMCell(2, 3, KEY, forget)
    state, c, n, h = cell.initial_state(1), np.zeros(3), np.zeros(3), np.zeros(3)
    for step in range(4):
        at = x * (step + 1)
        i, f, z, o = np.split(at @ np.asarray(cell.W) + h @ np.asarray(cell.R) + np.asarray(cell.b), 4)
        f = σ(f) if forget == "sigmoid" else np.exp(f)
        c, n = f * c + np.exp(i) * np.tanh(z), f * n + np.exp(i)
        h = σ(o) * c / n
        out, state = cell(*given(at), state)
        np.testing.assert_allclose(out[0], h, atol=1e-5)


@pytest.mark.slow
def test_slstm_does_not_overflow() -> None:
    cell = jax.tree.map(lambda leaf: 300 * leaf, SLSTMCell(2, 3, KEY, "exp"))
    outputs, _ = unroll(cell, 10 * jax.random.normal(KEY, (2, 20, 2)))
    assert np.isfinite(outputs).all()
    assert np.abs(outputs).max() <= 1


def test_spectral_radius_is_that_of_numpy() -> None:
    for seed, size in ((0, 5), (1, 40)):
        matrix = np.random.default_rng(seed).normal(size=(size, size))
        assert float(spectral_radius(jnp.asarray(matrix, jnp.float32))) == pytest.approx(
            np.abs(np.linalg.eigvals(matrix)).max(), rel=1e-3
        )
    assert float(spectral_radius(jnp.asarray([[0.0, 1.0], [0.0, 0.0]]))) == 0.0


@pytest.mark.slow
def test_a_reservoir_forgets_its_first_state_and_is_never_trained() -> None:
    cell = EchoStateCell(2, 40, KEY, radius=0.8, leak=0.6, density=0.2)
    assert float(spectral_radius(cell.U)) == pytest.approx(0.8, rel=1e-3)
    assert (np.asarray(cell.U) != 0).mean() == pytest.approx(0.2, abs=0.03)
    drive = jax.random.normal(KEY, (1, 150, 2))
    one, other = (unroll(cell, drive, jnp.full((1, 40), first), sequence=False)[0] for first in (-1.0, 1.0))
    np.testing.assert_allclose(one, other, atol=1e-4)
    d = jax.grad(lambda cell: unroll(cell, drive, sequence=False)[0].sum())(cell)
    assert not any(leaf.any() for leaf in jax.tree.leaves(d))
    assert np.isfinite(EchoStateCell(2, 2, KEY, density=1e-9).U).all()  # no path closes: nothing to scale


@pytest.mark.slow
def test_slow_groups_hold_and_fast_ones_hear_them() -> None:
    cell = ClockworkCell(1, 4, KEY, periods=(1, 3))
    hs, _ = unroll(cell, jax.random.normal(KEY, (1, 7, 1)))
    slow = np.asarray(hs[0, :, 2:])
    assert np.array_equal(slow[[0, 1, 3, 4]], slow[[1, 2, 4, 5]])
    assert not np.array_equal(slow[2], slow[3])

    def after(h: jax.Array) -> jax.Array:
        return cell(jnp.ones((1, 1)), (h[None], jnp.zeros(1, jnp.int32)))[0][0]

    heard = np.asarray(jax.jacobian(after)(jnp.full(4, 0.1)))
    assert (heard[:2, 2:] != 0).all()
    assert not heard[2:, :2].any()


@pytest.mark.slow
def test_deep_transition_by_hand() -> None:
    cell = DeepTransitionCell(2, 3, KEY, depth=3)
    U = np.asarray(cell.U)
    expected = np.tanh(np.tanh(np.tanh(x @ np.asarray(cell.W) + h @ U[0]) @ U[1]) @ U[2])
    np.testing.assert_allclose(cell(*given(x, h))[1][0], expected, atol=1e-6)


@pytest.mark.slow
def test_teaching_the_own_outputs_is_running_free() -> None:
    cell = OutputRecurrenceCell(2, 5, KEY, outputs=3)
    drive, first = jax.random.normal(KEY, (2, 6, 2)), jnp.full((2, 3), 0.4)
    free, _ = unroll(cell, drive, first)
    np.testing.assert_allclose(cell.teach(drive, free, first), free, atol=1e-6)
    y = np.asarray(first[0])
    for t in range(6):
        y = np.tanh(np.asarray(drive[0, t] @ cell.W) + y @ cell.U) @ cell.V
        np.testing.assert_allclose(free[0, t], y, atol=1e-5)


def test_zoneout_keeps_a_share_of_the_old_state() -> None:
    inner = LSTMCell(2, 3, KEY)
    cell = ZoneoutCell(inner, hidden=0.25, memory=0.5)
    _, (plain, plain_c) = inner(*given(x), given(h, c))
    out, ((mean, mean_c), t) = cell(*given(x), (given(h, c), jnp.zeros(1, jnp.int32)))
    np.testing.assert_allclose(mean[0], 0.25 * h + 0.75 * plain[0], atol=1e-6)
    np.testing.assert_allclose(mean_c[0], 0.5 * c + 0.5 * plain_c[0], atol=1e-6)
    assert np.array_equal(out, mean)
    assert t.tolist() == [1]


@pytest.mark.slow
def test_zoneout_draws_at_every_step_in_training() -> None:
    module = ps.layers.Zoneout(ps.GRU(50), hidden=0.3).build(2, KEY)
    drive = jax.random.normal(KEY, (20, 8, 2))
    hs = np.asarray(module(drive, key=jax.random.key(5)))
    stayed = hs[:, 1:] == hs[:, :-1]
    assert stayed.mean() == pytest.approx(0.3, abs=0.02)
    assert abs(np.corrcoef(stayed[:, 0].ravel(), stayed[:, 1].ravel())[0, 1]) < 0.1
    assert np.array_equal(hs, module(drive, key=jax.random.key(5)))
    assert not (np.asarray(module(drive))[:, 1:] == np.asarray(module(drive))[:, :-1]).any()
