"""A library that cannot be used is a reason to take `lax.scan`, never an error of the call that needed it."""

import jax
import pytest
from problems import Problem

from penstock import kernels
from penstock.kernels import library


@pytest.fixture
def fresh():
    library.find.cache_clear()
    yield
    library.find.cache_clear()


# jaxlib raises its own error where a library was built for another version of the FFI.
@pytest.mark.usefixtures("native_live", "fresh")
@pytest.mark.parametrize(
    "error",
    [
        jax.errors.JaxRuntimeError("INVALID_ARGUMENT: FFI handler version 9.9 is not supported\nmore"),
        ValueError("FFI handler version 9.9 is not supported\nmore"),
    ],
)
def test_another_ffi_version_falls_back_to_scan(monkeypatch, error):
    def register(*_args, **_options):
        raise error

    with monkeypatch.context() as patched:
        patched.delenv("PENSTOCK_KERNELS", raising=False)
        patched.setattr(jax.ffi, "register_ffi_target", register)
        status = kernels.status()
        given = Problem("lstm").operands()
        assert kernels.lstm(given.x, given.h, given.c, given.W, given.U, given.b)[0].shape == (3, 4, 5)
    assert (status.path, status.isa) == ("scan", None)
    assert status.reason.startswith("the compiled kernels could not be loaded: ")
    assert "FFI handler version 9.9 is not supported" in status.reason
    assert "\n" not in status.reason


@pytest.mark.usefixtures("fresh")
def test_a_file_that_is_no_library_is_said(monkeypatch, tmp_path):
    (tmp_path / library.NAME).write_bytes(b"no library")
    monkeypatch.setattr(kernels, "__path__", [str(tmp_path)])
    reason = library.find()
    assert isinstance(reason, str)
    assert reason.startswith("the compiled kernels could not be loaded: OSError: ")
