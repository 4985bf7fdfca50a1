"""What is wrong is said in Python, or by XLA; never by a crash."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import Problem

from penstock import kernels
from penstock.kernels.library import CELLS


def call(**changes):
    given = Problem("lstm").operands()
    arrays = {name: getattr(given, name) for name in ("x", "h", "c", "W", "U", "b")} | changes
    arrays = {name: jnp.asarray(array) for name, array in arrays.items()}
    options = {name: arrays.pop(name) for name in ("lengths", "mask", "x_mask") if name in arrays}
    return kernels.lstm(*arrays.values(), **options)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": np.zeros((3, 4), np.float32)}, r"x must have the axes \[batch, time, inputs\]"),
        ({"h": np.zeros((5,), np.float32)}, r"h must have the axes"),
        ({"W": np.zeros((2, 19), np.float32)}, r"W must have shape \(2, 20\)"),
        ({"b": np.zeros((4,), np.float32)}, "b must have shape"),
        ({"lengths": np.zeros((9,), np.int32)}, r"lengths must have shape \(3,\)"),
        ({"mask": np.zeros((3, 1), np.float32)}, "mask must have shape"),
        ({"x_mask": np.zeros((3, 5), np.float32)}, r"x_mask must have shape \(3, 2\)"),
    ],
)
def test_shapes(changes, message):
    with pytest.raises(ValueError, match=message):
        call(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"U": np.zeros((5, 20), np.float64)}, "U must have the dtype of x"),
        ({"lengths": np.zeros((3,), np.float32)}, "lengths must hold integers"),
    ],
)
def test_dtypes(changes, message):
    with pytest.raises(TypeError, match=message):
        call(**changes)


def test_lengths_outside_the_sequence_are_clipped():
    hs, _ = call(lengths=jnp.asarray([-5, 2, 99]))
    want, _ = call(lengths=jnp.asarray([0, 2, 4]))
    np.testing.assert_array_equal(hs, want)


def test_unknown_wish(monkeypatch):
    monkeypatch.setenv("PENSTOCK_KERNELS", "fast")
    with pytest.raises(ValueError, match="PENSTOCK_KERNELS is .fast.; .*Allowed: .auto., .native., .scan."):
        kernels.status()


def test_scan_can_be_forced(monkeypatch):
    monkeypatch.setenv("PENSTOCK_KERNELS", "scan")
    assert kernels.status() == kernels.Status("scan", None, "PENSTOCK_KERNELS=scan")
    assert call()[0].shape == (3, 4, 5)


@pytest.mark.usefixtures("native_live")
def test_native_that_cannot_be_is_refused(monkeypatch):
    monkeypatch.setenv("PENSTOCK_KERNELS", "native")
    given = Problem("lstm").operands()
    with pytest.raises(RuntimeError, match="hard_sigmoid"):
        kernels.lstm(given.x, given.h, given.c, given.W, given.U, given.b, recurrent_activation="hard_sigmoid")


def test_empty_sequence():
    given = Problem("lstm").operands()
    hs, (h, _) = kernels.lstm(given.x[:, :0], given.h, given.c, given.W, given.U, given.b)
    assert hs.shape == (3, 0, 5)
    np.testing.assert_array_equal(h, given.h)


@pytest.mark.usefixtures("native_live")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({0: np.zeros((4,), np.float32)}, "x needs the axes"),
        ({0: np.zeros((3, 4, 2), np.int32)}, "float32 or float64"),
        ({1: np.zeros((3, 5), np.float64)}, "wrong dtype"),
        ({3: np.zeros((2, 19), np.float32)}, "W has size 19"),
        ({3: np.zeros((2, 2, 20), np.float32)}, "leading axes"),
        ({5: None}, "too few operands|too many|residual|wrong"),
    ],
)
def test_handlers_check_again(change, message):
    given = Problem("lstm").operands()
    operands = [given.x, given.h, given.c, given.W, given.U, given.b]
    for at, array in change.items():
        operands[at] = None if array is None else jnp.asarray(array)
    operands = [array for array in operands if array is not None]
    results = [jax.ShapeDtypeStruct((3, 5), jnp.float32)] * 2
    flags = dict.fromkeys(("reverse", "sequence", "keep", "need_dx", "mask", "x_mask", "lengths"), np.int64(0))
    with pytest.raises(jax.errors.JaxRuntimeError, match=message):
        jax.block_until_ready(
            jax.ffi.ffi_call("penstock_forward", results)(*operands, cell=np.int64(CELLS.index("lstm")), **flags)
        )
