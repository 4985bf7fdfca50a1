"""JSON and arrays as bytes, the form in which jobs travel to workers and answers come back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from safetensors import numpy as safetensors

from penstock.stored_arrays import read_arrays
from penstock.strict_json import strict_json

__all__ = ["pack", "unpack"]

_ABOUT = "about"


def pack(about: Any, arrays: Any = None) -> bytes:
    """Write JSON and arrays in the safetensors layout.

    Parameters
    ----------
    about
        What JSON can hold.
    arrays
        Arrays by name.

    Returns
    -------
    The bytes, which :func:`unpack` reads.

    Examples
    --------
    >>> about, arrays = unpack(pack({"fold": 3}, {"y": np.ones(2)}))
    >>> about, arrays["y"]
    ({'fold': 3}, array([1., 1.]))
    """
    text = json.dumps(about, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    named = {name: np.ascontiguousarray(array) for name, array in (arrays or {}).items()}
    return bytes(safetensors.save({_ABOUT: np.frombuffer(text, np.uint8), **named}))


def unpack(content: bytes) -> tuple[Any, dict[str, Any]]:
    """Read what :func:`pack` wrote.

    Parameters
    ----------
    content
        The bytes; the arrays share their memory and cannot be written to.

    Returns
    -------
    The JSON, and the arrays by name.

    Raises
    ------
    ValueError
        Where the bytes are not whole.
    """
    arrays = read_arrays(content)
    if _ABOUT not in arrays:
        raise ValueError("they hold no description")
    return strict_json(arrays.pop(_ABOUT).tobytes()), arrays
