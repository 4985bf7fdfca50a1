"""Windows in their own units, as a function of raw rows: what :mod:`penstock.forecaster.windows` does on the host."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from penstock.data.window_scaling import CONSTANT, LEAST
from penstock.forecaster.windows import WindowReading
from penstock.training.window_units import SEASONS

__all__ = ["OwnUnits", "WindowReader"]


class OwnUnits(NamedTuple):
    """What a network reads of windows in their own units, and what its forecasts are added to.

    Attributes
    ----------
    target
        The scaled targets, ``[batch, window, 1]``.
    columns
        Targets one season back and positions in the season, each ``[batch, window, ...]``.
    extra
        Further features, ``[batch, extra]``.
    lengths
        True lengths, ``[batch]``.
    base, spread
        forecast = base + output · spread; ``[batch, steps]`` and ``[batch]``.
    """

    target: jax.Array
    columns: list[jax.Array]
    extra: jax.Array
    lengths: jax.Array
    base: jax.Array
    spread: jax.Array


class WindowReader:
    """Reads rows that end at the last known value; those that a series does not have are NaN and stand in front.

    Parameters
    ----------
    reading
        How the forecaster reads windows.
    steps
        Steps ahead.

    Attributes
    ----------
    rows
        Rows that are read, after the transform.
    by_series
        Whether the scales of the fitted series are used.
    """

    def __init__(self, reading: WindowReading, steps: int) -> None:
        self.reading, self.steps = reading, steps
        season = max(reading.season, default=1)
        self.rows = max(reading.window + season, SEASONS * max(reading.season, default=0))
        self.by_series = reading.scale is None or reading.scale.spread == "series"

    def read(self, t: jax.Array, shift: jax.Array, scale: jax.Array, position: jax.Array | None) -> OwnUnits:
        """Return what the network reads.

        Parameters
        ----------
        t
            Transformed targets, ``[batch, rows]``; NaN where the series has none yet.
        shift, scale
            Those of each sample's series, ``[batch]``.
        position
            Number of steps since any fixed time at each row of the window, ``[batch, window]``.

        Returns
        -------
        The parts, in float64.
        """
        season, window = self.reading.season, self.reading.window
        age = jnp.sum(jnp.isfinite(t), axis=1)
        lengths = jnp.clip(age, 1, window)
        values = t[:, -window:]
        true = jnp.arange(window) >= window - lengths[:, None]
        level, spread, lag = self._measures(t, age, values, true, lengths, shift, scale)
        inverse = jnp.where(spread > 0, 1 / jnp.where(spread > 0, spread, 1), 0.0)

        def scaled(each: jax.Array, by: jax.Array) -> jax.Array:
            found = (each - level.reshape(by.shape)) * by
            return jnp.where(jnp.isnan(found), 0.0, found)

        wide = inverse[:, None, None]
        back = [t[:, self.rows - window - period : self.rows - period, None] for period in season]
        places = []
        for period in season:
            assert position is not None  # noqa: S101 (read where there is a season)
            angles = 2 * np.pi * np.arange(period) / period
            table = jnp.asarray(np.stack([np.sin(angles), np.cos(angles)], axis=-1))
            places.append(table[jnp.mod(position, period)])
        base = jnp.zeros((t.shape[0], self.steps))
        for period in {1, *season}:
            rows = self.rows - period + np.arange(self.steps) % period
            base = jnp.where((lag == period)[:, None], t[:, rows], base)
        relative = level * inverse
        facts = jnp.sign(relative) * jnp.log(jnp.abs(relative) + jnp.sqrt(relative * relative + 1))
        extra = jnp.concatenate([facts[:, None], scaled(self._profiles(t, level), inverse[:, None])], axis=1)
        columns = [scaled(each, wide) for each in back] + places
        return OwnUnits(scaled(values[..., None], wide), columns, extra, lengths, base, spread)

    def aligned(self, x: jax.Array, lengths: jax.Array, reverse: bool) -> tuple[jax.Array, jax.Array | None]:
        """Return windows ``[batch, window, features]`` with zeros behind their true steps, and the true lengths.

        Parameters
        ----------
        x
            Windows that end at the last column.
        lengths
            True lengths, ``[batch]``.
        reverse
            Whether the newest step comes first.

        Returns
        -------
        The windows, and their lengths where they may be shorter than the window.
        """
        window = self.reading.window
        if self.reading.least >= window:
            return (x[:, ::-1] if reverse else x), None
        steps = jnp.arange(window)
        if reverse:
            x = x[:, ::-1]
        else:
            rows = jnp.clip(steps + window - lengths[:, None], 0, window - 1)
            x = jnp.take_along_axis(x, rows[..., None], axis=1, mode="clip")
        return jnp.where((steps < lengths[:, None])[..., None], x, 0.0), lengths.astype(jnp.int32)

    def _measures(
        self,
        t: jax.Array,
        age: jax.Array,
        values: jax.Array,
        true: jax.Array,
        lengths: jax.Array,
        shift: jax.Array,
        scale: jax.Array,
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Return level, spread and lag (:func:`penstock.data.window_scaling.measure_windows`), ``[batch]`` each."""
        reading, window = self.reading, self.reading.window
        errors = {}
        for period in {1, *reading.season}:
            earlier = t[:, self.rows - window - period : self.rows - period]
            apart = jnp.where(true, jnp.abs(values - earlier), jnp.nan)
            there = jnp.isfinite(apart)
            count = jnp.sum(there, axis=1)
            total = jnp.sum(jnp.where(there, apart, 0.0), axis=1)
            errors[period] = jnp.where(count > 0, total / jnp.maximum(count, 1), jnp.nan)
        lag = jnp.ones_like(age)
        best = jnp.full_like(shift, jnp.inf)
        for period in sorted(reading.season):
            error = jnp.where(jnp.isnan(errors[period]), np.finfo(float).max, errors[period])
            better = (age >= period) & (error < best)
            lag, best = jnp.where(better, period, lag), jnp.where(better, error, best)
        if reading.lost:
            lag = jnp.where(lag == 1, 0, lag)
        if reading.scale is None:
            return shift, scale, lag
        first = jnp.take_along_axis(values, (window - lengths)[:, None], axis=1, mode="clip")
        apart = jnp.where(true, values - first, 0.0)
        mean = jnp.sum(apart, axis=1) / lengths
        deviation = jnp.sqrt(jnp.sum(jnp.where(true, (apart - mean[:, None]) ** 2, 0.0), axis=1) / lengths)
        level = mean + first[:, 0]
        if reading.scale.level == "last":
            level = values[:, -1]
        elif reading.scale.level == "median":
            ordered = jnp.sort(jnp.where(true, values, jnp.inf), axis=1)
            middle = jnp.stack([(lengths - 1) // 2, lengths // 2], axis=1)
            level = jnp.sum(jnp.take_along_axis(ordered, middle, axis=1, mode="clip"), axis=1) / 2
        size = jnp.where(true, jnp.abs(values), 0.0)
        largest, size = jnp.max(size, axis=1), jnp.sum(size, axis=1) / lengths
        if reading.scale.spread == "series":
            return level, scale, lag
        if reading.scale.spread == "absolute":
            spread = size
        elif reading.scale.spread == "deviation":
            spread = deviation
        else:
            spread = errors[min(reading.season, default=1)]
            spread = jnp.where(jnp.isnan(spread), errors[1], spread)
            spread = jnp.where(jnp.isnan(spread), spread, jnp.maximum(spread, LEAST * deviation))
        spread = jnp.where(jnp.isnan(spread) | (lengths == 1), size, spread)
        return level, jnp.where(spread > CONSTANT * largest, spread, 0.0), lag

    def _profiles(self, t: jax.Array, level: jax.Array) -> jax.Array:
        """Return the last value, the newest season of each period and its mean, ``[batch, ...]``, unscaled."""
        parts = [t[:, -1:]]
        for period in self.reading.season:
            ahead = np.arange(min(period, self.steps))
            total = jnp.zeros((t.shape[0], len(ahead)))
            count = jnp.zeros((t.shape[0], len(ahead)))
            for back in range(SEASONS):
                found = t[:, self.rows - period + ahead - back * period]
                there = jnp.isfinite(found)
                total, count = total + jnp.where(there, found, 0.0), count + there
                if back == 0:
                    parts.append(jnp.where(there, found, t[:, -1:]))
            parts.append(jnp.where(count > 0, total / jnp.maximum(count, 1), level[:, None]))
        return jnp.concatenate(parts, axis=1)
