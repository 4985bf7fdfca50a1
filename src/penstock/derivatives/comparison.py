"""Gradients by back-propagation beside symmetric differences, entry by entry: the heart of every gradient check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray

from penstock.derivatives.formulas import symmetric

__all__ = ["STEPS", "GradientEntry", "Parameter", "compare_gradients"]

STEPS = (1e-4, 1e-5)
"""The two steps. A wrong gradient disagrees at both; across a kink, as ReLU has, a right one may at the larger."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class GradientEntry:
    """One entry of a parameter: its gradient by both means.

    Attributes
    ----------
    parameter, index
        The parameter's path, such as ``.layers[0].cell.W``, and the place in it.
    analytic
        By back-propagation.
    numeric
        By symmetric differences, at each of the steps.
    errors
        The relative differences, at each of the steps.
    """

    parameter: str
    index: tuple[int, ...]
    analytic: float
    numeric: tuple[float, ...]
    errors: tuple[float, ...]

    @property
    def name(self) -> str:
        """The parameter with the place, such as ``.cell.W[0, 3]``."""
        return f"{self.parameter}[{', '.join(map(str, self.index))}]" if self.index else self.parameter


@dataclass(frozen=True, eq=False)
class Parameter:
    """One parameter: which of its entries were compared, and how far apart the two gradients are.

    Attributes
    ----------
    name, shape
        Its path and shape.
    places
        The flat places of the entries that were compared, ``[n]``.
    analytic
        Their gradients by back-propagation, ``[n]``.
    numeric, errors
        By symmetric differences, and the relative difference, ``[steps, n]``.
    """

    name: str
    shape: tuple[int, ...]
    places: NDArray[np.int64]
    analytic: Values
    numeric: Values
    errors: Values

    def entry(self, place: int) -> GradientEntry:
        """Give the entry that stands at `place` among those compared."""
        index = tuple(int(i) for i in np.unravel_index(self.places[place], self.shape))
        return GradientEntry(
            self.name,
            index,
            float(self.analytic[place]),
            tuple(map(float, self.numeric[:, place])),
            tuple(map(float, self.errors[:, place])),
        )

    @property
    def worst(self) -> GradientEntry:
        """The entry whose error at its better step is the largest."""
        return self.entry(int(np.argmax(self.errors.min(axis=0))))


def compare_gradients(
    function: Callable[[Any], jax.Array],
    at: Any,
    *,
    steps: tuple[float, ...] = STEPS,
    entries: int | None = None,
    seed: int = 0,
) -> list[Parameter]:
    """Compare the gradient of a scalar function with symmetric differences.

    A difference is measured against the larger of the two gradients, and against the root mean square of all gradients
    where that is larger: an entry near zero is not judged by its noise. The noise of the differences themselves,
    ε|f|/h, is allowed for.

    Parameters
    ----------
    function
        A pytree in, one number out.
    at
        A pytree of float64 arrays (under ``jax.enable_x64``).
    steps
        The steps h of the symmetric formula.
    entries
        The most entries of each array to compare, drawn at random; all if left out.
    seed
        Of that draw.

    Returns
    -------
    One comparison for each array of the pytree that has entries.
    """
    flat, unravel = ravel_pytree(at)
    analytic, _ = ravel_pytree(jax.grad(function)(at))
    chosen, first = [], 0
    rng = np.random.default_rng(seed)
    for _, leaf in (leaves := jax.tree_util.tree_leaves_with_path(at)):
        places = np.arange(leaf.size)
        if entries is not None and leaf.size > entries:
            places = np.sort(rng.choice(leaf.size, entries, replace=False))
        chosen.append((first, places))
        first += leaf.size

    @jax.jit
    def differences(flat: jax.Array, places: jax.Array, h: jax.Array) -> jax.Array:
        def one(place: jax.Array) -> jax.Array:
            moved: jax.Array = symmetric.at(lambda t: function(unravel(flat.at[place].add(t))), 0.0, h)
            return moved

        return jax.lax.map(one, places)

    every = np.concatenate([first + places for first, places in chosen])
    numeric = np.stack([np.asarray(differences(flat, jnp.asarray(every), jnp.asarray(h, flat.dtype))) for h in steps])
    exact = np.asarray(analytic)[every]
    noise = np.finfo(flat.dtype).eps * abs(float(function(at))) / np.asarray(steps)[:, None]
    typical = np.sqrt(np.mean(np.square(exact))) if len(exact) else 0.0
    size = np.maximum(np.maximum(np.abs(exact), np.abs(numeric)), max(typical, np.finfo(float).tiny))
    errors = np.maximum(np.abs(numeric - exact) - 4 * noise, 0) / size
    errors = np.where(np.isfinite(errors), errors, np.inf)
    result, done = [], 0
    for (path, leaf), (_, places) in zip(leaves, chosen, strict=True):
        mine = slice(done, done + len(places))
        done += len(places)
        if len(places):
            name = jax.tree_util.keystr(path)
            result.append(Parameter(name, leaf.shape, places, exact[mine], numeric[:, mine], errors[:, mine]))
    return result
