"""The compiled path equals `lax.scan`: outputs and every gradient."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from problems import CELLS, Problem, assert_same, both

from penstock import kernels

pytestmark = pytest.mark.usefixtures("native_live")

EXAMPLES = int(os.environ.get("PENSTOCK_EXAMPLES", "24"))  # a few hundred before a release


@pytest.mark.fast("plain-f32-rnn_tanh", "plain-f64-leaky", "reverse-lengths-masked-f32-gru_before")
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("double", [False, True], ids=["f32", "f64"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sequence": False, "masked": True, "batch": 13, "units": 20, "inputs": 1, "time": 9},
        {"dropped": True, "batch": 32, "units": 25, "inputs": 6, "time": 7},
        {"reverse": True, "lengths": True, "masked": True, "dropped": True, "batch": 7, "units": 9, "inputs": 5},
    ],
    ids=["plain", "last-masked", "samples-fill-lanes-dropped", "reverse-lengths-masked"],
)
def test_every_cell(cell, double, options):
    problem = Problem(cell, double=double, **options)
    assert_same(*both(problem.spec, problem.operands()))


@pytest.mark.parametrize("cell", CELLS)
def test_smallest(cell):
    problem = Problem(cell, batch=1, time=1, inputs=1, units=1)
    assert_same(*both(problem.spec, problem.operands()))


@pytest.mark.fast("lstm")
@pytest.mark.parametrize("cell", ["lstm", "gru_after", "rnn_tanh"])
def test_large_enough_for_several_pieces_and_chunks(cell):
    problem = Problem(cell, batch=70, time=60, inputs=40, units=33, lengths=True)
    assert_same(*both(problem.spec, problem.operands()), tolerance=2e-4)


problems = st.builds(
    Problem,
    cell=st.sampled_from(CELLS),
    batch=st.integers(1, 40),
    time=st.integers(1, 20),
    inputs=st.integers(1, 20),
    units=st.integers(1, 40),
    double=st.booleans(),
    reverse=st.booleans(),
    sequence=st.booleans(),
    masked=st.booleans(),
    dropped=st.booleans(),
    lengths=st.booleans(),
    seed=st.integers(0, 99),
)


@pytest.mark.slow
@given(problems)
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_random_shapes(problem):
    assert_same(*both(problem.spec, problem.operands()), tolerance=None if problem.double else 1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("isa", ["generic", "avx2", "avx512"])
def test_every_instruction_set(isa):
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import jax
jax.config.update("jax_enable_x64", True)
from problems import CELLS, Problem, assert_same, both
from penstock import kernels
if kernels.status().isa != {isa!r}:
    sys.exit(77)
for cell in CELLS:
    double = cell in ("lstm", "leaky")
    problem = Problem(cell, 6, 7, 3, 10, double=double, masked=True, lengths=True)
    assert_same(*both(problem.spec, problem.operands()))
problem = Problem("lstm", batch=6, time=7, inputs=3, units=10)
assert_same(*both(problem.spec, problem.operands()))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PENSTOCK_ISA": isa},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 77:
        pytest.skip(f"this machine has no {isa}, or the library was built without it")
    assert done.returncode == 0, done.stderr


@pytest.mark.fast("inf-lstm", "nan-gru_after")
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_non_finite_inputs_reach_the_same_outputs(cell, poison):
    problem = Problem(cell, batch=6, time=5)
    given_ = problem.operands()
    given_ = type(given_)(**(vars(given_) | {"x": given_.x.at[2, 1, 0].set(poison)}))
    ours, theirs = both(problem.spec, given_, wrt=("h",))
    for name in ("hs", "h'", "dh"):
        want = np.asarray(theirs[name])
        np.testing.assert_array_equal(np.isnan(np.asarray(ours[name])), np.isnan(want), err_msg=name)
        others = np.delete(np.arange(6), 2)
        np.testing.assert_allclose(np.asarray(ours[name])[others], want[others], rtol=1e-4, atol=1e-5, err_msg=name)


def test_padding_is_never_read():
    problem = Problem("lstm", batch=6, time=5, lengths=True)
    given_ = problem.operands()
    padding = jnp.arange(5)[None, :, None] >= given_.lengths[:, None, None]
    poisoned = type(given_)(**(vars(given_) | {"x": jnp.where(padding, jnp.nan, given_.x)}))
    ours, theirs = both(problem.spec, poisoned)
    assert_same(ours, theirs)
    assert all(np.isfinite(np.asarray(value)).all() for value in ours.values())


def test_analytic_gradients_agree_with_numerical_ones_at_two_step_sizes():
    problem = Problem("lstm", double=True)
    given_ = problem.operands()

    def f(U):
        hs, (h, c) = kernels.lstm(given_.x, given_.h, given_.c, given_.W, U, given_.b)
        return jnp.sin(hs).sum() + (h * c).sum()

    gradient = jax.grad(f)(given_.U)
    direction = jnp.asarray(np.random.default_rng(1).normal(size=given_.U.shape))
    for step in (1e-4, 1e-5):
        numerical = (f(given_.U + step * direction) - f(given_.U - step * direction)) / (2 * step)
        np.testing.assert_allclose((gradient * direction).sum(), numerical, rtol=1e-6)
