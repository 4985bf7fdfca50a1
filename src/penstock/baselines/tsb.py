"""The method of Teunter, Syntetos and Babai for intermittent demand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.intermittent import IntermittentDemand
from penstock.options import option

__all__ = ["TSB"]

Values = NDArray[np.float64]


@dataclass(repr=False, eq=False)
class TSB(IntermittentDemand):
    """The smoothed size of demands times the smoothed chance of one, which is renewed at every row.

    Unlike :class:`penstock.Croston`'s, the forecast falls while no demand comes.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": range(6), "y": [4.0, 4.0, 0.0, 0.0, 0.0, 0.0]})
    >>> TSB(0.1, 0.5, horizon=2).fit(frame).predict()["yhat"].tolist()  # 4 with a chance of 1/16
    [0.25, 0.25]

    References
    ----------
    Teunter, Syntetos & Babai (2011), *Intermittent demand: linking forecasting to inventory obsolescence*.
    """

    alpha: float | None = option(None, "smoothing parameter of the sizes; None: chosen", above=0, at_most=1)
    beta: float | None = option(None, "smoothing parameter of the chance; None: chosen", above=0, at_most=1)

    smoothing = ("alpha", "beta")

    @property
    def label(self) -> str:
        """Short name in tables."""
        said = [f"{name}={value:g}" for name in self.smoothing if (value := getattr(self, name)) is not None]
        return f"TSB({', '.join(said)})" if said else "TSB"

    def _means(self, y: Values, alphas: tuple[Values, ...]) -> Iterator[Values]:
        alpha, beta = alphas
        size = chance = np.zeros(np.broadcast_shapes(y.shape[1:], alpha.shape))
        for row, value in enumerate(y):
            there, demand = ~np.isnan(value), value > 0
            size = np.where(demand & (size == 0), value, np.where(demand, size + alpha * (value - size), size))
            chance = np.where(there, demand if row == 0 else chance + beta * (demand - chance), chance)
            yield size * chance
