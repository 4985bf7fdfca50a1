"""The compiled library: where it lies, what it offers, and its entry points for XLA."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import jax

from penstock.build_record import missing_kernels, read_record

if TYPE_CHECKING:
    from penstock.kernels.spec import CellName

NAME = "libpenstock_kernels.so"
CELLS: tuple[CellName, ...] = (
    "lstm",
    "gru_before",
    "gru_after",
    "rnn_tanh",
    "rnn_relu",
    "leaky",
)  # as in table.h


TARGETS = ("penstock_forward", "penstock_backward", "penstock_order", "penstock_sum_rows", "penstock_update_rows")


class Library:
    """A loaded library whose handlers XLA knows by the names in TARGETS."""

    def __init__(self, path: Path) -> None:
        self.path = path
        record = read_record([str(path.parent)])
        self.built_by = record.detail if record is not None and record.built else "an unknown compiler"
        self._dll = ctypes.CDLL(str(path))
        self._dll.penstock_isa.restype = ctypes.c_char_p
        self._dll.penstock_isa_problem.restype = ctypes.c_char_p
        if self._dll.penstock_isa() is None:
            raise OSError(self.isa_problem)
        size = self._dll.penstock_residual_size
        size.restype = ctypes.c_int64
        size.argtypes = [ctypes.c_int64, ctypes.c_int, *[ctypes.c_int64] * 4]
        for name in TARGETS:
            jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(getattr(self._dll, name)), platform="cpu")  # type: ignore[no-untyped-call]

    @property
    def isa(self) -> str:
        """The instruction set in use: generic, avx2 or avx512."""
        return str(self._dll.penstock_isa().decode())

    @property
    def isa_problem(self) -> str | None:
        """Why the environment variable PENSTOCK_ISA was not obeyed, or why no instruction set is in use."""
        text = self._dll.penstock_isa_problem()
        return None if text is None else str(text.decode())

    def residual_size(self, cell: CellName, double: bool, batch: int, time: int, inputs: int, units: int) -> int:
        """Count the values that the forward pass keeps for the backward pass."""
        return int(self._dll.penstock_residual_size(CELLS.index(cell), double, batch, time, inputs, units))


@cache
def find() -> Library | str:
    """Load the library once; where that fails, say why."""
    # An editable install keeps the library apart from the sources: the package then has two folders.
    folders = [Path(folder) for folder in sys.modules[__package__].__path__]
    path = next((folder / NAME for folder in folders if (folder / NAME).is_file()), None)
    if path is None:
        return missing_kernels(read_record(map(str, folders)))
    try:
        return Library(path)
    except Exception as error:  # XLA has its own error for a library built for another version of its FFI
        first = next(iter(str(error).splitlines()), "")
        return f"the compiled kernels could not be loaded: {type(error).__name__}: {first}"
