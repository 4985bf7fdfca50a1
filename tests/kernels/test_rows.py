"""Tables updated row by row: the compiled path equals the gathers and scatters of `training/rows.py`."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import penstock as ps
from penstock.kernels import rows as compiled
from penstock.training.rows import begin_table, learn_rows, sum_by_row, update_rows

pytestmark = pytest.mark.usefixtures("native_live")

OPTIMIZERS = [ps.SGD(0.1), ps.RMSprop(0.01), ps.RMSprop(0.01, decay=0.0), ps.Adam(0.01), ps.SGD(0.1, momentum=0.9)]


def problem(n=12, vocabulary=9, units=5, dtype=np.float32, steps=4, seed=0):
    """A table, and for each step ids (many twice, some of them not to count) and their gradients."""
    rng = np.random.default_rng(seed)
    ids = np.minimum(rng.geometric(2 / (vocabulary + 2), size=(steps, n)) - 1, vocabulary)
    gradients = rng.normal(size=(steps, n, units))
    gradients[rng.uniform(size=gradients.shape) < 0.1] = -0.0
    table = rng.normal(size=(vocabulary, units))
    return jnp.asarray(table, dtype), jnp.asarray(ids, jnp.int32), jnp.asarray(gradients, dtype)


def walk(optimizer, table, ids, gradients, *, together, rate=None):
    """Take all steps; give the table, its state, and what was summed in each step."""
    rate = None if rate is None else jnp.asarray(rate)

    def step(carry, now):
        table, state = carry
        summing, summed = sum_by_row(state, *now)
        if together:
            return learn_rows(table, state, *now, optimizer, rate), summed
        return update_rows(table, summing, summed, optimizer, rate), summed

    return jax.lax.scan(step, (table, begin_table(table, optimizer)), (ids, gradients))


def both(monkeypatch, run):
    """What the compiled kernels give, then the reference."""
    out = []
    for path in ("native", "scan"):
        monkeypatch.setenv("PENSTOCK_KERNELS", path)
        out.append(jax.jit(lambda: run())())  # a function of its own, so that the other path's program is not taken
    return out


def assert_same(ours, theirs):
    (table, state), summed = ours
    (want, their_state), their_summed = theirs
    np.testing.assert_array_equal(summed.rows, their_summed.rows)
    np.testing.assert_array_equal(summed.gradients, their_summed.gradients)
    for name in ("touched", "owner", "number"):
        np.testing.assert_array_equal(getattr(state, name), getattr(their_state, name), err_msg=name)
    tolerance = 1e-6 if want.dtype == np.float32 else 1e-12
    for one, other in zip(
        jax.tree.leaves((table, state.optimizer)), jax.tree.leaves((want, their_state.optimizer)), strict=True
    ):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@pytest.mark.fast("together-Adam(learning_rate=0.01)", "apart-RMSprop(learning_rate=0.01)")
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@pytest.mark.parametrize(("together", "dtype"), [(False, np.float64), (True, np.float32)], ids=["apart", "together"])
def test_every_optimizer(monkeypatch, optimizer, together, dtype):
    given_ = problem(n=40, vocabulary=30, units=37, dtype=dtype, steps=30)
    assert_same(*both(monkeypatch, lambda: walk(optimizer, *given_, together=together, rate=0.7)))


@pytest.mark.slow
@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(
    n=st.integers(0, 40),
    vocabulary=st.integers(1, 30),
    units=st.integers(1, 40),
    double=st.booleans(),
    optimizer=st.sampled_from(OPTIMIZERS),
    together=st.booleans(),
    rate=st.sampled_from([None, 0.5]),
    seed=st.integers(0, 99),
)
def test_random_shapes(n, vocabulary, units, double, optimizer, together, rate, seed):
    given_ = problem(n, vocabulary, units, np.float64 if double else np.float32, seed=seed)
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert_same(*both(monkeypatch, lambda: walk(optimizer, *given_, together=together, rate=rate)))


@pytest.mark.fast("together")
@pytest.mark.parametrize("together", [False, True], ids=["apart", "together"])
def test_members(monkeypatch, together):
    several = [problem(seed=seed) for seed in range(3)]
    given_ = [jnp.stack(each) for each in zip(*several, strict=True)]

    def run(*each):
        return walk(ps.RMSprop(0.01), *each, together=together, rate=0.7)

    ours, theirs = both(monkeypatch, lambda: jax.vmap(run)(*given_))
    for member in range(3):
        ours_of, theirs_of = (jax.tree.map(lambda leaf, m=member: leaf[m], out) for out in (ours, theirs))
        assert_same(ours_of, theirs_of)
    monkeypatch.setenv("PENSTOCK_KERNELS", "native")
    alone = jax.jit(run)(*several[1])
    for one, other in zip(jax.tree.leaves(alone), jax.tree.leaves(ours), strict=True):
        np.testing.assert_array_equal(one, other[1])


def test_what_members_share(monkeypatch):
    """One step of two members that look up the same ids of two tables, under two maps."""
    table, ids, gradients = problem()
    tables = jnp.stack([table, table + 1])

    def run(table, gradients):
        return learn_rows(table, begin_table(table, ps.Adam()), ids[0], gradients, ps.Adam())[0]

    mapped = jax.vmap(jax.vmap(run, (0, None)), (None, 0))
    ours, theirs = both(monkeypatch, lambda: mapped(tables, gradients[:3]))
    assert ours.shape == (3, 2, 9, 5)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_ids_outside_the_table_touch_nothing(monkeypatch):
    """Far outside, on both sides: no row changes, and no memory beyond the table's."""
    monkeypatch.setenv("PENSTOCK_KERNELS", "native")
    table, _, gradients = problem(n=4)
    ids = jnp.asarray([-1, 9, 2**31 - 1, -(2**31)], jnp.int32)
    state = begin_table(table, ps.RMSprop())
    after, after_state = learn_rows(table, state, ids, gradients[0], ps.RMSprop())
    np.testing.assert_array_equal(after, table)
    np.testing.assert_array_equal(after_state.touched, state.touched)
    state, summed = sum_by_row(state, ids, gradients[0])
    np.testing.assert_array_equal(summed.rows, [9] * 4)
    np.testing.assert_array_equal(summed.gradients, np.zeros((4, 5)))
    after, _ = update_rows(table, state, summed._replace(rows=ids), ps.RMSprop())
    np.testing.assert_array_equal(after, table)


