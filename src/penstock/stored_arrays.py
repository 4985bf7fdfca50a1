"""Arrays from strangers: the safetensors layout, read with every size checked before an array is made."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.strict_json import strict_json

__all__ = ["MAX_ARRAYS", "read_arrays"]

MAX_ARRAYS = 100_000
"""Most arrays in one file."""

_HEADER = 1 << 24  # bytes of the header
_DIMENSIONS = 8
_EMPTY = 1 << 24  # elements that an array without any may name in its other dimensions
_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8",
    "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip


def read_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """Read named arrays in the safetensors layout; they share the memory of `content` and cannot be written to.

    Parameters
    ----------
    content
        Eight bytes that give the length of a JSON header, the header, and the values.

    Returns
    -------
    The arrays by name.

    Raises
    ------
    ValueError
        Where the header is too long or says what the values do not hold: a type that is not known, a shape of another
        size, values that overlap, leave a gap, or end elsewhere than the content.

    Examples
    --------
    >>> from safetensors import numpy as safetensors
    >>> read_arrays(safetensors.save({"bias": np.ones(2, dtype=np.float32)}))
    {'bias': array([1., 1.], dtype=float32)}
    """
    length = int.from_bytes(content[:8], "little") if len(content) >= 8 else -1
    if not 2 <= length <= min(len(content) - 8, _HEADER):
        raise ValueError(f"a header of {length:,} bytes does not fit into {len(content):,} bytes of arrays")
    header = strict_json(content[8 : 8 + length])
    if not isinstance(header, dict):
        raise ValueError("the header of the arrays is no object")
    about = header.pop("__metadata__", {})
    if not isinstance(about, dict) or len(header) > MAX_ARRAYS:
        raise ValueError(f"the header names {len(header):,} arrays; allowed: {MAX_ARRAYS:,}")
    start, found = 8 + length, {}
    expected = 0
    places = [(*_place(name, entry), name) for name, entry in header.items()]
    for first, last, dtype, shape, name in sorted(places, key=lambda each: each[:2]):
        if first != expected or start + last > len(content):
            raise ValueError(f"the values of {name[:80]!r} do not stand where the header says")
        expected = last
        found[name] = _aligned(np.frombuffer(content, dtype, math.prod(shape), start + first).reshape(shape))
    if start + expected != len(content):
        raise ValueError(f"{len(content) - start - expected:,} bytes follow the last array")
    return {name: found[name] for name in header}


def _place(name: str, entry: Any) -> tuple[int, int, np.dtype[Any], list[int]]:
    """Return where the values of an array begin and end, their type and the shape, or say what is wrong with them."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"the header says of {name[:80]!r} something else than type, shape and place")
    kind, shape, places = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(kind, str) or kind not in _TYPES:
        raise ValueError(f"{name[:80]!r} has the type {str(kind)[:20]!r}; allowed: {', '.join(_TYPES)}")
    if not _whole(shape) or not _whole(places) or len(places) != 2 or len(shape) > _DIMENSIONS:
        raise ValueError(f"shape and place of {name[:80]!r} are no whole numbers")
    dtype = np.dtype(_TYPES[kind])
    if math.prod(max(each, 1) for each in shape) > _EMPTY and not math.prod(shape):
        raise ValueError(f"{name[:80]!r} holds nothing, in the shape {shape}")
    if places[1] - places[0] != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{name[:80]!r} has {places[1] - places[0]:,} bytes for the shape {shape}")
    return places[0], places[1], dtype, shape


def _whole(values: Any) -> bool:
    return isinstance(values, list) and all(type(each) is int and 0 <= each < 2**48 for each in values)


def _aligned(array: NDArray[Any]) -> NDArray[Any]:
    return array if array.flags.aligned else array.copy()
