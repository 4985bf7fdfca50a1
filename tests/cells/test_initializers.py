"""Initial weights by name, and cells without biases, for the cells that have these options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import penstock as ps
from gradients import check
from penstock.cells.initializers import BIAS_INITIALIZERS, INITIALIZERS
from penstock.layers.unroll import unroll

KEY = jax.random.key(3)
X = jax.random.normal(jax.random.key(1), (3, 5, 2))
CELLS: dict[str, tuple[Any, dict[str, Any]]] = {
    "lstm": (ps.cells.LSTMCell, {"unit_forget_bias": False}),
    "lstm peepholes": (ps.cells.LSTMCell, {"unit_forget_bias": False, "peepholes": True}),
    "lstm coupled": (ps.cells.LSTMCell, {"forget": "coupled"}),
    "gru": (ps.cells.GRUCell, {}),
    "gru, reset after": (ps.cells.GRUCell, {"reset_after": True}),
    "rnn": (ps.cells.RNNCell, {}),
    "rnn sigmoid": (ps.cells.RNNCell, {"activation": "sigmoid"}),
}
every_cell = pytest.mark.parametrize("name", CELLS)


@pytest.mark.fast("lstm")
@every_cell
def test_no_bias_is_a_bias_of_zero_that_is_no_weight(name: str) -> None:
    kind, options = CELLS[name]
    zero = kind(2, 4, KEY, **options)
    without = kind(2, 4, KEY, use_bias=False, **options)
    assert without.b is None
    biases = 24 if name == "gru, reset after" else zero.b.size
    assert sum(leaf.size for leaf in jax.tree.leaves(zero)) == biases + sum(x.size for x in jax.tree.leaves(without))
    assert not np.any(zero.b)
    assert np.array_equal(unroll(without, X)[0], unroll(zero, X)[0])
    state = zero.initial_state(3)
    assert np.array_equal(without(X[:, 0], state)[0], zero(X[:, 0], state)[0])


@pytest.mark.slow
@every_cell
def test_gradients_without_biases(name: str) -> None:
    kind, options = CELLS[name]
    with jax.enable_x64(True):
        cell, x = kind(2, 2, KEY, use_bias=False, **options), jnp.asarray(X[:, :3], float)
        cell = jax.tree.map(lambda leaf: leaf + 0.1, cell)
        check(lambda at: jnp.sum(jnp.cos(unroll(at[0], at[1])[0] + 1)), (cell, x))


@pytest.mark.fast("lstm")
@every_cell
def test_weights_start_from_what_is_named(name: str) -> None:
    kind, options = CELLS[name]
    cell = kind(30, 40, KEY, **options, kernel_initializer="he_normal", recurrent_initializer="identity",
                bias_initializer="random_uniform")  # fmt: skip
    gates = cell.U.shape[1] // 40
    assert np.array_equal(cell.U, np.tile(np.eye(40), gates))
    assert np.std(cell.W) == pytest.approx(np.sqrt(2 / 30), rel=0.1)
    assert 0.03 < np.abs(cell.b).max() <= 0.05
    usual = kind(30, 40, KEY, **options)
    assert np.abs(usual.W).max() <= np.sqrt(6 / (30 + 40 * gates))
    np.testing.assert_allclose(usual.U @ usual.U.T, np.eye(40), atol=1e-5)


@pytest.mark.slow
def test_every_initializer_draws_the_distribution_that_it_names() -> None:
    """Standard deviations of 200 by 300 weights, as in Keras: Glorot & Bengio (2010), He et al. (2015)."""
    expected = {
        "glorot_uniform": np.sqrt(2 / 500), "glorot_normal": np.sqrt(2 / 500), "he_uniform": np.sqrt(2 / 200),
        "he_normal": np.sqrt(2 / 200), "lecun_uniform": np.sqrt(1 / 200), "lecun_normal": np.sqrt(1 / 200),
        "orthogonal": np.sqrt(1 / 300), "random_uniform": 0.05 / np.sqrt(3), "random_normal": 0.05,
    }  # fmt: skip
    for name, deviation in expected.items():
        assert np.std(INITIALIZERS[name](KEY, (200, 300), jnp.float32)) == pytest.approx(deviation, rel=0.02), name
    assert {*INITIALIZERS} - {*expected} == {"zeros", "ones", "identity"}
    assert {name: float(make(KEY, (3,), jnp.float32).sum()) for name, make in BIAS_INITIALIZERS.items()}["ones"] == 3


def test_the_forget_gate_starts_open_unless_told_otherwise() -> None:
    biases = ps.cells.LSTMCell(1, 2, KEY).b
    assert biases.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    assert not ps.cells.LSTMCell(1, 2, KEY, unit_forget_bias=False).b.any()
    assert ps.cells.LSTMCell(1, 2, KEY, bias_initializer="ones", unit_forget_bias=False).b.all()


@pytest.mark.slow
@pytest.mark.parametrize("layer", [ps.LSTM, ps.GRU, ps.RNN])
def test_layers_have_the_options_and_members_train_without_biases(layer: Any, tmp_path: Path) -> None:
    network = ps.Network([layer(3, use_bias=False, kernel_initializer="lecun_normal")])
    biased = ps.Network([layer(3)])
    assert network.parameters(ps.Inputs(), 1) < biased.parameters(ps.Inputs(), 1)
    frame = pd.DataFrame({"ds": range(40), "y": np.sin(np.arange(40.0))})
    model = ps.Forecaster(network, window=5, epochs=2, members=2).fit(frame)
    leaves = eqx.filter(model.weights_.layers[0].cell, eqx.is_array)
    assert leaves.b is None
    model.save(tmp_path / "m")
    again = ps.load(tmp_path / "m")
    assert again.network == network
    assert again.predict().equals(model.predict())
    with pytest.raises(ps.OptionError, match="bias_initializer='one' is unknown; did you mean 'ones'"):
        layer(3, bias_initializer="one")


@pytest.mark.slow
def test_a_step_without_biases_is_taken_apart() -> None:
    frame = pd.DataFrame({"ds": range(40), "y": np.sin(np.arange(40.0))})
    model = ps.Forecaster(ps.Network([ps.LSTM(3, use_bias=False)]), window=5, epochs=1).fit(frame)
    gates = ps.anatomy.walk(model).gates
    assert len(gates) == 4
    assert {gate.bias for gate in gates} == {0.0}
