"""Scores of values and forecasts as plain arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["METRICS", "measure"]

Values = NDArray[np.float64]


def _rmse(y: Values, yhat: Values) -> float:
    return float(np.sqrt(np.mean((y - yhat) ** 2)))


def _mae(y: Values, yhat: Values) -> float:
    return float(np.mean(np.abs(y - yhat)))


def _r2(y: Values, yhat: Values) -> float:
    spread = float(np.sum((y - y.mean()) ** 2))
    return 1 - float(np.sum((y - yhat) ** 2)) / spread if spread > 0 else np.nan


def _pearson(y: Values, yhat: Values) -> float:
    if len(y) < 2 or np.ptp(y) == 0 or np.ptp(yhat) == 0:
        return np.nan  # a constant has no correlation
    one, other = y - y.mean(), yhat - yhat.mean()
    size = np.sqrt(one @ one) * np.sqrt(other @ other)
    return float(np.clip(one @ other / size, -1, 1)) if size > 0 else np.nan


def _spearman(y: Values, yhat: Values) -> float:
    from scipy.stats import rankdata

    return _pearson(rankdata(y), rankdata(yhat)) if len(y) > 1 else np.nan


METRICS: dict[str, Callable[[Values, Values], float]] = {
    "rmse": _rmse,
    "mae": _mae,
    "r2": _r2,
    "pearson": _pearson,
    "spearman": _spearman,
}
"""The scores by name: root mean squared error and mean absolute error in units of the target, R² against the mean of
the test rows, and the two information coefficients (Pearson's correlation, and Spearman's of ranks)."""


def measure(y: Values, yhat: Values) -> dict[str, float]:
    """Compute every score over all cutoffs and steps; NaN where a score does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> measure(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0]))["mae"].__round__(4)
    0.3333
    """
    return {name: metric(y.ravel(), yhat.ravel()) for name, metric in METRICS.items()}
