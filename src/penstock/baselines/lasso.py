"""The lasso on lags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.coordinate_descent import elastic_net_path
from penstock.baselines.penalised import PenalisedRegression

__all__ = ["Lasso"]


@dataclass(repr=False, eq=False)
class Lasso(PenalisedRegression):
    """Regression on lags with the penalty P(β) = ‖β‖₁, which leaves lags out (see :class:`PenalisedRegression`).

    It is scikit-learn's ``Lasso`` with ``alpha`` = penalty, on standardised data.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": range(40), "y": [1.0, -1.0] * 20})
    >>> Lasso(lags=2, penalty=1e-9, horizon=3).fit(frame).predict()["yhat"].round(6).tolist()
    [1.0, -1.0, 1.0]

    References
    ----------
    Tibshirani (1996), *Journal of the Royal Statistical Society B* 58; James et al. (2023), *ISLP*, section 6.2.2.
    """

    def _path(
        self, X: NDArray[np.float64], y: NDArray[np.float64], penalties: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        return elastic_net_path(X, y, penalties, 1.0)[:, None]
