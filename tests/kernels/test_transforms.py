"""The unrolls under jit, grad, scan and vmap."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import Problem, assert_same, differentiable, loss

from penstock.kernels import native, reference

pytestmark = pytest.mark.usefixtures("native_live")


def stacked(array, members):
    return jnp.stack([array * (1 + 0.1 * m) for m in range(members)])


@pytest.mark.fast("nothing-shared-lstm")
@pytest.mark.parametrize("cell", ["lstm", "gru_before", "gru_after", "leaky"])
@pytest.mark.parametrize(
    "shared", [("x", "h", "c"), ("W", "b"), ()], ids=["inputs-shared", "weights-shared", "nothing-shared"]
)
def test_members(cell, shared):
    problem = Problem(cell, batch=5, masked=True, lengths=True)
    given = problem.operands()
    arrays = differentiable(given)
    axes = {name: None if name in shared else 0 for name in arrays}
    many = {name: array if name in shared else stacked(array, 3) for name, array in arrays.items()}
    results = []
    for path in (native.unroll, reference.unroll):
        one = jax.grad(lambda a, p=path: loss(p, problem.spec, a, given), has_aux=True)
        gradients, out = jax.jit(jax.vmap(one, in_axes=(axes,)))(many)
        results.append({"hs": out[0], "h'": out[1], "c'": out[2], **{"d" + k: v for k, v in gradients.items()}})
    assert_same(*results)


def test_members_equal_the_same_members_alone():
    problem = Problem("lstm", batch=5)
    given = problem.operands()
    W = stacked(given.W, 3)

    def run(W):
        return native.unroll(problem.spec, type(given)(**(vars(given) | {"W": W})))[0]

    np.testing.assert_array_equal(jax.vmap(run)(W), jnp.stack([run(w) for w in W]))


@pytest.mark.slow
def test_gradient_of_what_members_share():
    problem = Problem("lstm", batch=5)
    given = problem.operands()
    W = stacked(given.W, 3)
    results = []
    for path in (native.unroll, reference.unroll):

        def total(x, p=path):
            def run(w):
                return p(problem.spec, type(given)(**(vars(given) | {"W": w, "x": x})))[0]

            return jnp.sin(jax.vmap(run)(W)).sum()

        results.append({"dx": jax.grad(total)(given.x)})
    assert_same(*results)


def test_two_leading_axes():
    problem = Problem("gru_after")
    given = problem.operands()
    xs = stacked(given.x, 2)
    Ws = stacked(given.W, 3)

    def run(path):
        def one(x, W):
            return path(problem.spec, type(given)(**(vars(given) | {"W": W, "x": x})))[0]

        return {"hs": jax.vmap(jax.vmap(one, (None, 0)), (0, None))(xs, Ws)}

    assert_same(run(native.unroll), run(reference.unroll))


@pytest.mark.slow
def test_training_inside_scan():
    problem = Problem("lstm", batch=6, time=5, sequence=False)
    given = problem.operands()

    def train(path):
        def step(weights, _):
            gradients, _ = jax.grad(lambda a: loss(path, problem.spec, a, given), has_aux=True)(weights)
            return jax.tree.map(lambda w, g: w - 0.01 * g, weights, gradients), None

        return jax.jit(lambda w: jax.lax.scan(step, w, None, length=4)[0])(differentiable(given))

    assert_same(train(native.unroll), train(reference.unroll), tolerance=1e-4)
