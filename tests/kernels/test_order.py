"""The order of keys is that of `jnp.argsort`, whichever path is live."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from penstock import kernels
from penstock.kernels import order

MOST = 0xFFFFFFFF
# Few values, and such that agree on some digits of eleven bits or on all: many ties, and passes that are left out.
FEW = st.sampled_from([0, 1, 2, 0x7FF, 0x800, 0x801, 1 << 21, 1 << 22, 1 << 31, MOST - 1, MOST])


@pytest.fixture(params=["auto", "scan"])
def path(request, monkeypatch):
    monkeypatch.setenv("PENSTOCK_KERNELS", request.param)


def ordered(keys: np.ndarray) -> np.ndarray:
    places = order(jnp.asarray(keys))
    assert places.dtype == jnp.int32
    return np.asarray(places)


@pytest.mark.slow
@given(arrays.arrays(np.uint32, st.integers(0, 60), elements=FEW | st.integers(0, MOST)))
@settings(max_examples=100)
def test_equals_argsort_where_many_keys_are_equal(keys):
    np.testing.assert_array_equal(ordered(keys), jnp.argsort(jnp.asarray(keys), stable=True))


@pytest.mark.parametrize("mask", [0, 1, 0x7FF, 0x3FF800, 0xFFC00000, 0x3FFFFF, 0xFFC007FF, MOST], ids=hex)
@pytest.mark.parametrize("n", [0, 1, 2, 1000])
@pytest.mark.usefixtures("path")
def test_sizes_and_digits(n, mask):
    keys = np.random.default_rng(n).integers(0, MOST, n, np.uint32, endpoint=True) & np.uint32(mask)
    np.testing.assert_array_equal(ordered(keys), np.argsort(keys, kind="stable"))
    np.testing.assert_array_equal(jax.jit(order)(keys), np.argsort(keys, kind="stable"))


@pytest.mark.parametrize("shape", [(0, 7), (1, 7), (3, 0), (3, 7), (5, 1000), (2, 3, 1000)], ids=str)
@pytest.mark.usefixtures("path")
def test_members(shape):
    keys = np.random.default_rng(0).integers(0, 500, shape, np.uint32)
    mapped = order
    for _ in shape[:-1]:
        mapped = jax.vmap(mapped)
    np.testing.assert_array_equal(mapped(keys), np.argsort(keys, axis=-1, kind="stable"))


@pytest.mark.parametrize("dtype", [np.int32, np.uint64, np.float32])
@pytest.mark.usefixtures("path")
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(TypeError, match=f"keys must be uint32, got {np.dtype(dtype)}; use .astype"):
        order(jnp.zeros(3, dtype))


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("shape", [(), (2, 3)])
def test_other_axes_are_refused(shape):
    with pytest.raises(ValueError, match=re.escape(f"keys must have the axis [n], got shape {shape}")):
        order(jnp.zeros(shape, jnp.uint32))


def test_scan_does_without_the_kernel(monkeypatch):
    keys = jnp.arange(5, dtype=jnp.uint32)
    monkeypatch.setenv("PENSTOCK_KERNELS", "scan")
    assert "ffi_call" not in str(jax.make_jaxpr(lambda keys: order(keys))(keys))
    monkeypatch.delenv("PENSTOCK_KERNELS")
    native = kernels.status().path == "native"
    assert ("ffi_call" in str(jax.make_jaxpr(lambda keys: order(keys))(keys))) == native


@pytest.mark.usefixtures("native_live")
@pytest.mark.parametrize(
    ("keys", "result", "message"),
    [
        ((jnp.zeros(3, jnp.int32),), (3, jnp.int32), "keys has a wrong dtype"),
        ((jnp.zeros((), jnp.uint32),), (3, jnp.int32), "keys need an axis"),
        ((jnp.zeros(3, jnp.uint32),), (4, jnp.int32), "order has size 4 on an axis of 3"),
        ((jnp.zeros(3, jnp.uint32),), (3, jnp.uint32), "order has a wrong dtype"),
        ((jnp.zeros((2, 3), jnp.uint32),), (3, jnp.int32), "order has another number of leading axes"),
        ((), (3, jnp.int32), "keys need an axis"),
        ((jnp.zeros(3, jnp.uint32),) * 2, (3, jnp.int32), "too many operands"),
    ],
)
def test_the_door_checks_again(keys, result, message):
    size, dtype = result
    with pytest.raises(jax.errors.JaxRuntimeError, match=message):
        jax.block_until_ready(jax.ffi.ffi_call("penstock_order", jax.ShapeDtypeStruct((size,), dtype))(*keys))
