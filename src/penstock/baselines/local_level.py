"""The local level model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.structural import StructuralModel

__all__ = ["LocalLevel"]


@dataclass(repr=False, eq=False)
class LocalLevel(StructuralModel):
    """A random walk seen through noise: y_t = μ_t + ε_t, μ_{t+1} = μ_t + η_t; every step ahead is the filtered level.

    Its best forecast is an exponential average whose memory the two variances decide (see :class:`StructuralModel`).

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": range(30), "y": [4.0, 6.0] * 15})
    >>> LocalLevel(horizon=2).fit(frame).predict()["yhat"].round(3).tolist()  # all is noise: the mean
    [5.0, 5.0]

    References
    ----------
    Durbin & Koopman (2012), *Time Series Analysis by State Space Methods*, chapter 2.
    """

    label = "LocalLevel"
    rows_needed = 2
    rows_to_fit = 10
    parameters = 2
    components = "llevel"

    def _ahead(
        self, state: NDArray[np.float64], covariance: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        steps = (1, self.horizon)
        return np.tile(state[:, :1], steps), np.tile(covariance[:, :1, 0], steps)

    def _shocks(self, params: NDArray[np.float64]) -> NDArray[np.float64]:
        irregular, level = params
        return irregular + level * np.arange(1, self.horizon + 1)
