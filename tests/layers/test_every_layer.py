"""What every layer over time keeps: padding, jit, members, gradients, storage."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import penstock as ps
from gradients import check
from layers.catalogue import FEATURES, LAYERS, POOLS, built
from penstock.options import from_json, to_json

X = jax.random.normal(jax.random.key(1), (3, 4, FEATURES))
LENGTHS = jnp.asarray([4, 2, 0])
FAST = ("lstm",)  # whose gradients the fast suite checks too
every_layer = pytest.mark.parametrize("name", list(LAYERS))


def outputs(name: str, module: Any, x: jax.Array, lengths: jax.Array | None = None) -> dict[str, jax.Array]:
    """The outputs of all steps, where the layer gives them, and of the last."""
    found = {"last": module(x, lengths=lengths, sequence=False)}
    return found if isinstance(LAYERS[name], POOLS) else {**found, "all": module(x, lengths=lengths)}


@pytest.mark.slow
@every_layer
def test_padding_never_changes_a_result_and_members_are_an_axis(name: str) -> None:
    """However much padding stands behind the true steps, and be it NaN; compiled, with two members at once."""
    members = [built(LAYERS[name], key) for key in (0, 1)]
    both = jax.tree.map(lambda *leaves: jnp.stack(leaves), *members)
    padded = jnp.full((3, 6, FEATURES), jnp.nan).at[0, :4].set(X[0]).at[1, :2].set(X[1, :2])
    run = jax.jit(jax.vmap(lambda module, x: outputs(name, module, x, LENGTHS), in_axes=(0, None), axis_size=2))
    found = run(both, padded)
    again = run(both, jnp.nan_to_num(padded, nan=7.0))
    assert all(np.array_equal(found[which], again[which]) for which in found)
    alone = outputs(name, members[1], X[1:2, :2])
    np.testing.assert_allclose(found["last"][1, 1], alone["last"][0], atol=2e-6)
    assert not found["last"][:, 2].any()  # a sample without steps
    assert found["last"].shape == (2, 3, LAYERS[name].width(FEATURES))
    if "all" in found:
        np.testing.assert_allclose(found["all"][1, 1, :2], alone["all"][0], atol=2e-6)
        assert not found["all"][:, 2].any()
        assert not found["all"][:, 1, 2:].any()
        assert found["all"].shape[1:] == (3, 6, LAYERS[name].width(FEATURES))


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in FAST else pytest.mark.slow) for n in LAYERS])
def test_gradients(name: str) -> None:
    with jax.enable_x64(True):

        def loss(at: tuple[Any, jax.Array]) -> jax.Array:
            found = outputs(name, *at, LENGTHS).values()
            return sum((jnp.sum(jnp.cos(each + 1)) for each in found), jnp.asarray(0.0))

        module, x = built(LAYERS[name]), jnp.asarray(X, float)
        if name == "echo state":  # its own weights get no gradient
            assert not any(leaf.any() for leaf in jax.tree.leaves(jax.grad(loss)((module, x))[0]))
            check(lambda x: loss((module, x)), x)
        else:
            check(loss, (module, x))


@every_layer
def test_descriptions_are_json_and_print_as_their_call(name: str) -> None:
    layer = LAYERS[name]
    assert from_json(to_json(layer)) == layer
    assert hash(from_json(to_json(layer))) == hash(layer)
    names = {each: getattr(ps.layers, each) for each in ps.layers.__all__} | {"LeakyCell": ps.cells.LeakyCell}
    assert eval(repr(layer), names) == layer
