"""The samples that an update learns: new ones, and older ones drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel

__all__ = ["Chosen"]


@dataclass(frozen=True, eq=False)
class Chosen:
    """Says which samples are learned: those of new targets, and so many others of each series, drawn at random.

    The newest of them alone would pull weights towards what the series did lately. On the S&P 500 of 2010 to 2016, with
    three seeds, 252 daily updates with 63 older samples each made the error 1.4 % larger where these were the newest,
    and less than .1 % where they were drawn from all rows.

    Parameters
    ----------
    panel
        The series.
    first
        Flat row of the first new target of each series, ``[series]``.
    replay
        Older samples of each series.
    seed
        What is drawn from.
    """

    panel: Panel
    first: NDArray[np.int64]
    replay: int
    seed: Sequence[int]

    def __call__(self, targets: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say of samples, by the flat rows of their first targets, which are learned."""
        series = self.panel.series_of(targets)
        chosen: NDArray[np.bool_] = targets >= self.first[series]
        older = np.random.default_rng(self.seed).permutation(np.flatnonzero(~chosen))
        older = older[np.argsort(series[older], kind="stable")]
        _, begin, count = np.unique(series[older], return_index=True, return_counts=True)
        place = np.arange(len(older)) - np.repeat(begin, count)
        chosen[older[place < self.replay]] = True
        return chosen
