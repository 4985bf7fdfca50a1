"""The weights of the lasso and of the elastic net for many penalties, by scikit-learn's coordinate descent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["elastic_net_path"]

Values = NDArray[np.float64]


def elastic_net_path(X: Values, y: Values, penalties: Values, l1_ratio: float) -> Values:
    """Minimise ‖y − Xβ‖² / 2n + penalty · (r ‖β‖₁ + (1 − r) ‖β‖² / 2) for each penalty, ``[penalties, regressors]``.

    Examples
    --------
    >>> X = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    >>> elastic_net_path(X, 2 * X[:, 0], np.array([3.0, 0.5]), 1.0)  # the lasso: 2 − penalty, or nothing
    array([[0. ],
           [1.5]])
    """
    from sklearn.linear_model import enet_path

    gram = X.T @ X  # random_state: the descent goes round in order, but scikit-learn draws a number all the same
    _, weights, _ = enet_path(
        X,
        y,
        l1_ratio=l1_ratio,
        alphas=penalties,
        precompute=gram,
        Xy=X.T @ y,
        tol=1e-7,
        max_iter=20_000,
        random_state=0,
    )
    return np.asarray(weights.T)
