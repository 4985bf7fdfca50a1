"""ARIMA with a season, its orders chosen automatically."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.library_model import LibraryModel, fitted_or_reason
from penstock.fitted_choices import texts_in_words
from penstock.options import option

__all__ = ["ARIMA"]

Values = NDArray[np.float64]

_HEAD = 11  # numbers before the coefficients: seven of the orders, the variance, the rows, two flags


@dataclass(repr=False, eq=False)
class ARIMA(LibraryModel):
    """ARIMA(p, d, q)(P, D, Q): differences by tests of unit roots, the other orders by AICc, step by step.

    Each series is fitted for itself by maximum likelihood; a constant or a drift is part of the choice. It needs
    ``pip install 'penstock[classical]'`` (statsforecast).

    Examples
    --------
    >>> ARIMA(12, horizon=6)
    ARIMA(season=12, horizon=6)
    >>> ARIMA(12).fit(frame).orders  # doctest: +SKIP
    ['ARIMA(1,0,0)(0,1,1)[12] with drift']

    References
    ----------
    Hyndman & Khandakar (2008), *Automatic time series forecasting: the forecast package for R*.
    """

    approximation: bool = option(False, "whether orders are compared by conditional sums of squares: half the time")

    longest_season = 350

    @property
    def orders(self) -> list[str]:
        """The orders of each fitted series, such as ``ARIMA(0,1,1)(0,1,1)[12]``."""
        found = []
        for series in range(len(self.ids_)):
            state = self._state(series)
            p, q, P, Q, period, d, D = (int(order) for order in state[:7])
            seasonal = f"({P},{D},{Q})[{period}]" if period > 1 else ""
            constant = " with mean" if state[9] else " with drift" if state[10] else ""
            found.append(f"ARIMA({p},{d},{q}){seasonal}{constant}")
        return found

    def _chosen_forms(self) -> dict[str, str]:
        return {"orders": texts_in_words(self.orders)}

    @property
    def _fit_one(self) -> Callable[..., Values | str]:
        return _fit_arima

    def _options(self) -> dict[str, Any]:
        return {"approximation": self.approximation}

    def _restored(self, state: Values, periods: tuple[int, ...]) -> Any:
        from statsforecast.models import AutoARIMA

        arma, rows = tuple(int(order) for order in state[:7]), int(state[8])
        p, q, P, Q = arma[:4]
        names = [f"{kind}{lag + 1}" for kind, count in zip(("ar", "ma", "sar", "sma"), (p, q, P, Q), strict=True)
                 for lag in range(count)]  # fmt: skip
        names += ["intercept"] * bool(state[9]) + ["drift"] * bool(state[10])
        model = AutoARIMA(season_length=arma[4])
        model.model_ = {
            "arma": arma,
            "sigma2": state[7],
            "coef": dict(zip(names, state[_HEAD:], strict=True)),
            "xreg": np.arange(1, rows + 1, dtype=np.float64)[:, None] if state[10] else None,
            "x": np.zeros(rows),
            "lambda": None,
        }
        return model


def _fit_arima(y: Values, periods: tuple[int, ...], options: dict[str, Any]) -> Values | str:
    from statsforecast.models import AutoARIMA

    def fit() -> Values:
        found = AutoARIMA(season_length=max(periods, default=1), **options).fit(y).model_
        coef = found["coef"]
        flags = ["intercept" in coef, "drift" in coef]
        return np.array([*found["arma"], found["sigma2"], len(y), *flags, *coef.values()], dtype=np.float64)

    return fitted_or_reason(fit)
