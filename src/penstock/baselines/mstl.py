"""Several seasons, taken off by local regression, and exponential smoothing of what is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.ets import ets_model, ets_state
from penstock.baselines.library_model import LibraryModel, fitted_or_reason

__all__ = ["MSTL"]

Values = NDArray[np.float64]


@dataclass(repr=False, eq=False)
class MSTL(LibraryModel):
    """MSTL: one or several seasons by STL, each repeated as it was last, and ETS without a season on the rest.

    It takes seasons of any length, such as ``season=(24, 168)`` for hours. Each series is fitted for itself; it needs
    ``pip install 'penstock[classical]'`` (statsforecast).

    Examples
    --------
    >>> MSTL((24, 168), horizon=48).label
    'MSTL((24, 168))'

    References
    ----------
    Bandara, Hyndman & Bergmeir (2021), *MSTL: a seasonal-trend decomposition algorithm for time series with multiple
    seasonal patterns*.
    """

    several_seasons = True

    @property
    def _fit_one(self) -> Callable[..., Values | str]:
        return _fit_mstl

    def _options(self) -> dict[str, Any]:
        return {}

    def _restored(self, state: Values, periods: tuple[int, ...]) -> Any:
        from statsforecast import models

        if not periods:
            return ets_model(state)
        model = models.MSTL(list(periods))
        model.trend_forecaster = ets_model(state)
        return model


def _fit_mstl(y: Values, periods: tuple[int, ...], options: dict[str, Any]) -> Values | str:
    from statsforecast import models

    if not periods:
        return fitted_or_reason(lambda: ets_state(models.AutoETS(model="ZZN").fit(y)))
    return fitted_or_reason(lambda: ets_state(models.MSTL(list(periods), **options).fit(y).trend_forecaster))
