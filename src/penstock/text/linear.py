"""Models of a bag of words: penalised logistic and least-squares regression, and a small feed-forward net.

Each comes back as a chain of layers (W, b) with ReLU between, so that one function answers for all and no library is
needed to read a saved one.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ALPHAS", "CLASSIFIERS", "REGRESSORS", "Chain", "answer", "fit_classifier", "fit_regressor"]

CLASSIFIERS = ("ridge", "lasso", "nb", "net")
REGRESSORS = ("ridge", "lasso", "net")
ALPHAS: dict[str, tuple[float, ...]] = {
    "ridge": (0.1, 1.0, 10.0, 100.0),
    "lasso": (1.0, 3.0, 10.0, 30.0, 100.0),
    "nb": (0.1, 1.0, 10.0, 100.0),
    "net": (1e-4, 1e-3, 1e-2, 1e-1),
}
"""Penalties that are tried where none is given: of half the squared weights, of their sizes, and for the net of half
the squared weights of a mean loss. The loss of the others is a sum over the documents."""

Chain = list[tuple[NDArray[np.float64], NDArray[np.float64]]]


def fit_classifier(kind: str, X: Any, y: NDArray[np.int64], classes: int, alpha: float, seed: int) -> Chain:
    """Fit a classifier to bags ``[documents, features]`` and class numbers; its last layer gives logits.

    Two classes have one logit; more are fitted each against the rest, but by the net, which has one for each.

    References
    ----------
    Wang & Manning (2012) for ``nb``: features are multiplied by r, the log ratio of their smoothed frequencies (α = 1)
    in the two classes, and ridge is fitted to these.
    """
    if kind == "net":
        return _net("MLPClassifier", X, y, alpha, seed)
    columns = [
        _logistic(kind, X, (y == label).astype(int), alpha) for label in ([1] if classes == 2 else range(classes))
    ]
    return [(np.stack([w for w, _ in columns], axis=1), np.array([b for _, b in columns]))]


def fit_regressor(kind: str, X: Any, y: NDArray[np.float64], alpha: float, seed: int) -> Chain:
    """Fit a regression to bags ``[documents, features]`` and values, standardised here and back."""
    shift, scale = y.mean(), y.std() or 1.0
    z = (y - shift) / scale
    if kind == "net":
        chain = _net("MLPRegressor", X, z, alpha, seed)
    else:
        from sklearn.linear_model import Lasso, Ridge

        model = Ridge(alpha=alpha) if kind == "ridge" else Lasso(alpha=alpha / X.shape[0])
        model.fit(X, z)
        coefficients = np.asarray(model.coef_, dtype=np.float64)
        chain = [(coefficients[:, None], np.array([float(model.intercept_)]))]
    W, b = chain[-1]
    return [*chain[:-1], (W * scale, b * scale + shift)]


def answer(chain: Chain, X: Any) -> NDArray[np.float64]:
    """Run a chain on bags: ``[documents, outputs]``."""
    values = X
    for place, (W, b) in enumerate(chain):
        values = np.asarray(values @ W) + b
        if place < len(chain) - 1:
            values = np.maximum(values, 0)
    return np.asarray(values, dtype=np.float64)


def _logistic(kind: str, X: Any, y: NDArray[np.int64], alpha: float) -> tuple[NDArray[np.float64], float]:
    from sklearn.linear_model import LogisticRegression

    r = _log_ratio(X, y) if kind == "nb" else None
    if r is not None:
        X = X.multiply(r[None, :]).tocsr()
    lasso = kind == "lasso"
    model = LogisticRegression(
        C=1 / alpha, l1_ratio=float(lasso), solver="liblinear" if lasso else "lbfgs", max_iter=2000, random_state=0,
        **({"intercept_scaling": 10.0} if lasso else {}),
    )  # fmt: skip
    model.fit(X, y)
    coefficients = np.asarray(model.coef_[0], dtype=np.float64)
    return (coefficients if r is None else coefficients * r), float(model.intercept_[0])


def _log_ratio(X: Any, y: NDArray[np.int64]) -> NDArray[np.float64]:
    p = 1 + np.asarray(X[y == 1].sum(axis=0), dtype=np.float64).ravel()
    q = 1 + np.asarray(X[y == 0].sum(axis=0), dtype=np.float64).ravel()
    return np.asarray(np.log(p / p.sum()) - np.log(q / q.sum()))


def _net(name: str, X: Any, y: NDArray[Any], alpha: float, seed: int, units: Sequence[int] = (16, 16)) -> Chain:
    """Train two layers of 16 ReLU units, stopped early by a tenth of the rows, drawn, where there are enough.

    Of labels there are enough where each has two rows, and the tenth has one row for each.
    """
    from sklearn import neural_network

    rows = X.shape[0]
    enough = rows >= 500
    if name == "MLPClassifier":
        counts = np.unique(y, return_counts=True)[1]
        enough = enough and bool(counts.min() >= 2) and rows >= 10 * len(counts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=UserWarning)  # the last epoch came before the patience ran out
        model = getattr(neural_network, name)(
            tuple(units), alpha=alpha, batch_size=min(128, max(rows // 50, 8), rows), early_stopping=enough,
            n_iter_no_change=4, max_iter=int(np.clip(200_000 // rows, 20, 200)), random_state=seed,
        ).fit(X, y)  # fmt: skip
    return [
        (np.asarray(W, dtype=np.float64), np.asarray(b, dtype=np.float64))
        for W, b in zip(model.coefs_, model.intercepts_, strict=True)
    ]