def test_the_callers_arrays_stay():
    """Outside a compiled program the operands may be used again: there, what is written in place is a copy."""
    table, ids, gradients = problem()
    state = begin_table(table, ps.Adam())
    before = [np.array(leaf) for leaf in jax.tree.leaves((table, state))]
    learn_rows(table, state, ids[0], gradients[0], ps.Adam())
    for one, other in zip(jax.tree.leaves((table, state)), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_loop_copies_no_table():
    """The body of a compiled loop holds no copy of the table, of its state, or of what is known of its rows."""
    table, ids, gradients = problem(n=12, vocabulary=1234, units=5)

    def run(table, ids, gradients):
        return walk(ps.RMSprop(), table, ids, gradients, together=True)[0]

    text = jax.jit(run, donate_argnums=0).lower(table, ids, gradients).compile().as_text()
    bodies = [part for part in text.split("\n\n") if "penstock_update_rows" in part]
    assert len(bodies) == 1
    assert "1234,5" in bodies[0]
    copies = [line for line in bodies[0].splitlines() if " copy(" in line and "1234" in line]
    assert copies == []


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_other_dtypes_take_the_other_path(dtype):
    table, ids, gradients = problem(dtype=dtype)
    assert not compiled.live(gradients, ids)
    assert not compiled.live(gradients.astype(jnp.float32), ids.astype(jnp.int64))
    _, summed = sum_by_row(begin_table(table, ps.SGD()), ids[0], gradients[0])
    assert summed.gradients.dtype == dtype
    assert int((summed.rows < 9).sum()) == len(set(np.asarray(ids[0]).tolist()) - {9})


def arrays():
    """Operands of an update by RMSprop: gradients, rows, number, scales, touched, table, squares, owner."""
    table, ids, gradients = problem()
    by_row = jnp.zeros(9, jnp.int32)
    return [gradients[0], ids[0], jnp.zeros((), jnp.int32), jnp.ones(3, jnp.float32), by_row, table, table, by_row]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({0: np.zeros(12, np.float32)}, "gradients need the axes"),
        ({0: np.zeros((12, 5), np.int32)}, "float32 or float64"),
        ({0: np.zeros((12, 5), np.float64)}, "scales has a wrong dtype"),
        ({0: np.zeros((11, 5), np.float32)}, "rows has size 12 on an axis of 11"),
        ({1: np.zeros(12, np.int64)}, "rows has a wrong dtype"),
        ({2: np.zeros(1, np.int32)}, "leading axes"),
        ({3: np.zeros(2, np.float32)}, "scales has size 2 on an axis of 3"),
        ({4: np.zeros((), np.int32)}, "lacks its axis"),
        ({4: np.zeros(8, np.int32)}, "table has size 9 on an axis of 8"),
        ({5: np.zeros((9, 4), np.float32)}, "table has size 4 on an axis of 5"),
        ({5: np.zeros((9, 5), np.float64)}, "table has a wrong dtype"),
        ({6: np.zeros((8, 5), np.float32)}, "a moment has size 8 on an axis of 9"),
        ({7: np.zeros(10, np.int32)}, "owner has size 10 on an axis of 9"),
        ({7: None}, "too few operands"),
    ],
)
def test_the_update_refuses(change, message):
    operands = [change.get(place, array) for place, array in enumerate(arrays())]
    changed = [jax.ShapeDtypeStruct(array.shape, array.dtype) for array in operands[4:] if array is not None]
    operands = [jnp.asarray(array) for array in operands if array is not None]
    numbers = dict.fromkeys(("learning_rate", "mean", "squares", "epsilon"), np.float64(0.5))
    call = jax.ffi.ffi_call("penstock_update_rows", changed)
    with pytest.raises(jax.errors.JaxRuntimeError, match=message):
        jax.block_until_ready(call(*operands, rule=np.int64(1), looked_up=np.int64(1), **numbers))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({0: np.zeros((12, 5), np.float16)}, "float32 or float64"),
        ({1: np.zeros(11, np.int32)}, "ids has size 11 on an axis of 12"),
        ({2: np.zeros(9, np.float32)}, "owner has a wrong dtype"),
        ({2: np.zeros((2, 9), np.int32)}, "leading axes"),
        (
            {0: np.zeros((2, 12, 5), np.float32), 1: np.zeros((2, 12), np.int32), 2: np.zeros((1, 9), np.int32)},
            "an operand lacks a leading axis",
        ),
    ],
)
def test_the_sum_refuses(change, message):
    gradients, ids, *_, owner = arrays()
    operands = [jnp.asarray(change.get(place, array)) for place, array in enumerate((gradients, ids, owner))]
    results = [jax.ShapeDtypeStruct(array.shape, array.dtype) for array in (operands[2], operands[1], operands[0])]
    with pytest.raises(jax.errors.JaxRuntimeError, match=message):
        jax.block_until_ready(jax.ffi.ffi_call("penstock_sum_rows", results)(*operands))


