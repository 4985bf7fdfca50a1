"""What structural models share: variances by maximum likelihood, then one pass of the Kalman filter."""

from __future__ import annotations

import abc
import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.estimator import Estimator

__all__ = ["StructuralModel"]

Values = NDArray[np.float64]


@dataclass(repr=False, eq=False)
class StructuralModel(Estimator):
    """An unobserved level, and perhaps a slope, read from the values by a Kalman filter.

    statsmodels' ``UnobservedComponents``, started exactly diffuse, does both: it fits the variances on the training
    rows (scaled by the deviation of their steps, so that the optimiser meets numbers near one), each series for itself,
    and filters each panel once; the forecasts at every cutoff are read from the filtered state there.

    Attributes
    ----------
    variances_
        Variances of the irregular, the level and, where there is one, the slope, ``[series, variances]``.
    """

    state_fields = ("variances",)
    components: ClassVar[str]
    """What statsmodels calls the model."""

    @property
    def rows_kept(self) -> None:
        """All of them: the state remembers its whole past."""
        return None

    @abc.abstractmethod
    def _ahead(self, state: Values, covariance: Values) -> tuple[Values, Values]:
        """Give means and variances of the level ahead, ``[n, horizon]``, without the irregular.

        `state` is ``[n, states]`` and `covariance` ``[n, states, states]``, both filtered at the cutoff.
        """

    def _model(self, y: Values) -> Any:
        from statsmodels.tsa.statespace.structural import UnobservedComponents

        return UnobservedComponents(y, self.components, use_exact_diffuse=True)

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        from statsmodels.tools.sm_exceptions import ConvergenceWarning

        variances = []
        for series in range(len(train)):
            y = train.y[train.span(series)]
            scale = float(np.diff(y).std())
            scale = scale if scale > 1e-12 * np.abs(y).max() else 1.0
            with warnings.catch_warnings():
                # A variance at its border of zero stops the search at once; the likelihood there is flat and highest.
                warnings.simplefilter("ignore", ConvergenceWarning)
                fit = self._model((y - y[0]) / scale).fit(disp=False, maxiter=500)
            variances.append(np.asarray(fit.params) * scale**2)
        self.variances_ = np.array(variances)

    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> Values:
        return self._filtered(panel, origins, fitted)[0][None]

    def _sigma(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> Values:
        return np.sqrt(self._filtered(panel, origins, fitted)[1])

    def _filtered(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> tuple[Values, Values]:
        """Filter each series once, up to its last cutoff, and forecast from all of them."""
        series = panel.series_of(origins)
        mean, variance = np.empty((2, len(origins), self.horizon))
        for place in np.unique(series):
            own, first = series == place, panel.offsets[place]
            rows = origins[own] - first
            params = self.variances_[fitted[place]]
            scale = float(np.sqrt(params.max())) or 1.0  # so that what counts as zero to the filter is that
            values = panel.y[first : first + rows.max() + 1]
            model = self._model((values - values[0]) / scale)
            model.update(params / scale**2, transformed=True)
            states = model.ssm.filter()
            level, spread = self._ahead(
                states.filtered_state.T[rows], states.filtered_state_cov.transpose(2, 0, 1)[rows]
            )
            mean[own], variance[own] = level * scale + values[0], (spread + self._shocks(params / scale**2)) * scale**2
        return mean, variance

    @abc.abstractmethod
    def _shocks(self, params: Values) -> Values:
        """Give the variance that the irregular and the states' shocks add by each step ahead, ``[horizon]``."""
