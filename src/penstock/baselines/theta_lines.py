"""The optimised Theta methods: a smoothed level and a part of a trend line, both chosen by one-step errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["PARAMETERS", "ThetaLines", "ThetaState", "fit_lines"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]

PARAMETERS = ("alpha", "share", "start", "intercept", "slope")
"""What is chosen for each series."""

_BLOCK = 1 << 20  # numbers that are computed at once
_SOLVED = ("share", "start")
_FIRST = 2  # rows before the first error that counts: a slope needs two


class ThetaState(NamedTuple):
    """What is known after some rows, ``[series]`` each: their number, level, mean, intercept and slope."""

    rows: Values
    level: Values
    mean: Values
    intercept: Values
    slope: Values


@dataclass(frozen=True, eq=False)
class ThetaLines:
    """Parameters of each series, ``[series]``.

    The forecast of the next value is the smoothed level ℓ plus a share of a correction along the trend line A + B t:
    ℓ_{t−1} + (1 − 1/θ) [(1 − α)^{t−1} A + (1 − (1 − α)^t) B / α].

    Attributes
    ----------
    alpha, share, start
        Smoothing parameter α, share 1 − 1/θ of the trend line (0: none, θ = 1), and the level before the first row.
    intercept, slope
        The trend line of the training rows; zero where it is not fixed.
    dynamic
        Whether the line follows the rows up to each cutoff instead.
    """

    alpha: Values
    share: Values
    start: Values
    intercept: Values
    slope: Values
    dynamic: bool

    def of(self, fitted: Rows) -> ThetaLines:
        """Give the parameters of some series."""
        return replace(self, **{name: getattr(self, name)[fitted] for name in PARAMETERS})

    def states(self, y: Values) -> Iterator[ThetaState]:
        """Yield what is known after each row of series side by side, ``[rows, series]``, NaN behind their ends."""
        zero = np.zeros(y.shape[1])
        state = ThetaState(zero, self.start, zero, *self._line(zero, zero))
        for value in y:
            state = self._after(state, value)
            yield state

    def one_step(self, state: ThetaState) -> Values:
        """Forecast the row after a state."""
        return state.level + self.share * self._correction(state)

    def ahead(self, state: ThetaState, horizon: int) -> Values:
        """Forecast the rows after a state, each taken as it is forecast, ``[series, horizon]``."""
        found = np.empty((len(self.alpha), horizon))
        for step in range(horizon):
            found[:, step] = self.one_step(state)
            state = self._after(state, found[:, step])
        return found

    def _line(self, intercept: Values, slope: Values) -> tuple[Values, Values]:
        """Return the fixed trend line, or the one that follows the rows."""
        return (intercept, slope) if self.dynamic else (self.intercept, self.slope)

    def _after(self, state: ThetaState, value: Values) -> ThetaState:
        rows = state.rows + 1
        slope = ((rows - 2) * state.slope + 6 * (value - state.mean) / rows) / (rows + 1) * (rows > 1)
        mean = ((rows - 1) * state.mean + value) / rows
        level = self.alpha * value + (1 - self.alpha) * state.level
        return ThetaState(rows, level, mean, *self._line(mean - (rows + 1) / 2 * slope, slope))

    def _correction(self, state: ThetaState) -> Values:
        forgotten = (1 - self.alpha) ** state.rows
        return forgotten * state.intercept + (1 - forgotten * (1 - self.alpha)) / self.alpha * state.slope


def fit_lines(y: Values, alphas: Values, *, dynamic: bool) -> tuple[ThetaLines, Values]:
    """Choose the parameters with the smallest squared one-step errors from the third row on.

    For each α on a grid the errors are linear in the level before the first row and in the share of the trend line, so
    that both are solved for; the grid is then refined around the best of each series.

    Parameters
    ----------
    y
        Series side by side, ``[rows, series]``, NaN behind their ends.
    alphas
        The grid.
    dynamic
        Whether the trend line is fitted again at every row, on the rows so far.

    Returns
    -------
    lines, errors
        The parameters, and the sums of their squared errors ``[series]``.

    References
    ----------
    Fiorucci, Pellegrini, Louzada, Petropoulos & Koehler (2016), *Models for optimising the theta method and their
    relationship to state space models*: equations 5 to 16.
    """
    count = y.shape[1]
    intercept, slope = np.zeros((2, count)) if dynamic else _trend(y)
    best, least = _best(y, np.tile(alphas[:, None], count), intercept, slope, dynamic)
    step = float(np.diff(alphas).max()) / 2
    while step > 0.002:
        around = np.clip(best.alpha + np.array([[-step], [0.0], [step]]), alphas[0], alphas[-1])
        best, least = _best(y, around, intercept, slope, dynamic)
        step /= 2
    return best, least


def _best(y: Values, alphas: Values, intercept: Values, slope: Values, dynamic: bool) -> tuple[ThetaLines, Values]:
    """Solve with each α of ``[alphas, series]`` and keep the best of each series."""
    together = max(_BLOCK // y.shape[1], 1)
    found = [
        _solved(y, alphas[at : at + together], intercept, slope, dynamic) for at in range(0, len(alphas), together)
    ]  # fmt: skip
    errors = np.concatenate([each for _, each in found])
    best = errors.argmin(axis=0)
    own = np.arange(y.shape[1])
    share, start = (np.concatenate([getattr(lines, name) for lines, _ in found])[best, own] for name in _SOLVED)
    return ThetaLines(alphas[best, own], share, start, intercept, slope, dynamic), errors[best, own]


def _solved(y: Values, alpha: Values, intercept: Values, slope: Values, dynamic: bool) -> tuple[ThetaLines, Values]:
    """Solve for the start and the share that, with each α ``[..., series]``, have the smallest squared errors."""
    zero = np.zeros_like(alpha)
    lines = ThetaLines(alpha, zero, zero, intercept, slope, dynamic)
    ww, wc, cc, we, ce, ee = np.zeros((6, *alpha.shape))
    state, weight = ThetaState(zero, zero, zero, *lines._line(zero, zero)), np.ones_like(alpha)
    for row, value in enumerate(y):
        if row >= _FIRST:
            there = ~np.isnan(value)
            error = np.where(there, value - state.level, 0)
            correction = np.where(there, lines._correction(state), 0)
            w = np.where(there, weight, 0)
            ww, wc, cc = ww + w * w, wc + w * correction, cc + correction * correction
            we, ce, ee = we + w * error, ce + correction * error, ee + error * error
        state, weight = lines._after(state, value), weight * (1 - alpha)
    determinant = ww * cc - wc * wc
    regular = determinant > 1e-12 * ww * cc
    share = np.where(regular, (ww * ce - wc * we) / np.where(regular, determinant, 1), 0.5)
    share = np.clip(share, 0, 1)
    known = ww > 1e-10  # else the start is forgotten before the first error
    start = np.where(known, (we - share * wc) / np.where(known, ww, 1), 0)
    errors = ee - 2 * start * we - 2 * share * ce + start**2 * ww + 2 * start * share * wc + share**2 * cc
    return ThetaLines(alpha, share, start, intercept, slope, dynamic), np.maximum(errors, 0)


def _trend(y: Values) -> tuple[Values, Values]:
    """Fit a line to each series over its rows, counted from 1."""
    there = ~np.isnan(y)
    time = np.where(there, np.arange(1.0, len(y) + 1)[:, None], 0)
    count = there.sum(axis=0)
    centred = np.where(there, time - time.sum(axis=0) / count, 0)
    mean = np.where(there, y, 0).sum(axis=0) / count
    slope = (centred * np.where(there, y, 0)).sum(axis=0) / np.square(centred).sum(axis=0)
    return mean - slope * time.sum(axis=0) / count, slope
