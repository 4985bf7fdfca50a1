"""The last steps as one vector."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import penstock as ps

X = np.arange(24.0).reshape(2, 6, 2)
MODULE = ps.Flatten(3).build(2, jax.random.key(0))


def test_the_last_steps_oldest_first() -> None:
    assert MODULE(jnp.asarray(X), sequence=False).tolist() == [[6, 7, 8, 9, 10, 11], [18, 19, 20, 21, 22, 23]]


def test_every_step_with_zeros_before_the_first() -> None:
    out = MODULE(jnp.asarray(X))
    assert out.shape == (2, 6, 6)
    assert out[0, 0].tolist() == [0, 0, 0, 0, 0, 1]
    assert np.array_equal(out[:, -1], MODULE(jnp.asarray(X), sequence=False))


def test_the_last_true_steps() -> None:
    lengths = jnp.array([4, 1])
    out = MODULE(jnp.asarray(X), lengths=lengths, sequence=False)
    assert out.tolist() == [[2, 3, 4, 5, 6, 7], [0, 0, 0, 0, 12, 13]]
    assert MODULE(jnp.asarray(X), lengths=jnp.array([0, 0]), sequence=False).tolist() == [[0] * 6] * 2


@pytest.mark.slow
def test_the_feed_forward_net_of_the_trading_volume() -> None:
    """Five lags of three features, 32 ReLU units: 15 · 32 + 32 + 33 weights."""
    network = ps.Network([ps.Flatten(5)], dense=[ps.Dense(32), ps.Dropout(0.5)])
    assert network.parameters(ps.Inputs(3), 1) == 545
    assert network.summary(ps.Inputs(3), window=5).splitlines()[1].split() == ["Flatten(5)", "[batch,", "15]", "0"]
    weights = network.build(ps.Inputs(2), 1, jax.random.key(0))
    x = jnp.asarray(X[:, :5])
    hidden = np.maximum(X[:, :5].reshape(2, 10) @ weights.dense[0].W + weights.dense[0].b, 0)
    np.testing.assert_allclose(weights(x), hidden @ weights.dense[2].W + weights.dense[2].b, rtol=1e-5)


def test_a_window_that_is_too_short() -> None:
    with pytest.raises(ps.OptionError, match=r"Flatten\(7\) reads 7 steps, but the window has 6"):
        ps.Flatten(7).build(2, jax.random.key(0))(jnp.asarray(X), sequence=False)
