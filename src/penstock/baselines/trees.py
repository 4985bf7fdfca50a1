"""Boosted regression trees as arrays: taken from scikit-learn's, stored without pickle, evaluated together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from penstock.errors import DataError

__all__ = ["Trees"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trees:
    """The sum of a constant and of trees whose nodes stand one after the other.

    Attributes
    ----------
    base
        The constant, ``[1]``.
    roots
        Node at which each tree begins, ``[trees]``.
    feature, threshold
        What a node asks: whether this feature is at most this, ``[nodes]``.
    left, right
        The nodes that follow where it is, or where it is not; a leaf follows itself, ``[nodes]``.
    missing_left
        Whether a missing value goes to the left, ``[nodes]``.
    value
        What a leaf adds, ``[nodes]``.
    """

    base: NDArray[np.float64]
    roots: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float64]

    @classmethod
    def none(cls, base: float = 0.0) -> Self:
        """Make a sum of no trees, which is the constant."""
        nothing, whole = np.zeros(0), np.zeros(0, dtype=np.int64)
        return cls(np.array([base]), whole, whole, nothing, whole, whole, np.zeros(0, dtype=bool), nothing)

    @classmethod
    def of(cls, regressor: Any) -> Self:
        """Take the trees of a fitted ``HistGradientBoostingRegressor``."""
        nodes = [each[0].nodes for each in regressor._predictors]
        sizes = np.array([len(each) for each in nodes], dtype=np.int64)
        roots = np.cumsum(sizes) - sizes
        every, start = np.concatenate(nodes), np.repeat(roots, sizes)
        leaf, own = every["is_leaf"].astype(bool), np.arange(len(every))
        return cls(
            base=np.array([float(np.asarray(regressor._baseline_prediction).item())]),
            roots=roots,
            feature=np.where(leaf, 0, every["feature_idx"]).astype(np.int64),
            threshold=np.where(leaf, 0.0, np.nan_to_num(every["num_threshold"])),
            left=np.where(leaf, own, start + every["left"]),
            right=np.where(leaf, own, start + every["right"]),
            missing_left=every["missing_go_to_left"].astype(bool),
            value=np.where(leaf, every["value"], 0.0),
        )

    def check(self) -> None:
        """Refuse arrays of a damaged file: every node must lead to later ones, or to itself."""
        own, nodes = np.arange(len(self.value)), len(self.value)
        onward = [((each >= own) & (each < nodes)).all() for each in (self.left, self.right)]
        leaves_only_at = (self.left == own) == (self.right == own)
        if not all(onward) or not leaves_only_at.all() or not ((self.roots >= 0) & (self.roots < nodes)).all():
            raise DataError("the trees of this model lead nowhere; the file is damaged.")

    def first(self, trees: int) -> Self:
        """Keep the first trees."""
        nodes = int(self.roots[trees]) if trees < len(self.roots) else len(self.value)
        kept = {name: array[:nodes] for name, array in self.arrays().items()}
        return type(self)(**{**kept, "base": self.base, "roots": self.roots[:trees]})

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def predict(self, X: Values) -> Values:
        """Evaluate all trees for the rows of `X` ``[n, features]``, NaN where a feature is missing."""
        found = np.full(len(X), self.base[0])
        for root in self.roots:
            found += self._leaf_values(X, int(root))
        return found

    def staged(self, X: Values) -> Iterator[Values]:
        """Yield the sum of the constant, then with one tree, with two trees, and so on."""
        found = np.full(len(X), self.base[0])
        yield found
        for root in self.roots:
            found = found + self._leaf_values(X, int(root))
            yield found

    def _leaf_values(self, X: Values, root: int) -> Values:
        node, rows = np.full(len(X), root), np.arange(len(X))
        while True:
            asked = X[rows, self.feature[node]]
            goes_left = (asked <= self.threshold[node]) | (np.isnan(asked) & self.missing_left[node])
            following = np.where(goes_left, self.left[node], self.right[node])
            if np.array_equal(following, node):
                return self.value[node]
            node = following
