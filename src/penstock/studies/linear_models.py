"""Linear models of a table, each by its weights: least squares, the lasso, the relaxed lasso."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Lassos", "fit_lassos", "fit_linear", "mean_error"]

Values = NDArray[np.float64]

_FOLDS, _PENALTIES = 10, 100


@dataclass(frozen=True, eq=False)
class Lassos:
    """The lasso and the relaxed lasso, each with the penalty that cross-validation of the training rows chose.

    Attributes
    ----------
    lasso, relaxed
        Intercept and weights, ``[1 + columns]``.
    kept
        Columns that the lasso keeps.
    """

    lasso: Values
    relaxed: Values
    kept: NDArray[np.int64]


def mean_error(weights: Values, X: Values, y: Values) -> float:
    """Give the mean absolute error of an intercept and weights, ``[1 + columns]``."""
    return float(np.abs(y - weights[0] - X @ weights[1:]).mean())


def fit_linear(X: Values, y: Values) -> Values:
    """Fit by least squares."""
    return np.asarray(np.linalg.lstsq(np.column_stack([np.ones(len(y)), X]), y, rcond=None)[0], dtype=np.float64)


def _standards(X: Values) -> tuple[Values, Values]:
    deviation = X.std(axis=0)
    return X.mean(axis=0), np.where(deviation > 0, deviation, 1.0)


def _paths(X: Values, y: Values, penalties: Values) -> tuple[Values, Values]:
    """Give the weights of the lasso, and of least squares on what it keeps, for standardised columns."""
    from sklearn.linear_model import lasso_path

    lasso = lasso_path(X, y, alphas=penalties, max_iter=30_000)[1].T
    relaxed = np.zeros_like(lasso)
    for place, weights in enumerate(lasso):
        kept = weights != 0
        if place and np.array_equal(kept, lasso[place - 1] != 0):
            relaxed[place] = relaxed[place - 1]
        elif kept.any():
            relaxed[place, kept] = np.linalg.lstsq(X[:, kept], y, rcond=None)[0]
    return lasso, relaxed


def fit_lassos(X: Values, y: Values) -> Lassos:
    """Choose both penalties as the lab does: 100 of them, the mean absolute error over 10 shuffled folds."""
    from sklearn.model_selection import KFold

    mean, scale = _standards(X)
    most = np.abs(((X - mean) / scale).T @ (y - y.mean())).max() / len(y)
    penalties = most * np.exp(np.linspace(0, np.log(0.01), _PENALTIES))
    losses = np.zeros((2, _PENALTIES))
    for learn, held in KFold(_FOLDS, shuffle=True, random_state=1).split(X):
        centre, spread = _standards(X[learn])
        middle = y[learn].mean()
        both = np.stack(_paths((X[learn] - centre) / spread, y[learn] - middle, penalties))
        errors = y[held] - middle - both @ ((X[held] - centre) / spread).T
        losses += np.abs(errors).mean(axis=2)
    both = np.stack(_paths((X - mean) / scale, y - y.mean(), penalties))
    found = [weights[place] / scale for weights, place in zip(both, losses.argmin(axis=1), strict=True)]
    lasso, relaxed = (np.concatenate([[y.mean() - weights @ mean], weights]) for weights in found)
    return Lassos(lasso, relaxed, np.flatnonzero(lasso[1:]))
