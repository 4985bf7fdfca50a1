"""Croston's method for intermittent demand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.intermittent import IntermittentDemand
from penstock.options import option

__all__ = ["Croston"]

Values = NDArray[np.float64]


@dataclass(repr=False, eq=False)
class Croston(IntermittentDemand):
    """The smoothed size of demands over the smoothed interval between them, both renewed at each demand.

    ``variant="sba"`` takes off the bias that Syntetos and Boylan found: the factor 1 − α/2. A demand that has ended is
    not noticed; :class:`penstock.TSB` notices it.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": range(8), "y": [0.0, 6.0, 0.0, 6.0, 0.0, 6.0, 0.0, 6.0]})
    >>> Croston(0.1, horizon=2).fit(frame).predict()["yhat"].tolist()  # 6 every second row
    [3.0, 3.0]

    References
    ----------
    Croston (1972), *Forecasting and stock control for intermittent demands*; Syntetos & Boylan (2005), *The accuracy of
    intermittent demand estimates*.
    """

    alpha: float | None = option(None, "smoothing parameter; None: chosen", above=0, at_most=1)
    variant: str = option("classic", "whether the bias is taken off", choices=("classic", "sba"))

    smoothing = ("alpha",)

    @property
    def label(self) -> str:
        """Short name in tables."""
        said = [] if self.alpha is None else [f"{self.alpha:g}"]
        said += [] if self.variant == "classic" else [self.variant]
        return f"Croston({', '.join(said)})" if said else "Croston"

    def _means(self, y: Values, alphas: tuple[Values, ...]) -> Iterator[Values]:
        (alpha,) = alphas
        factor = 1 - alpha / 2 if self.variant == "sba" else 1.0
        size = interval = waited = np.zeros(np.broadcast_shapes(y.shape[1:], alpha.shape))
        for value in y:
            waited = waited + 1
            demand = value > 0
            first = demand & (interval == 0)
            size = np.where(first, value, np.where(demand, size + alpha * (value - size), size))
            interval = np.where(first, waited, np.where(demand, interval + alpha * (waited - interval), interval))
            waited = np.where(demand, 0, waited)
            yield factor * size / np.where(interval > 0, interval, 1)
