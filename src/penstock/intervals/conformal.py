"""Conformal intervals: as wide as past residuals say, with nothing assumed of their distribution."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.errors import DataError, OptionError
from penstock.options import Description, option
from penstock.registry import resolve

__all__ = ["INTERVALS", "Adaptive", "Conformal", "ModelIntervals", "ResidualStream", "resolve_intervals"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ResidualStream:
    """Residuals of one series and one step ahead, as they become known.

    Attributes
    ----------
    calibration
        Residuals (actual minus forecast) known before the first cutoff, oldest first, ``[m]``.
    residuals
        Residuals of the forecasts that get intervals, ``[n]``; each is looked at only once it is known.
    cutoffs, targets
        Time at which each forecast was made, in order, and time for which, ``[n]``.

    Notes
    -----
    A residual is NaN where the actual value was not observed but carried forward; such residuals are left out.
    """

    calibration: Values
    residuals: Values
    cutoffs: NDArray[Any]
    targets: NDArray[Any]


@dataclass(frozen=True, repr=False)
class Conformal(Description):
    """Split conformal prediction: a bound is an order statistic of residuals of forecasts that were not fitted on.

    The residuals are those of the validation tail (or of a tail that a twin of the model was not fitted on) and, as the
    origin rolls on, those of past forecasts whose targets are known. Each step ahead has its own. With n of them the
    bound of level 1 − α is the ⌈(n + 1)(1 − α)⌉-th smallest absolute residual; it covers with chance 1 − α at least,
    where residuals are exchangeable.

    References
    ----------
    Lei, G'Sell, Rinaldo, Tibshirani & Wasserman (2018), *Distribution-free predictive inference for regression*.

    Examples
    --------
    >>> times = np.arange(3)
    >>> stream = ResidualStream(np.arange(1.0, 20.0), np.array([50.0, 0.0, 0.0]), times, times + 1)
    >>> Conformal().bounds(stream, (80, 95))[:, 1].tolist()  # the 50 is known at the second cutoff
    [[16.0, 17.0, 17.0], [19.0, 50.0, 50.0]]
    """

    window: int | None = option(None, "newest residuals that count; None: all", at_least=1)
    symmetric: bool = option(True, "bounds alike on both sides, from absolute residuals; False: each side its own")
    pooled: bool = option(False, "share residuals among series, in units of each series' mean absolute step")
    calibration: float = option(
        0.2, "tail of training rows, a share below 1 or rows, that calibrates a model without validation tail", above=0
    )

    @property
    def rate(self) -> float:
        """Step γ by which α follows the misses: none."""
        return 0.0

    def fewest(self, level: float) -> int:
        """Count the residuals without which no bound of a level exists.

        Parameters
        ----------
        level
            Level in percent.

        Returns
        -------
        The number of residuals.

        Examples
        --------
        >>> Conformal().fewest(95), Conformal(symmetric=False).fewest(95)
        (19, 39)
        """
        share = level / 100 if self.symmetric else 0.5 + level / 200
        return math.ceil(share / (1 - share) - 1e-9)

    def bounds(self, stream: ResidualStream, levels: tuple[float, ...]) -> Values:
        """Give what to add to the forecasts for their lower and upper bounds, ``[levels, 2, n]``; they never cross.

        Raises
        ------
        DataError
            Where the residuals before the first cutoff are too few for the highest level.
        """
        if self.window is not None and self.window < self.fewest(levels[-1]):
            raise OptionError(
                f"{type(self).__name__}: window={self.window} residuals can give no {levels[-1]:g} % interval; "
                f"allowed: window of at least {self.fewest(levels[-1])}."
            )
        calibration = stream.calibration[~np.isnan(stream.calibration)]
        if len(calibration) < self.fewest(levels[-1]):
            raise DataError(
                f"{len(calibration)} residuals can give no {levels[-1]:g} % interval: {self.fewest(levels[-1])} "
                "are needed; keep a longer validation tail, or give more rows, or a lower level."
            )
        target = 1 - np.array(levels) / 100
        alpha = target.copy()
        known = _Newest(self.symmetric, calibration, self.window)
        arrivals = np.argsort(stream.targets, kind="stable")
        out = np.empty((len(levels), 2, len(stream.residuals)))
        arrived = 0
        for now, cutoff in enumerate(stream.cutoffs):
            while arrived < len(arrivals) and stream.targets[arrivals[arrived]] <= cutoff:
                past = arrivals[arrived]
                arrived += 1
                if np.isnan(stream.residuals[past]):
                    continue
                missed = (stream.residuals[past] < out[:, 0, past]) | (stream.residuals[past] > out[:, 1, past])
                alpha += self.rate * (target - missed)
                known.add(stream.residuals[past])
            for place, each in enumerate(alpha):
                out[place, :, now] = known.bounds(each)
            out[:, 0, now] = np.minimum.accumulate(out[:, 0, now])
            out[:, 1, now] = np.maximum.accumulate(out[:, 1, now])
        return out


@dataclass(frozen=True, repr=False)
class Adaptive(Conformal):
    """Adaptive conformal inference: α rises after each hit and falls after each miss, so that coverage follows drift.

    α ← α + γ (α₀ − miss), applied as soon as a target is known; the residuals are the newest ones. Where α falls so low
    that no residual is large enough, the largest is taken.

    References
    ----------
    Gibbs & Candès (2021), *Adaptive conformal inference under distribution shift*, equation 2.
    """

    window: int | None = option(100, "newest residuals that count; None: all", at_least=1)
    gamma: float = option(0.02, "step γ by which α follows the misses", above=0)

    @property
    def rate(self) -> float:
        """Step γ by which α follows the misses."""
        return self.gamma


@dataclass(frozen=True, repr=False)
class ModelIntervals(Conformal):
    """Each model's own intervals, as ``predict(level=...)`` gives them; those of split conformal where it has none.

    Standard errors, quantiles and distributions that a model has learned stay as they are until it is fitted again.
    """


INTERVALS: dict[str, type[Conformal]] = {"conformal": Conformal, "adaptive": Adaptive, "own": ModelIntervals}
"""The ways to intervals, by name."""


def resolve_intervals(given: str | Conformal) -> Conformal:
    """Return the intervals that a name stands for, with their defaults, or what was given.

    Examples
    --------
    >>> resolve_intervals("adaptive"), resolve_intervals(Conformal(pooled=True))
    (Adaptive(), Conformal(pooled=True))
    """
    return resolve("intervals", given, INTERVALS, Conformal)


class _Newest:
    """The newest residuals, kept in order of size."""

    def __init__(self, symmetric: bool, first: Values, window: int | None) -> None:
        self.symmetric, self.window = symmetric, window
        self.queue: list[float] = []
        self.ordered: list[float] = []
        for residual in first:
            self.add(residual)

    def add(self, residual: float) -> None:
        score = abs(float(residual)) if self.symmetric else float(residual)
        bisect.insort(self.ordered, score)
        if self.window is not None:
            self.queue.append(score)
            if len(self.queue) > self.window:
                del self.ordered[bisect.bisect_left(self.ordered, self.queue.pop(0))]

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Give the bounds that miss a share α of the residuals, no wider than the largest."""
        n = len(self.ordered)
        if self.symmetric:
            place = min(math.ceil((n + 1) * (1 - alpha) - 1e-9), n)
            width = self.ordered[place - 1] if place > 0 else 0.0
            return -width, width
        place = min(max(math.ceil((n + 1) * (1 - alpha / 2) - 1e-9), (n + 2) // 2), n)
        return self.ordered[n - place], self.ordered[place - 1]
