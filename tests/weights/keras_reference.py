"""Recurrent layers of Keras written down in NumPy, from its own arrays: gates i, f, c, o and z, r, h."""

from __future__ import annotations

from typing import Any

import numpy as np

HARD = {1: lambda x: np.clip(0.2 * x + 0.5, 0, 1), 2: lambda x: np.clip(0.2 * x + 0.5, 0, 1)}
HARD[3] = lambda x: np.clip(x / 6 + 0.5, 0, 1)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def lstm(x: Any, W: Any, U: Any, b: Any, gate: Any = sigmoid) -> Any:
    h = c = np.zeros((len(x), len(U)))
    for step in np.moveaxis(x, 1, 0):
        i, f, g, o = np.split(step @ W + h @ U + b, 4, axis=-1)
        c = gate(f) * c + gate(i) * np.tanh(g)
        h = gate(o) * np.tanh(c)
    return h


def gru(x: Any, W: Any, U: Any, b: Any, gate: Any = sigmoid) -> Any:
    """Reset before the product for b of one axis, after it for ``[2, 3 units]``."""
    units, after = len(U), b.ndim == 2
    h = np.zeros((len(x), units))
    for step in np.moveaxis(x, 1, 0):
        xz, xr, xh = np.split(step @ W + (b[0] if after else b), 3, axis=-1)
        z = gate(xz + h @ U[:, :units] + (b[1, :units] if after else 0))
        r = gate(xr + h @ U[:, units : 2 * units] + (b[1, units : 2 * units] if after else 0))
        if after:
            n = np.tanh(xh + r * (h @ U[:, 2 * units :] + b[1, 2 * units :]))
        else:
            n = np.tanh(xh + (r * h) @ U[:, 2 * units :])
        h = z * h + (1 - z) * n
    return h
