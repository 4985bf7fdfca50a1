"""Is the best of many models better than chance would make it? Superior predictive ability, model confidence set."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.evaluation.verdict import SIGNIFICANT
from penstock.report.numbers import show_p

__all__ = ["Superiority", "block_length", "judge", "model_confidence_set", "superior_predictive_ability"]

Values = NDArray[np.float64]

_FEWEST = 20  # cutoffs below which resampling them says nothing


@dataclass(frozen=True)
class Superiority:
    """Two judgements on many models at once; both resample the cutoffs in blocks.

    Attributes
    ----------
    benchmark
        The model that the others must beat.
    spa
        p-value of "no model is more accurate than the benchmark" (Hansen's consistent one).
    mcs
        Model confidence set p-value of each model: a model is in the set where it is at least the set's level.
    block, resamples, seed
        Mean length of a block in cutoffs, number of resamples, and their seed.
    """

    benchmark: str
    spa: float
    mcs: dict[str, float]
    block: int
    resamples: int
    seed: int

    @property
    def members(self) -> list[str]:
        """The models that are in the set: none of them is shown to be less accurate than another."""
        return [name for name, p in self.mcs.items() if p >= SIGNIFICANT]

    @property
    def sentences(self) -> list[str]:
        """Say both in words."""
        others = len(self.mcs) - 1
        claim = (
            f"At least one of the {others} models beats {self.benchmark}, also when all are judged together"
            if self.spa < SIGNIFICANT
            else f"None of the {others} models is shown to beat {self.benchmark} when all are judged together"
        )
        inside, level = self.members, f"{100 * (1 - SIGNIFICANT):g} %"
        all_in = "all models: the test rows cannot tell them apart"
        return [
            f"{claim} (superior predictive ability, {show_p(self.spa)}).",
            f"The {level} model confidence set holds "
            + (all_in if len(inside) == len(self.mcs) else f"{len(inside)} of {len(self.mcs)}: {', '.join(inside)}")
            + ".",
        ]

    def to_json(self) -> dict[str, Any]:
        """Give everything by name."""
        return {**asdict(self), "level": 1 - SIGNIFICANT, "members": self.members}


def judge(
    losses: Mapping[str, Values],
    benchmark: str,
    overlap: int = 1,
    resamples: int = 1000,
    seed: int = 0,
    block: int | None = None,
) -> Superiority | None:
    """Judge many models at once, or give None where there are fewer than two challengers or 20 cutoffs.

    Parameters
    ----------
    losses
        Loss of each model at each cutoff, ``[n]``, in the order of time.
    benchmark
        The model among them that the others must beat.
    overlap
        Cutoffs whose forecasts share a target; no block is shorter.
    resamples, seed
        Number of resamples of the stationary bootstrap, and their seed.
    block
        Mean length of a block; 1 where losses are those of series instead of cutoffs; None: :func:`block_length`.
    """
    n = len(losses[benchmark])
    others = {name: loss for name, loss in losses.items() if name != benchmark}
    if len(others) < 2 or n < _FEWEST or all(np.ptp(loss - losses[benchmark]) == 0 for loss in others.values()):
        return None
    block = block_length(losses, benchmark, overlap) if block is None else block
    return Superiority(
        benchmark,
        superior_predictive_ability(losses[benchmark], others, block, resamples, seed),
        model_confidence_set(losses, block, resamples, seed),
        block,
        resamples,
        seed,
    )


def block_length(losses: Mapping[str, Values], benchmark: str, overlap: int = 1) -> int:
    """Choose the mean length of a block: the longest that Politis & White's rule gives for a difference of losses.

    It is at least the cutoffs that overlap, and at most a quarter of all.

    References
    ----------
    Politis & White (2004), corrected by Patton, Politis & White (2009); ``arch`` computes it.
    """
    from arch.bootstrap import optimal_block_length

    differences = [loss - losses[benchmark] for loss in losses.values()]
    lengths = [optimal_block_length(d)["stationary"].iloc[0] for d in differences if np.ptp(d) > 0]
    longest = max((math.ceil(length) for length in lengths if math.isfinite(length)), default=1)
    return max(overlap, min(longest, len(losses[benchmark]) // 4), 1)


def superior_predictive_ability(
    loss: Values, others: Mapping[str, Values], block: int, resamples: int = 1000, seed: int = 0
) -> float:
    """Give the p-value of "none of the `others` is more accurate than the benchmark, whose loss is `loss`".

    References
    ----------
    Hansen (2005), *A test for superior predictive ability*; the studentised test and its consistent p-value, by
    ``arch.bootstrap.SPA``.
    """
    from arch.bootstrap import SPA

    differing = np.column_stack([each for each in others.values() if np.ptp(each - loss) > 0])
    test = SPA(loss, differing, block_size=block, reps=resamples, seed=seed)
    test.compute()
    return float(test.pvalues["consistent"])


def model_confidence_set(
    losses: Mapping[str, Values], block: int, resamples: int = 1000, seed: int = 0
) -> dict[str, float]:
    """Give each model's p-value; those of at least α form the set that holds the best models with chance 1 − α.

    Models whose losses are equal at every cutoff count once and share their p-value.

    References
    ----------
    Hansen, Lunde & Nason (2011), *The model confidence set*; the range statistic, by ``arch.bootstrap.MCS``.
    """
    from arch.bootstrap import MCS

    kept: dict[str, Values] = {}
    twin = {}
    for name, loss in losses.items():
        twin[name] = next((other for other, known in kept.items() if np.ptp(known - loss) == 0), name)
        kept.setdefault(twin[name], loss)
    if len(kept) == 1:
        return dict.fromkeys(losses, 1.0)
    test = MCS(np.column_stack(list(kept.values())), size=SIGNIFICANT, reps=resamples, block_size=block, seed=seed)
    test.compute()
    pvalues = dict(zip(kept, test.pvalues["Pvalue"].sort_index(), strict=True))
    return {name: float(pvalues[twin[name]]) for name in losses}
