"""The local linear trend model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.structural import StructuralModel

__all__ = ["LocalTrend"]


@dataclass(repr=False, eq=False)
class LocalTrend(StructuralModel):
    """A level with a slope, both drifting, seen through noise; the filtered slope is drawn on from the filtered level.

    y_t = μ_t + ε_t, μ_{t+1} = μ_t + ν_t + ξ_t, ν_{t+1} = ν_t + ζ_t (see :class:`StructuralModel`).

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": range(30), "y": [float(2 * n + n % 2) for n in range(30)]})
    >>> LocalTrend(horizon=2).fit(frame).predict()["yhat"].round(0).tolist()  # the line is 2n + ½
    [61.0, 63.0]

    References
    ----------
    Durbin & Koopman (2012), *Time Series Analysis by State Space Methods*, section 3.2.1.
    """

    label = "LocalTrend"
    rows_needed = 3
    rows_to_fit = 15
    parameters = 3
    components = "lltrend"

    def _ahead(
        self, state: NDArray[np.float64], covariance: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        h = np.arange(1, self.horizon + 1)
        level, both, slope = (covariance[:, i, j, None] for i, j in ((0, 0), (0, 1), (1, 1)))
        return state[:, :1] + h * state[:, 1:], level + 2 * h * both + h**2 * slope

    def _shocks(self, params: NDArray[np.float64]) -> NDArray[np.float64]:
        irregular, level, slope = params
        h = np.arange(1, self.horizon + 1)
        return irregular + level * h + slope * (h - 1) * h * (2 * h - 1) / 6  # the squares up to h - 1, summed
