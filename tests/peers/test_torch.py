"""The same weights give the same outputs and gradients in torch. `make test-peers` installs it."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.cells.lstm import LSTMCell
from penstock.layers.unroll import unroll

torch = pytest.importorskip("torch", reason="torch is not installed: make test-peers installs it")


@settings(max_examples=25)
@given(
    batch=st.integers(1, 9),
    time=st.integers(1, 20),
    features=st.integers(1, 6),
    units=st.integers(1, 24),
    seed=st.integers(0, 999),
)
def test_lstm_outputs_and_gradients(batch: int, time: int, features: int, units: int, seed: int) -> None:
    keys = jax.random.split(jax.random.key(seed), 5)
    cell = LSTMCell(features, units, keys[0])
    cell = eqx.tree_at(lambda c: c.b, cell, jax.random.normal(keys[1], cell.b.shape))
    x = jax.random.normal(keys[2], (batch, time, features))
    h, c = jax.random.normal(keys[3], (2, batch, units))
    weights = jax.random.normal(keys[4], (batch, time, units))

    theirs = torch.nn.LSTM(features, units, batch_first=True)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(tensor(cell.W.T))
        theirs.weight_hh_l0.copy_(tensor(cell.U.T))
        theirs.bias_ih_l0.copy_(tensor(cell.b))
        theirs.bias_hh_l0.zero_()
    tx, th, tc = (tensor(value).requires_grad_() for value in (x, h, c))
    t_out, (t_h, t_c) = theirs(tx, (th[None], tc[None]))
    ((t_out * tensor(weights)).mean() + (t_h * t_c).mean()).backward()

    def loss(cell: LSTMCell, x: jax.Array, h: jax.Array, c: jax.Array) -> tuple[jax.Array, jax.Array]:
        out, (h, c) = unroll(cell, x, (h, c))
        return jnp.mean(out * weights) + jnp.mean(h * c), out

    (_, out), gradients = jax.value_and_grad(loss, argnums=(0, 1, 2, 3), has_aux=True)(cell, x, h, c)
    d_cell, d_x, d_h, d_c = gradients
    pairs = {
        "output": (out, t_out),
        "W": (d_cell.W, theirs.weight_ih_l0.grad.T),
        "U": (d_cell.U, theirs.weight_hh_l0.grad.T),
        "b": (d_cell.b, theirs.bias_ih_l0.grad),
        "x": (d_x, tx.grad),
        "h": (d_h, th.grad),
        "c": (d_c, tc.grad),
    }
    for name, (ours, peer) in pairs.items():
        np.testing.assert_allclose(ours, peer.detach().numpy(), rtol=1e-5, atol=1e-5, err_msg=name)


def tensor(value: Any) -> Any:
    return torch.tensor(np.asarray(value))
