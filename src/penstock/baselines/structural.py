"""What structural models share: variances by maximum likelihood, then one pass of the Kalman filter."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.variances import likeliest_shares
from penstock.data.panel import Panel
from penstock.estimator import Estimator

__all__ = ["Filtered", "StructuralModel"]

Values = NDArray[np.float64]


class Filtered(NamedTuple):
    """The Kalman filter after one more row: the innovation and its variance, and what is known of the states.

    Attributes
    ----------
    innovation, variance
        The one-step error v and its variance F; both None where the row began the filter.
    state, covariance
        Mean and covariance of the states, each as a tuple of the parts that differ: level; or level, slope, and the
        variance of the level, its covariance with the slope, the variance of the slope.
    """

    innovation: Values | None
    variance: Values | None
    state: tuple[Values, ...]
    covariance: tuple[Values, ...]


@dataclass(repr=False, eq=False)
class StructuralModel(Estimator):
    """An unobserved level, and perhaps a slope, read from the values by a Kalman filter.

    The filter starts exactly diffuse (Durbin & Koopman 2012, section 5.2). The variances are fitted on the training
    rows by maximum likelihood with their sum concentrated out, all series side by side, each for itself; the forecasts
    at every cutoff are read from the filtered state there.

    Attributes
    ----------
    variances_
        Variances of the irregular, the level and, where there is one, the slope, ``[series, variances]``.
    """

    fits = ("variances",)
    states: ClassVar[int]
    """States of the model, and rows from which the filter starts."""

    @property
    def rows_kept(self) -> None:
        """All of them: the state remembers its whole past."""
        return None

    @abc.abstractmethod
    def _filter(self, y: Values, variances: tuple[Values, ...]) -> Iterator[Filtered]:
        """Filter row by row, from row ``states − 1`` on.

        `y` is ``[rows, ...]``, the variances broadcast with its other axes.
        """

    @abc.abstractmethod
    def _ahead(self, state: tuple[Values, ...], covariance: tuple[Values, ...]) -> tuple[Values, Values]:
        """Give means and variances of the level ahead, ``[n, horizon]``, from what is known at cutoffs ``[n]``."""

    @abc.abstractmethod
    def _shocks(self, variances: Values) -> Values:
        """Give the variance that the irregular and the states' shocks add by each step ahead, ``[n, horizon]``."""

    def _fit(self, train: Panel, watched: Panel | None) -> None:
        scale = np.array([_unit(train.y[train.span(series)]) for series in range(len(train))])
        y = _side_by_side(train, scale)
        count = (train.lengths - self.states).astype(float)
        known = np.isfinite(y)

        def concentrated(shares: Values, which: NDArray[np.int64]) -> tuple[Values, Values]:
            """Return the sum of the logs of the variances, and that of the squares of the scaled innovations."""
            parts = tuple(np.moveaxis(shares, -1, 0))
            logs, squares = np.zeros((2, len(which), shares.shape[1]))
            for row, now in enumerate(self._filter(y[:, which, None], parts), self.states - 1):
                if now.innovation is None or now.variance is None:
                    continue
                there = known[row, which][:, None]
                logs += np.where(there, np.log(now.variance), 0)
                squares += np.where(there, np.square(now.innovation) / now.variance, 0)
            return logs, squares

        def deviance(shares: Values, which: NDArray[np.int64]) -> Values:
            logs, squares = concentrated(shares, which)
            return count[which, None] * np.log(np.maximum(squares, 1e-300)) + logs  # a line has no errors at all

        shares = likeliest_shares(deviance, len(train), self.states + 1)
        total = concentrated(shares[:, None], np.arange(len(train)))[1][:, 0] / count
        self.variances_ = shares * (total * np.square(scale))[:, None]

    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> Values:
        return self._filtered(panel, origins, fitted)[0][None]

    def _sigma(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> Values:
        return np.sqrt(self._filtered(panel, origins, fitted)[1])

    def _filtered(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> tuple[Values, Values]:
        """Filter all series once, up to their last cutoffs, and forecast from all of them."""
        largest = self.variances_[fitted].max(axis=1)
        scale = np.where(largest > 0, np.sqrt(largest), 1.0)  # so that what counts as zero to the filter is that
        y = _side_by_side(panel, scale)
        variances = self.variances_[fitted] / np.square(scale)[:, None]
        series = panel.series_of(origins)
        rows = origins - panel.offsets[series]
        mean, variance = np.empty((2, len(origins), self.horizon))
        order = np.argsort(rows, kind="stable")
        first = 0
        for row, now in enumerate(self._filter(y[: rows.max() + 1], tuple(variances.T)), self.states - 1):
            last = first + int(np.searchsorted(rows[order[first:]], row, side="right"))
            here = order[first:last]
            if len(here):
                own = series[here]
                mean[here], variance[here] = self._ahead(
                    tuple(part[own] for part in now.state), tuple(part[own] for part in now.covariance)
                )
            first = last
        level = panel.y[panel.offsets[:-1]][series][:, None]
        unit = scale[series][:, None]
        return mean * unit + level, (variance + self._shocks(variances[series])) * np.square(unit)


def _side_by_side(panel: Panel, scale: Values) -> Values:
    """Return the series side by side ``[rows, series]``, each from zero on and in its unit; NaN behind its end."""
    y = np.full((int(panel.lengths.max()), len(panel)), np.nan)
    for series in range(len(panel)):
        values = panel.y[panel.span(series)]
        y[: len(values), series] = (values - values[0]) / scale[series]
    return y


def _unit(values: Values) -> float:
    """Return the deviation of the steps, in whose units variances are numbers near one."""
    spread = float(np.diff(values).std())
    return spread if spread > 1e-12 * np.abs(values).max() else 1.0
