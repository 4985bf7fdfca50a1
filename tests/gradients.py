"""Symmetric differences against analytic gradients, in float64, at two step sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from penstock.derivatives.comparison import STEPS, compare_gradients


def check(function: Callable[[Any], jax.Array], at: Any, tolerance: float = 1e-6) -> None:
    """Compare every entry of the gradient of a scalar function at a pytree of float64 arrays."""
    assert all(leaf.dtype == np.float64 for leaf in jax.tree.leaves(at))
    for parameter in compare_gradients(function, at, steps=STEPS):
        assert (parameter.errors <= tolerance).all(), parameter.worst
