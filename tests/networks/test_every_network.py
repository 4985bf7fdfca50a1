"""What every kind of network keeps: padding, jit, members, gradients, storage."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import penstock as ps
from gradients import check
from networks.catalogue import NETWORKS, inputs_of, problem
from penstock.options import from_json, to_json

every_network = pytest.mark.parametrize("name", list(NETWORKS))


@pytest.mark.slow
@every_network
def test_gradients(name: str) -> None:
    with jax.enable_x64(True):
        posed = problem(name)
        check(posed.mean_loss, posed.module)


@pytest.mark.slow
@every_network
def test_padding_never_changes_a_result_and_members_are_an_axis(name: str) -> None:
    """However much stands behind the true steps, be it NaN; compiled, with two members at once."""
    posed, network = problem(name), NETWORKS[name]
    given = {key: value for key, value in posed.given.items() if key != "key"}
    weights = jax.vmap(lambda key: eqx.filter(network.build(*inputs_of(name), key), eqx.is_array))(
        jax.random.split(jax.random.key(7), 2)
    )

    def run(weights: Any, x: jax.Array, lengths: jax.Array | None, given: dict[str, Any]) -> jax.Array:
        return network.with_weights(weights, *inputs_of(name))(x, lengths=lengths, **given)

    nothing = 4 if posed.x.dtype == jnp.int32 else jnp.nan
    behind = jnp.arange(posed.x.shape[1]) >= posed.lengths[:, None]
    padded = jnp.where(behind.reshape(behind.shape + (1,) * (posed.x.ndim - 2)), nothing, posed.x)
    both = jax.jit(jax.vmap(run, in_axes=(0, None, None, None)))(weights, padded, posed.lengths, given)
    second = jax.tree.map(lambda leaf: leaf[1], weights)
    for sample, length in enumerate(posed.lengths.tolist()):
        one = jax.tree.map(lambda leaf, n=sample: leaf[n : n + 1], given)
        alone = run(second, posed.x[sample : sample + 1, :length], None, one)[0]
        shown = both[1, sample, :length] if getattr(network, "return_sequences", False) else both[1, sample]
        np.testing.assert_allclose(shown, alone, atol=2e-6)


def test_descriptions_are_json_and_print_as_their_call() -> None:
    names = {each: getattr(ps.layers, each) for each in ps.layers.__all__}
    names |= {each.__name__: each for each in (ps.Network, ps.EncoderDecoder, ps.SegRNN)}
    for network in NETWORKS.values():
        assert from_json(to_json(network)) == network
        assert hash(from_json(to_json(network))) == hash(network)
        assert eval(repr(network), names) == network
