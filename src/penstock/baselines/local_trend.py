"""The local linear trend model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.structural import Filtered, StructuralModel

__all__ = ["LocalTrend"]

Values = NDArray[np.float64]


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
    states = 2

    def _filter(self, y: Values, variances: tuple[Values, ...]) -> Iterator[Filtered]:
        irregular, level, slope = variances
        known, drift = y[1], y[1] - y[0]  # two values tell both states, with these errors
        P, C, D = irregular, irregular, 2 * irregular + level + slope
        yield Filtered(None, None, (known, drift), (P, C, D))
        for value in y[2:]:
            known = known + drift
            P, C, D = P + 2 * C + D + level, C + D, D + slope
            v, F = value - known, P + irregular
            some = np.where(F > 0, F, 1)
            gain, turn = P / some, C / some
            known, drift = known + gain * v, drift + turn * v
            P, C, D = P * (1 - gain), C * (1 - gain), D - turn * C
            yield Filtered(v, F, (known, drift), (P, C, D))

    def _ahead(self, state: tuple[Values, ...], covariance: tuple[Values, ...]) -> tuple[Values, Values]:
        h = np.arange(1, self.horizon + 1)
        (known, drift), (P, C, D) = ([part[:, None] for part in parts] for parts in (state, covariance))
        return known + h * drift, P + 2 * h * C + h**2 * D

    def _shocks(self, variances: Values) -> Values:
        irregular, level, slope = variances.T[:, :, None]
        h = np.arange(1, self.horizon + 1)
        return irregular + level * h + slope * (h - 1) * h * (2 * h - 1) / 6  # the squares up to h - 1, summed
