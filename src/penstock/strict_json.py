"""JSON from strangers: bounded in size, depth and numbers; no name twice in an object."""

from __future__ import annotations

import json
import math
from typing import Any

__all__ = ["MAX_DEPTH", "MAX_ITEMS", "strict_json"]

MAX_DEPTH = 100
"""Deepest nesting of lists and objects."""

MAX_ITEMS = 2_000_000
"""Most lists and objects: each takes up to twenty times the memory of the two characters that write it."""


def strict_json(content: bytes) -> Any:
    """Parse JSON that somebody else may have written.

    Parameters
    ----------
    content
        UTF-8 text.

    Returns
    -------
    What it says: objects as dicts, lists, text, finite floats, integers of at most 64 bits, truth values and None.

    Raises
    ------
    ValueError
        Where it is no JSON, an object has a name twice, nests deeper than :data:`MAX_DEPTH`, holds more than
        :data:`MAX_ITEMS` lists and objects, or a number that is infinite, NaN or beyond 64 bits.

    Examples
    --------
    >>> strict_json(b'{"window": 63, "scale": [1e-3, null]}')
    {'window': 63, 'scale': [0.001, None]}
    >>> strict_json(b'{"window": 63, "window": 64}')
    Traceback (most recent call last):
    ValueError: the name 'window' stands twice in one object
    """
    items = content.count(b"[") + content.count(b"{")
    if items > MAX_ITEMS:
        raise ValueError(f"JSON holds more than {MAX_ITEMS:,} lists and objects")
    try:
        value = _DECODER.decode(content.decode())
    except RecursionError:
        raise ValueError(f"JSON nests deeper than {MAX_DEPTH}") from None
    if items <= MAX_DEPTH:
        return value
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inside = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, (dict, list))]
        if not inside:
            return value
        level = [item for items in inside for item in items]
    raise ValueError(f"JSON nests deeper than {MAX_DEPTH}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise ValueError(f"the name {twice[:80]!r} stands twice in one object")
    return found


def _integer(digits: str) -> int:
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**64:
        raise ValueError(f"{digits[:24]}... is beyond 64 bits" if len(digits) > 24 else f"{digits} is beyond 64 bits")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:24]} is beyond what a float holds")
    return value


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant)
