"""The local level model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.structural import Filtered, StructuralModel

__all__ = ["LocalLevel"]

Values = NDArray[np.float64]


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
    states = 1

    def _filter(self, y: Values, variances: tuple[Values, ...]) -> Iterator[Filtered]:
        irregular, level = variances
        known, P = y[0], irregular
        yield Filtered(None, None, (known,), (P,))
        for value in y[1:]:
            P = P + level
            v, F = value - known, P + irregular
            gain = P / np.where(F > 0, F, 1)
            known, P = known + gain * v, P * (1 - gain)
            yield Filtered(v, F, (known,), (P,))

    def _ahead(self, state: tuple[Values, ...], covariance: tuple[Values, ...]) -> tuple[Values, Values]:
        steps = (1, self.horizon)
        return np.tile(state[0][:, None], steps), np.tile(covariance[0][:, None], steps)

    def _shocks(self, variances: Values) -> Values:
        irregular, level = variances.T[:, :, None]
        return irregular + level * np.arange(1, self.horizon + 1)
