"""The ridge regression on lags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.penalised import PenalisedRegression

__all__ = ["Ridge"]


@dataclass(repr=False, eq=False)
class Ridge(PenalisedRegression):
    """Regression on lags with the penalty P(β) = ‖β‖² / 2 (see :class:`PenalisedRegression` for the rest).

    The weights are those of scikit-learn's ``Ridge`` with ``alpha`` = penalty × samples, on standardised data.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": range(40), "y": [1.0, -1.0] * 20})
    >>> Ridge(lags=2, penalty=1e-9, horizon=3).fit(frame).predict()["yhat"].round(6).tolist()
    [1.0, -1.0, 1.0]

    References
    ----------
    Hoerl & Kennard (1970), *Technometrics* 12; James et al. (2023), *ISLP*, section 6.2.1.
    """

    def _path(
        self, X: NDArray[np.float64], y: NDArray[np.float64], penalties: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        U, s, Vt = np.linalg.svd(X, full_matrices=False)  # once for all penalties
        shrunk = s / (np.square(s) + penalties[:, None] * len(y)) * (U.T @ y)
        return (shrunk @ Vt)[:, None]
