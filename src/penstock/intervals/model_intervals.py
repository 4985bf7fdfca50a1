"""The intervals that a model has of its own."""

from __future__ import annotations

import abc
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.errors import DataError, OptionError

__all__ = ["IntervalsMixin"]


class IntervalsMixin(abc.ABC):
    """What a model says of its own errors: from standard errors and a Gaussian, unless it says more in `_bounds`."""

    @property
    @abc.abstractmethod
    def label(self) -> str:
        """Short name in tables."""

    @abc.abstractmethod
    def forecast_panel(self, panel: Panel, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Forecast from many cutoffs of a panel at once, ``[members, n, horizon]``."""

    @abc.abstractmethod
    def _usable(self, panel: Panel, origins: NDArray[np.int64]) -> Panel:
        """See that forecasts can be made there, and drop the covariates that the model does not use."""

    @abc.abstractmethod
    def _fitted_series(self, panel: Panel) -> NDArray[np.int64]:
        """Find each series among those fitted."""

    def _sigma(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Give the standard deviation of each forecast's error, ``[n, horizon]``; None where the model has none."""
        return None

    def bounds_panel(self, panel: Panel, origins: NDArray[np.int64], levels: tuple[float, ...]) -> NDArray[np.float64]:
        """Give the model's own bounds around :meth:`forecast_panel`, ``[levels, 2, n, horizon]``: lower, then upper.

        Raises
        ------
        OptionError
            Where the model has no intervals of its own.
        DataError
            Where the training rows were too few for them.
        """
        panel = self._usable(panel, origins)
        return self._bounds(panel, origins, self._fitted_series(panel), levels)

    def _bounds(
        self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64], levels: tuple[float, ...]
    ) -> NDArray[np.float64]:
        yhat, sigma = self.forecast_panel(panel, origins).mean(axis=0), self.sigma_panel(panel, origins)
        halves = [NormalDist().inv_cdf(0.5 + level / 200) * sigma for level in levels]
        return np.stack([np.stack([yhat - half, yhat + half]) for half in halves])

    def sigma_panel(self, panel: Panel, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the standard deviation of the errors of :meth:`forecast_panel`, ``[n, horizon]``, as the model has it.

        Raises
        ------
        OptionError
            Where the model has no forecast standard errors of its own.
        DataError
            Where the training rows were too few to estimate them.
        """
        panel = self._usable(panel, origins)
        sigma = self._sigma(panel, origins, self._fitted_series(panel))
        if sigma is None:
            raise OptionError(f"{self.label} has no forecast standard errors of its own; leave level= out.")
        if not np.isfinite(sigma).all():
            raise DataError(f"{self.label}: too few training rows to estimate standard errors; give more, or no level.")
        return sigma
