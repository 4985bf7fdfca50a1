"""The order in which the batches of several buckets take turns."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Turns"]

_TURNS = 8  # parts into which an epoch cuts each bucket's batches, so that short and long samples take turns


class Turns:
    """The order in which the buckets' batches take turns in an epoch."""

    def __init__(self, steps: dict[int, NDArray[Any]], seed: int) -> None:
        self.seed, self.several = seed, len(steps) > 1
        self._turns = []
        for bucket, count in enumerate(int(each.max()) for _, each in sorted(steps.items())):
            cuts = np.linspace(0, count, min(_TURNS, count) + 1).astype(np.int32)
            self._turns += [(bucket, first, last) for first, last in pairwise(cuts)]

    def of(self, epoch: int) -> NDArray[np.int32] | None:
        """Draw the order in an epoch: bucket, first batch and the one after the last, ``[turns, 3]``."""
        if not self.several:
            return None
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self._turns))
        return np.array([self._turns[place] for place in order], np.int32)
