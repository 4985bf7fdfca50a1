"""The relaxed lasso on lags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.coordinate_descent import elastic_net_path
from penstock.baselines.penalised import PenalisedRegression
from penstock.data.panel import Panel
from penstock.options import option

__all__ = ["RelaxedLasso"]

SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)


@dataclass(repr=False, eq=False)
class RelaxedLasso(PenalisedRegression):
    """The lasso chooses the lags; their weights are then let go towards those of least squares on these lags alone.

    β = γ β_lasso + (1 − γ) β_least squares: with γ = 1 it is the lasso, with γ = 0 it shrinks nothing that it keeps.
    Where no `share` γ is given, cross-validation chooses it of 1, ¾, ½, ¼, 0, together with the penalty (see
    :class:`PenalisedRegression`).

    Attributes
    ----------
    share_
        γ of each regression, ``[series, horizon]``.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": range(40), "y": [1.0, -1.0] * 20})
    >>> RelaxedLasso(lags=2, penalty=0.5, share=0.0, horizon=3).fit(frame).predict()["yhat"].round(6).tolist()
    [1.0, -1.0, 1.0]

    References
    ----------
    Meinshausen (2007), *Computational Statistics & Data Analysis* 52; in the form of Hastie, Tibshirani & Tibshirani
    (2020), *Statistical Science* 35, equation 5.
    """

    share: float | None = option(None, "share γ of the lasso, 0 to 1; None: by cross-validation", at_least=0, at_most=1)

    state_fields = ("coef", "penalty", "share")

    @property
    def _chooses(self) -> bool:
        return self.penalty is None or self.share is None

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        self.share_ = np.empty((len(train), self.horizon))
        super()._fit(train, validation)

    def _kept(self, series: int, step: int, kind: int) -> None:
        self.share_[series, step] = SHARES[kind] if self.share is None else self.share

    def _path(
        self, X: NDArray[np.float64], y: NDArray[np.float64], penalties: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        lasso = elastic_net_path(X, y, penalties, 1.0)
        free = np.zeros_like(lasso)
        for place, weights in enumerate(lasso):
            kept = weights != 0
            if place and np.array_equal(kept, lasso[place - 1] != 0):
                free[place] = free[place - 1]
            elif kept.any():
                free[place, kept] = np.linalg.lstsq(X[:, kept], y, rcond=None)[0]
        shares = np.array(SHARES if self.share is None else (self.share,))[:, None]
        return shares * lasso[:, None] + (1 - shares) * free[:, None]
