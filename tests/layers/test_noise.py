"""The random numbers of dropout: uniform, and without a trace of step, layer or place."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chisquare

from penstock.layers.dropout import keep_mask
from penstock.layers.noise import fold_in, random_bits


def test_values_and_each_of_their_bits_are_uniform() -> None:
    bits = np.asarray(random_bits(jax.random.key(3), (1 << 18,)))
    assert chisquare(np.bincount(bits >> 24, minlength=256)).pvalue > 0.001
    assert chisquare(np.bincount(bits & 255, minlength=256)).pvalue > 0.001
    ones = (bits[:, None] >> np.arange(32, dtype=np.uint32) & 1).mean(axis=0)
    np.testing.assert_allclose(ones, 0.5, atol=5 * 0.5 / 512)  # five standard errors


@pytest.mark.parametrize("lag", [1, 2, 12, 64, 768])
def test_neighbours_are_independent(lag: int) -> None:
    values = np.asarray(random_bits(jax.random.key(4), (1 << 17,))) / 2.0**32
    assert abs(np.corrcoef(values[:-lag], values[lag:])[0, 1]) < 5 / np.sqrt(len(values))


def test_steps_layers_and_members_draw_for_themselves() -> None:
    key, other = jax.random.split(jax.random.key(0))
    keys = [fold_in(fold_in(k, step), layer) for k in (key, other) for step in range(20) for layer in range(4)]
    values = np.stack([np.asarray(random_bits(k, (2048,))) / 2.0**32 for k in keys])
    among = np.corrcoef(values)[np.triu_indices(len(keys), 1)]
    assert np.abs(among).max() < 5.5 / np.sqrt(2048)
    np.testing.assert_allclose(among.std(), 1 / np.sqrt(2048), rtol=0.05)


def test_a_share_of_just_that_size_is_dropped() -> None:
    for rate in (0.05, 0.2, 0.5, 0.9):
        mask = np.asarray(keep_mask(jax.random.key(1), rate, (400, 500), jnp.float32))
        assert abs((mask == 0).mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / mask.size)
        np.testing.assert_allclose(mask[mask > 0], 1 / (1 - rate), rtol=1e-6)


def test_all_uses_in_a_program_are_traced_once() -> None:
    """A training folds numbers in at a dozen places; traced one by one they were a tenth of its time to compile."""

    def uses(key: jax.Array, number: jax.Array) -> jax.Array:
        return random_bits(fold_in(fold_in(fold_in(key, 0), 1), number), (8,))

    jaxpr = jax.make_jaxpr(uses)(jnp.zeros(2, jnp.uint32), jnp.uint32(3))
    calls = [eqn.params["jaxpr"] for eqn in jaxpr.eqns if "jaxpr" in eqn.params]
    assert len(calls) == 4
    assert len(set(map(id, calls))) == 2
