"""Regressions on centred and scaled columns: a level far above its own changes costs no digits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Centred"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Centred:
    """The mean and the standard deviation of each column, by which regressors and targets are brought to size 1.

    Attributes
    ----------
    mean, spread
        ``[columns]``; a spread of 1 where a column is constant.

    Examples
    --------
    >>> y = 1e9 + np.array([[1.0], [2.0], [3.0]])
    >>> Centred.of(y).forward(y).ravel().round(6).tolist()
    [-1.224745, 0.0, 1.224745]
    """

    mean: Values
    spread: Values

    @classmethod
    def of(cls, values: Values) -> Centred:
        """Read them off ``[rows, columns]``."""
        mean = values.mean(axis=0)
        spread = (values - mean).std(axis=0)
        return cls(mean, np.where(spread > 0, spread, 1.0))

    def forward(self, values: Values) -> Values:
        """Bring values to mean 0 and deviation 1."""
        scaled: Values = (values - self.mean) / self.spread
        return scaled

    def coefficients(self, constant: Values, weights: Values, regressors: Centred) -> tuple[Values, Values]:
        """Bring coefficients of scaled targets on scaled regressors to the units of both.

        Parameters
        ----------
        constant
            The constant of each target, ``[targets]``.
        weights
            The weight of each regressor for each target, ``[regressors, targets]``.
        regressors
            How the regressors were scaled; these are the targets.

        Returns
        -------
        The constants and the weights in the units of the data.
        """
        whole: Values = weights * self.spread / regressors.spread[:, None]
        return self.mean + self.spread * constant - regressors.mean @ whole, whole
