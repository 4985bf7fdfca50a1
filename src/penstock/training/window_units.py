"""Windows in their own units: scaled by their own level and spread as they are gathered, targets as additions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

__all__ = ["SEASONS", "WindowUnits"]

SEASONS = 3  # newest seasons whose mean a network is told


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["level", "inverse", "age", "lag", "facts"],
    meta_fields=["scaled", "season", "steps", "least"],
)
@dataclass(frozen=True, eq=False)
class WindowUnits:
    """What the windows of flat rows are scaled by, each by the values at its last row.

    Attributes
    ----------
    level, inverse
        scaled = (y − level) · inverse, ``[rows]`` both; an inverse of 0 marks a constant window, which reads zeros.
    age
        Rows of its series up to each row, ``[rows]``: a window at the beginning of a series is as long as that.
    lag
        Period of the seasonal naive forecast that the targets are additions to, ``[rows]``; 1 is the last value, 0
        is none: the targets are differences already.
    facts
        What else a network is told of a window beside its steps, ``[rows, facts]``.
    scaled
        Columns of the rows that are in the units of the target, the target first.
    season
        Periods of the seasonal profiles that a network is told beside the steps.
    steps
        Steps ahead.
    least
        Least true length of a window.
    """

    level: jax.Array
    inverse: jax.Array
    age: jax.Array
    lag: jax.Array
    facts: jax.Array
    scaled: tuple[int, ...]
    season: tuple[int, ...]
    steps: int
    least: int

    @property
    def width(self) -> int:
        """Further features of a window: its facts, its last value, and one season of each period and its mean."""
        return self.facts.shape[1] + 1 + 2 * sum(min(period, self.steps) for period in self.season)

    def back(self, window: int) -> int:
        """Return how many rows before a window of full length are read for its seasonal profiles."""
        return max(SEASONS * max(self.season, default=0) - window, 0)

    def read(
        self, values: jax.Array, numbers: jax.Array, length: int, reverse: bool
    ) -> tuple[jax.Array, jax.Array | None, jax.Array]:
        """Gather and scale windows ``[n]`` of `length` steps at most.

        Parameters
        ----------
        values
            The flat rows, ``[rows, features]``.
        numbers, length
            First row of each window as if it had its full length, and that length.
        reverse
            Whether the newest step comes first.

        Returns
        -------
        x, lengths, extra
            Steps ``[n, length, features]`` with zeros behind the true ones; true lengths ``[n]``, None where all are
            full; and the further features ``[n, width]``.
        """
        ends, steps = numbers + length - 1, jnp.arange(length)
        level, inverse = self.level[ends][:, None], self.inverse[ends][:, None]
        lengths: jax.Array | None = None
        if self.least < length:
            lengths = jnp.clip(self.age[ends], 1, length)
            first = ends[:, None] if reverse else (ends - lengths + 1)[:, None]
            rows = first - steps if reverse else first + steps
            x = values.at[rows].get(mode="clip", wrap_negative_indices=False)
        else:
            x = values[(ends[:, None] - steps) if reverse else (numbers[:, None] + steps)]
        columns = np.array(self.scaled)
        own = (x[..., columns] - level[..., None]) * inverse[..., None]
        own = jnp.where(jnp.isnan(own), 0, own)  # a value one season back that the series does not have
        x = x.at[..., columns].set(own)
        x = x if lengths is None else jnp.where((steps < lengths[:, None])[..., None], x, 0)
        return x, lengths, self._extra(values[:, 0], ends, level, inverse)

    def additions(self, y: jax.Array, values: jax.Array, ends: jax.Array) -> jax.Array:
        """Return targets ``[n, steps]`` as additions to the seasonal naive forecasts, in units of the spreads.

        Parameters
        ----------
        y
            The targets.
        values
            The flat rows of the target, ``[rows]``.
        ends
            Last row of each window, ``[n]``.
        """
        return (y - self._base(values, ends)) * self.inverse[ends][:, None]

    def at(self, rows: NDArray[np.integer[Any]]) -> WindowUnits:
        """Copy what belongs to some rows, on the host."""
        cut = {name: np.asarray(getattr(self, name))[rows] for name in ("level", "inverse", "age", "lag", "facts")}
        return replace(self, **cut)

    def _base(self, values: jax.Array, ends: jax.Array) -> jax.Array:
        lag = self.lag[ends][:, None]
        some = jnp.maximum(lag, 1)
        rows = ends[:, None] - some + 1 + jnp.arange(self.steps) % some
        return jnp.where(lag > 0, values.at[rows].get(mode="clip", wrap_negative_indices=False), 0)

    def _extra(self, values: jax.Array, ends: jax.Array, level: jax.Array, inverse: jax.Array) -> jax.Array:
        age = self.age[ends][:, None]
        parts = [values[ends][:, None]]
        for period in self.season:
            ahead = jnp.arange(min(period, self.steps))
            newest = ends[:, None] - period + 1 + ahead
            total, count = jnp.zeros(newest.shape, values.dtype), jnp.zeros(newest.shape, values.dtype)
            for back in range(SEASONS):
                rows = newest - back * period
                there = ends[:, None] - rows < age
                found = values.at[rows].get(mode="clip", wrap_negative_indices=False)
                total, count = total + jnp.where(there, found, 0), count + there
                if back == 0:
                    parts.append(jnp.where(there, found, values[ends][:, None]))
            parts.append(jnp.where(count > 0, total / jnp.maximum(count, 1), level))
        return jnp.concatenate([self.facts[ends], (jnp.concatenate(parts, axis=1) - level) * inverse], axis=1)
