"""What the methods for intermittent demand share: rows of which many are zero, each series for itself."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.errors import DataError
from penstock.estimator import Estimator

__all__ = ["IntermittentDemand"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]

_GRID = np.array([0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3])


@dataclass(repr=False, eq=False)
class IntermittentDemand(Estimator):
    """A mean demand a row from the sizes of the demands and how often they come; every step ahead is that mean.

    Smoothing parameters that are not given are those of 0.01 to 0.3 with the smallest squared one-step errors on the
    training rows of the series. Values are counts or amounts: none may be negative. A series of zeros is forecast zero.

    Attributes
    ----------
    alphas_
        Smoothing parameters of each series, ``[series, parameters]``.
    """

    state_fields = ("alphas", "sigma")
    smoothing: ClassVar[tuple[str, ...]]
    """Options that are smoothing parameters."""
    rows_needed = 1
    rows_to_fit = 2

    @property
    def parameters(self) -> int:
        """The smoothing parameters."""
        return len(self.smoothing)

    @property
    def rows_kept(self) -> None:
        """All of them: the means remember their whole past."""
        return None

    @abc.abstractmethod
    def _means(self, y: Values, alphas: tuple[Values, ...]) -> Iterator[Values]:
        """Give the mean demand after each row of `y`, whose axes but the first broadcast with the parameters'."""

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        y = _side_by_side(train, self.label)
        given = [getattr(self, name) for name in self.smoothing]
        grids = np.meshgrid(*(_GRID if each is None else [each] for each in given), indexing="ij")
        tried = tuple(grid.ravel() for grid in grids)
        squared = np.zeros((len(train), len(tried[0])))
        means = self._means(y[:, :, None], tried)
        next_rows = iter(y[1:, :, None])
        for mean, value in zip(means, next_rows, strict=False):
            squared += np.nan_to_num(np.square(value - mean))
        best = squared.argmin(axis=1)
        self.alphas_ = np.stack([each[best] for each in tried], axis=1)
        least = squared[np.arange(len(train)), best]
        self.sigma_ = np.sqrt(least / np.maximum(train.lengths - 1, 1))

    def _forecast(self, panel: Panel, origins: Rows, fitted: Rows) -> Values:
        y = _side_by_side(panel, self.label)
        means = np.stack(list(self._means(y, tuple(self.alphas_[fitted].T))))
        series = panel.series_of(origins)
        mean = means[origins - panel.offsets[series], series]
        return np.tile(mean[:, None], (1, 1, self.horizon))

    def _sigma(self, panel: Panel, origins: Rows, fitted: Rows) -> Values:
        return np.tile(self.sigma_[fitted[panel.series_of(origins)], None], (1, self.horizon))


def _side_by_side(panel: Panel, label: str) -> Values:
    """Return the series side by side ``[rows, series]``, NaN behind their ends; refuse negative values."""
    if (panel.y < 0).any():
        row = int((panel.y < 0).argmax())
        series = int(panel.series_of(np.array([row]))[0])
        raise DataError(
            f"{label} is for demands, which are zero or above, but{panel.name(series) or ' the series'} holds "
            f"{panel.y[row]:g}; use ETS or Theta."
        )
    y = np.full((int(panel.lengths.max()), len(panel)), np.nan)
    for series in range(len(panel)):
        span = panel.span(series)
        y[: span.stop - span.start, series] = panel.y[span]
    return y
