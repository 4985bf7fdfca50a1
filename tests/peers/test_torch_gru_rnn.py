"""The GRU with the reset after the product, and the simple cell, are those of torch. `make test-peers` installs it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.cells.gru import GRUCell
from penstock.cells.rnn import RNNCell
from penstock.layers.unroll import unroll

torch = pytest.importorskip("torch", reason="torch is not installed: make test-peers installs it")


def tensor(value: Any) -> Any:
    return torch.tensor(np.asarray(value))


@pytest.mark.parametrize("kind", ["gru", "tanh", "relu"])
@settings(max_examples=10)
@given(
    batch=st.integers(1, 9),
    time=st.integers(1, 12),
    features=st.integers(1, 6),
    units=st.integers(1, 20),
    seed=st.integers(0, 999),
)
def test_outputs_and_gradients(kind: str, batch: int, time: int, features: int, units: int, seed: int) -> None:
    keys = jax.random.split(jax.random.key(seed), 5)
    cell: Any
    if kind == "gru":
        cell = GRUCell(features, units, keys[0], reset_after=True)
        theirs = torch.nn.GRU(features, units, batch_first=True)
    else:
        cell = RNNCell(features, units, keys[0], kind)
        theirs = torch.nn.RNN(features, units, batch_first=True, nonlinearity=kind)
    leaves, structure = jax.tree.flatten(cell)
    biases = jax.random.normal(keys[1], (2, leaves[2].size))
    leaves = [*leaves[:2], *biases[: len(leaves) - 2]]
    cell = jax.tree.unflatten(structure, leaves)
    x = jax.random.normal(keys[2], (batch, time, features))
    h = jax.random.normal(keys[3], (batch, units))
    weights = jax.random.normal(keys[4], (batch, time, units))
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(tensor(cell.W.T))
        theirs.weight_hh_l0.copy_(tensor(cell.U.T))
        theirs.bias_ih_l0.copy_(tensor(leaves[2]))
        theirs.bias_hh_l0.copy_(tensor(leaves[3] if kind == "gru" else jnp.zeros_like(leaves[2])))
    tx, th = (tensor(value).requires_grad_() for value in (x, h))
    t_out, t_h = theirs(tx, th[None])
    ((t_out * tensor(weights)).mean() + (t_h**2).mean()).backward()

    def loss(cell: Any, x: jax.Array, h: jax.Array) -> tuple[jax.Array, jax.Array]:
        out, last = unroll(cell, x, h)
        return jnp.mean(out * weights) + jnp.mean(last**2), out

    (_, out), (d_cell, d_x, d_h) = jax.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True)(cell, x, h)
    pairs = {
        "output": (out, t_out),
        "W": (d_cell.W, theirs.weight_ih_l0.grad.T),
        "U": (d_cell.U, theirs.weight_hh_l0.grad.T),
        "b": (d_cell.b, theirs.bias_ih_l0.grad),
        "x": (d_x, tx.grad),
        "h": (d_h, th.grad),
    }
    if kind == "gru":
        pairs["bU"] = (d_cell.bU, theirs.bias_hh_l0.grad)
    for name, (ours, peer) in pairs.items():
        np.testing.assert_allclose(ours, peer.detach().numpy(), rtol=1e-5, atol=1e-5, err_msg=name)
