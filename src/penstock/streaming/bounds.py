"""Intervals that follow a stream: conformal, from the newest errors, with adaptive levels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.errors import OptionError
from penstock.intervals.conformal import Conformal
from penstock.intervals.tail import TailErrors

__all__ = ["StreamBounds", "check_intervals"]

Values = NDArray[np.float64]


def check_intervals(intervals: Conformal, levels: tuple[float, ...]) -> None:
    """Refuse intervals that a stream cannot keep in constant memory and time.

    Raises
    ------
    OptionError
        With what is allowed.
    """
    name = type(intervals).__name__
    if intervals.window is None or not intervals.symmetric or intervals.pooled:
        wrong = (
            "window=None"
            if intervals.window is None
            else "symmetric=False"
            if not intervals.symmetric
            else "pooled=True"
        )
        raise OptionError(
            f"{name}: {wrong} is not for streams, which keep the newest absolute errors of each series; allowed: "
            "window=100, symmetric=True, pooled=False."
        )
    if levels and intervals.window < intervals.fewest(levels[-1]):
        raise OptionError(
            f"{name}: window={intervals.window} residuals can give no {levels[-1]:g} % interval; allowed: window of at "
            f"least {intervals.fewest(levels[-1])}."
        )


class StreamBounds:
    """Half widths of intervals for each series and step ahead; what is kept of each is bounded.

    When a value comes, the errors of the forecasts that were made for its time become known: each joins the newest
    `window` of its step, in units of the spread at its cutoff, and moves the step's α (Gibbs & Candès 2021): up after a
    hit, down after a miss. A half width is the ⌈(n + 1)(1 − α)⌉-th smallest of the absolute errors, times the spread;
    infinite where fewer are known than the level needs.

    Parameters
    ----------
    series, horizon
        Number of series, and steps ahead.
    levels
        Levels in percent, ascending.
    intervals
        How many errors count, and the step by which α follows.

    Attributes
    ----------
    queue, ordered
        Newest errors in the order of their arrival, and by size, ``[series, horizon, window]``.
    held, oldest
        How many are held, and the place of the oldest in the queue, ``[series, horizon]``.
    alpha
        Share to be missed, ``[series, horizon, levels]``.
    made, half, spread
        The forecasts of the last `horizon` rows ``[series, horizon, horizon]``, by the number of the row modulo the
        horizon; their half widths ``[series, horizon, levels, horizon]``, and spreads ``[series, horizon]``, NaN where
        no forecast was made.
    rows
        Rows so far, ``[series]``.

    References
    ----------
    Gibbs & Candès (2021), *Adaptive conformal inference under distribution shift*, equation 2.
    """

    arrays = ("queue", "ordered", "held", "oldest", "alpha", "made", "half", "spread", "rows")

    def __init__(self, series: int, horizon: int, levels: tuple[float, ...], intervals: Conformal) -> None:
        window = intervals.window or 1
        self.levels, self.rate, self.window, self.horizon = levels, intervals.rate, window, horizon
        self.fewest = np.array([intervals.fewest(level) for level in levels], dtype=np.int64)
        self.target = 1 - np.array(levels) / 100
        self.queue = np.zeros((series, horizon, window))
        self.ordered = np.zeros((series, horizon, window))
        self.held = np.zeros((series, horizon), dtype=np.int64)
        self.oldest = np.zeros((series, horizon), dtype=np.int64)
        self.alpha = np.tile(self.target, (series, horizon, 1))
        self.made = np.zeros((series, horizon, horizon))
        self.half = np.zeros((series, horizon, len(levels), horizon))
        self.spread = np.full((series, horizon), np.nan)
        self.rows = np.zeros(series, dtype=np.int64)

    def add_series(self) -> None:
        """Make room for one more series."""
        fresh = type(self).__new__(type(self))
        fresh.__dict__ = dict(self.__dict__)
        for name in self.arrays:
            buffer: NDArray[Any] = getattr(self, name)
            fill = np.nan if name == "spread" else self.target if name == "alpha" else 0
            more = np.full((1, *buffer.shape[1:]), fill, buffer.dtype)
            setattr(self, name, np.concatenate([buffer, more]))

    def calibrate(self, series: int, errors: Values) -> None:
        """Take errors ``[n, horizon]`` that are known before the first row, oldest first; NaN are left out."""
        for step in range(self.horizon):
            for error in errors[-self.window :, step]:
                if np.isfinite(error):
                    self._join(series, step, abs(float(error)))

    def calibrate_all(self, tail: TailErrors, series: int) -> None:
        """Take the errors of a validation tail: of each of so many series its own, or all where it has too few."""
        for each in range(series):
            own = tail.errors[tail.series == each]
            enough = np.isfinite(own).sum(axis=0) >= self.fewest.max()
            self.calibrate(each, own if enough.all() else tail.errors)

    def observe(self, series: int, y: float) -> None:
        """Compare the forecasts that were made for this row with its value; NaN where none was observed."""
        row = int(self.rows[series])
        self.rows[series] = row + 1
        if y != y or not self.levels:
            return
        for step in range(min(self.horizon, row)):
            slot = (row - 1 - step) % self.horizon
            spread = self.spread[series, slot]
            if not spread > 0:
                continue
            error = abs(y - self.made[series, slot, step])
            if not error / spread < math.inf:  # a forecast that was not finite
                continue
            missed = error > self.half[series, slot, :, step]
            self.alpha[series, step] += self.rate * (self.target - missed)
            self._join(series, step, float(error / spread))

    def give(self, series: int, forecast: Values, spread: float) -> Values:
        """Return the half widths ``[levels, horizon]`` around the forecast made after the newest row, and keep both."""
        half = np.empty((len(self.levels), self.horizon))
        for step in range(self.horizon):
            held = int(self.held[series, step])
            widest = 0.0
            for place in range(len(self.levels)):
                if held < self.fewest[place]:
                    width = math.inf
                else:
                    rank = min(math.ceil((held + 1) * (1 - float(self.alpha[series, step, place])) - 1e-9), held)
                    width = float(self.ordered[series, step, rank - 1]) if rank > 0 else 0.0
                widest = max(widest, width)
                half[place, step] = widest * spread if widest < math.inf else widest
        slot = (int(self.rows[series]) - 1) % self.horizon
        self.made[series, slot], self.half[series, slot], self.spread[series, slot] = forecast, half, spread
        return half

    def skip(self, series: int) -> None:
        """Note that no forecast was made after the newest row."""
        self.spread[series, (int(self.rows[series]) - 1) % self.horizon] = np.nan

    def _join(self, series: int, step: int, error: float) -> None:
        held = int(self.held[series, step])
        ordered, queue = self.ordered[series, step], self.queue[series, step]
        if held == self.window:
            place = int(self.oldest[series, step])
            gone = int(np.searchsorted(ordered, queue[place]))
            ordered[gone:-1] = ordered[gone + 1 :].copy()
            queue[place] = error
            self.oldest[series, step] = (place + 1) % self.window
            held -= 1
        else:
            queue[held] = error
        place = int(np.searchsorted(ordered[:held], error))
        ordered[place + 1 : held + 1] = ordered[place:held].copy()
        ordered[place] = error
        self.held[series, step] = held + 1
