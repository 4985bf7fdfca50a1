"""The compiled steps: the library of `native/penstock_stream.h`, called without JAX."""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from penstock import kernels
from penstock.build_record import missing_kernels, read_record

__all__ = ["OpenNetwork", "SeriesStruct", "StreamLibrary", "find"]

NAME = "libpenstock_stream.so"

FORECAST, TOO_FEW = 1, 0
ANY_TIME, CARRY, NO_FORECAST = 1, 2, 4

POINTERS = (
    "count", "end", "times", "y", "filled", "covariates", "changed", "x", "state", "scaling", "queue", "ordered",
    "held", "oldest", "alpha", "made", "half", "spread", "rows", "row", "ahead", "out", "scratch",
)  # fmt: skip
"""The arrays of a series, in the order of the header."""


class SeriesStruct(ctypes.Structure):
    """``penstock_series`` of the header."""

    _fields_ = [
        ("network", ctypes.c_void_p), ("number", ctypes.c_int64), ("kept", ctypes.c_int64), ("step", ctypes.c_int64),
        ("stride", ctypes.c_int64), ("lanes", ctypes.c_int64), ("lane", ctypes.c_int64),
        ("beside", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in POINTERS),
    ]  # fmt: skip


class StreamLibrary:
    """A loaded library."""

    def __init__(self, path: Path) -> None:
        # PyDLL: a call takes microseconds, in which nobody else needs the interpreter.
        self._dll = ctypes.PyDLL(str(path))
        void, whole = ctypes.c_void_p, ctypes.c_int64
        self.push = self._declared("push", ctypes.c_int, void, whole, ctypes.c_double, ctypes.c_int)
        self.push_many = self._declared("push_many", whole, void, whole, whole, void, ctypes.c_int, void)
        self.push_each = self._declared("push_each", whole, void, whole, void, void, ctypes.c_int, void)
        self.outputs = self._declared("outputs", None, void, whole, void)
        self.get_state = self._declared("get_state", None, void, void)
        self.set_state = self._declared("set_state", None, void, void)
        self.reload = self._declared("reload", None, void, whole)
        self.forecast = self._declared("forecast", ctypes.c_int, void)
        self.open = self._declared("network_open", void, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p)
        self.close = self._declared("network_close", None, void)
        self.size = self._declared("size", whole, void, ctypes.c_char_p)
        isa: bytes | None = self._declared("stream_isa", ctypes.c_char_p)()
        if isa is None:
            raise OSError(self._declared("stream_problem", ctypes.c_char_p)().decode())
        self.isa = isa.decode()

    def _declared(self, name: str, result: Any, *arguments: Any) -> Any:
        function = getattr(self._dll, f"penstock_{name}")
        function.restype, function.argtypes = result, list(arguments)
        return function


class OpenNetwork:
    """A network that the library has opened; streams of the same bytes share it, so that they can be stepped together.

    Parameters
    ----------
    library
        The library.
    image
        The bytes, of :func:`penstock.streaming.image.build_image`.

    Attributes
    ----------
    address
        What calls of the library are given.
    """

    def __init__(self, library: StreamLibrary, image: bytes) -> None:
        self.library = library
        error = ctypes.create_string_buffer(200)
        self.address = library.open(image, len(image), error)
        if not self.address:
            raise RuntimeError(f"the compiled steps refuse the network: {error.value.decode()}")

    @classmethod
    def of(cls, library: StreamLibrary, image: bytes) -> OpenNetwork:
        """Return the network of these bytes, opened once as long as any stream has it."""
        key = hashlib.sha256(image).digest()
        found = _NETWORKS.get(key)
        if found is None:
            found = _NETWORKS[key] = cls(library, image)
        return found

    def __del__(self) -> None:
        if getattr(self, "address", None):
            self.library.close(self.address)
            self.address = None

    def size(self, name: str) -> int:
        """Return a size of the network."""
        return int(self.library.size(self.address, name.encode()))


_NETWORKS: WeakValueDictionary[bytes, OpenNetwork] = WeakValueDictionary()


@cache
def _load() -> StreamLibrary | str:
    folders = [Path(folder) for folder in kernels.__path__]  # an editable install has two
    path = next((folder / NAME for folder in folders if (folder / NAME).is_file()), None)
    if path is None:
        record = read_record(map(str, folders))
        if record is not None and record.built:
            return "the compiled steps are not there: install Penstock again"
        return missing_kernels(record)
    try:
        return StreamLibrary(path)
    except (OSError, AttributeError) as error:
        return f"the compiled steps could not be loaded: {type(error).__name__}: {error}"


def find() -> StreamLibrary | str:
    """Load the library once; where that fails, or ``PENSTOCK_KERNELS=scan`` forbids it, say why."""
    if os.environ.get("PENSTOCK_KERNELS") == "scan":
        return "PENSTOCK_KERNELS=scan"
    if sys.byteorder != "little":
        return "the compiled steps are for little-endian processors"
    return _load()
