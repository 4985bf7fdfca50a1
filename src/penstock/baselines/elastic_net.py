"""The elastic net on lags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.coordinate_descent import elastic_net_path
from penstock.baselines.penalised import PenalisedRegression
from penstock.options import option

__all__ = ["ElasticNet"]


@dataclass(repr=False, eq=False)
class ElasticNet(PenalisedRegression):
    """Regression on lags with the penalty P(β) = r ‖β‖₁ + (1 − r) ‖β‖² / 2 (see :class:`PenalisedRegression`).

    It is scikit-learn's ``ElasticNet`` with ``alpha`` = penalty and ``l1_ratio`` = r, on standardised data.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": range(40), "y": [1.0, -1.0] * 20})
    >>> ElasticNet(lags=2, penalty=1e-9, horizon=3).fit(frame).predict()["yhat"].round(6).tolist()
    [1.0, -1.0, 1.0]

    References
    ----------
    Zou & Hastie (2005), *Journal of the Royal Statistical Society B* 67.
    """

    l1_ratio: float = option(0.5, "share r of the absolute values in the penalty", above=0, below=1)

    def _path(
        self, X: NDArray[np.float64], y: NDArray[np.float64], penalties: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        return elastic_net_path(X, y, penalties, self.l1_ratio)[:, None]
