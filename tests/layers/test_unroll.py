from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from penstock.cells.cell import Cell
from penstock.cells.lstm import LSTMCell
from penstock.layers.unroll import unroll


@pytest.mark.slow
@settings(max_examples=4)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 3), st.integers(1, 5), st.integers(0, 99))
def test_equals_a_loop_over_steps(batch: int, time: int, features: int, units: int, seed: int) -> None:
    cell = LSTMCell(features, units, jax.random.key(seed))
    x = jax.random.normal(jax.random.key(seed + 1), (batch, time, features))
    outputs, (h, c) = unroll(cell, x)
    state = cell.initial_state(batch)
    for t in range(time):
        output, state = cell(x[:, t], state)
        np.testing.assert_allclose(outputs[:, t], output, atol=1e-6)
    np.testing.assert_allclose(h, state[0], atol=1e-6)
    np.testing.assert_allclose(c, state[1], atol=1e-6)


def test_begins_at_the_given_state() -> None:
    cell = LSTMCell(2, 3, jax.random.key(0))
    x = jax.random.normal(jax.random.key(1), (2, 7, 2))
    whole, _ = unroll(cell, x)
    _, halfway = unroll(cell, x[:, :4])
    rest, _ = unroll(cell, x[:, 4:], halfway)
    np.testing.assert_allclose(whole[:, 4:], rest, atol=1e-6)


def test_a_cell_of_ones_own() -> None:
    class Sum(Cell[jax.Array]):
        def initial_state(self, batch: int) -> jax.Array:
            return jnp.zeros((batch, 1))

        def __call__(self, x: jax.Array, state: jax.Array) -> tuple[jax.Array, jax.Array]:
            return state + x, state + x

    outputs, last = unroll(Sum(), jnp.array([[[1.0], [2.0], [4.0]]]))
    assert outputs.tolist() == [[[1.0], [3.0], [7.0]]]
    assert last.tolist() == [[7.0]]


GOLDEN = load_file(Path(__file__).parents[1] / "golden" / "torch-lstm.safetensors")


@pytest.mark.fast("0", "1")
@pytest.mark.parametrize("number", range(4))
def test_outputs_and_gradients_are_those_of_torch(number: int) -> None:
    """Those of torch 2.13, written down by tests/golden/make_torch.py; tests/peers draws random shapes with torch."""
    their = {name.split(".")[1]: value for name, value in GOLDEN.items() if name.startswith(f"{number}.")}
    cell = LSTMCell(their["x"].shape[-1], their["h"].shape[-1], jax.random.key(0))
    cell = jax.tree.unflatten(jax.tree.structure(cell), [jnp.asarray(their[name]) for name in ("W", "U", "b")])

    def loss(cell: LSTMCell, x: jax.Array, h: jax.Array, c: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        out, (h, c) = unroll(cell, x, (h, c))
        return jnp.mean(jnp.cos(out)) + jnp.mean(h * c), (out, c)

    start = (their["x"], their["h"], their["c"])
    (_, (out, c_last)), (d_cell, *d_start) = jax.value_and_grad(loss, argnums=(0, 1, 2, 3), has_aux=True)(cell, *start)
    ours = dict(zip(("dW", "dU", "db", "dx", "dh", "dc"), (*jax.tree.leaves(d_cell), *d_start), strict=True))
    for name, value in {**ours, "out": out, "c_last": c_last}.items():
        np.testing.assert_allclose(value, their[name], rtol=1e-5, atol=1e-5, err_msg=name)
