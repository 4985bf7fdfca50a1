"""Symmetric differences against analytic gradients, in float64, at two step sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

STEPS = (1e-4, 1e-5)


def check(function: Callable[[Any], jax.Array], at: Any, tolerance: float = 1e-6) -> None:
    """Compare every entry of the gradient of a scalar function at a pytree of float64 arrays."""
    leaves, structure = jax.tree.flatten(at)
    assert all(leaf.dtype == np.float64 for leaf in leaves)
    analytic = jax.tree.leaves(jax.grad(function)(at))
    run = jax.jit(function)
    for step in STEPS:
        for place, leaf in enumerate(leaves):
            numeric = np.empty(leaf.shape)
            for index in np.ndindex(leaf.shape):
                values = []
                for sign in (1, -1):
                    moved = np.array(leaf)
                    moved[index] += sign * step
                    values.append(
                        float(run(jax.tree.unflatten(structure, [*leaves[:place], moved, *leaves[place + 1 :]])))
                    )
                numeric[index] = (values[0] - values[1]) / (2 * step)
            np.testing.assert_allclose(analytic[place], numeric, rtol=tolerance, atol=tolerance)