SCRIPT = """
import hashlib, os, sys
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(sys.argv[1])])
import jax, jax.numpy as jnp, numpy as np
import penstock as ps
from penstock.training.rows import begin_table, learn_rows, sum_by_row, update_rows
rng, seen = np.random.default_rng(0), hashlib.sha256()
for optimizer in (ps.RMSprop(), ps.Adam()):
    table = jnp.asarray(rng.normal(size=(500, 33)), jnp.float32)
    state = begin_table(table, optimizer)
    one, two = jax.jit(learn_rows, static_argnums=4), jax.jit(update_rows, static_argnums=3)
    for _ in range(4):
        ids = jnp.asarray(np.minimum(rng.geometric(0.01, size=3000) - 1, 500), jnp.int32)
        gradients = jnp.asarray(rng.normal(size=(3000, 33)), jnp.float32)
        table, state = one(table, state, ids, gradients, optimizer)
        state, summed = jax.jit(sum_by_row)(state, ids, gradients)
        table, state = two(table, state, summed, optimizer)
        for leaf in jax.tree.leaves((table, state, summed)):
            seen.update(np.asarray(leaf).tobytes())
print(seen.hexdigest())
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cannot bind to cores here")
def test_threads_and_runs_give_equal_bits():
    bits = [
        subprocess.run([sys.executable, "-c", SCRIPT, str(cores)], capture_output=True, text=True, check=True).stdout
        for cores in (1, 1, len(os.sched_getaffinity(0)))
    ]
    assert len(bits[0]) == 65
    assert bits[0] == bits[1] == bits[2]
