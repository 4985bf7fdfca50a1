"""One model of a comparison, with what it forecast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.estimator import Estimator

__all__ = ["Entry", "settings_tried"]

_MOST_CHOICES = 4  # listed of those that refits made


@dataclass(frozen=True, eq=False)
class Entry:
    """One model of a comparison.

    Attributes
    ----------
    model
        The model as fitted for the last fold.
    yhat
        Forecasts ``[members, n, horizon]``.
    seconds
        Time that all its fits took.
    bounds
        Lower and upper bounds of the intervals around `forecast`, ``[levels, 2, n, horizon]``, if asked for.
    choices
        The options that the fit of each fold chose, in words; empty texts for models whose options are given.
    trials
        The settings that the fit of each fold tried; empty for such models.
    """

    model: Estimator
    yhat: NDArray[np.float64]
    seconds: float
    bounds: NDArray[np.float64] | None = None
    choices: tuple[str, ...] = ()
    trials: tuple[Sequence[Any], ...] = ()

    @property
    def forecast(self) -> NDArray[np.float64]:
        """The model's forecast, the mean (or median) of its members: ``[n, horizon]``."""
        return self.model.aggregate(self.yhat)

    @property
    def notes(self) -> list[str]:
        """What the last fit chose or assumed and, where refits chose otherwise, how often each choice was made."""
        notes = list(self.model.fit_notes)
        often = Counter(self.choices).most_common()
        if len(often) > 1:
            listed = "; ".join(f"{choice} ({count})" for choice, count in often[:_MOST_CHOICES])
            more = f"; {len(often) - _MOST_CHOICES} more" if len(often) > _MOST_CHOICES else ""
            notes.append(
                f"{len(often)} different choices in {len(self.choices)} fits: {listed}{more}; a choice that changes "
                "from fit to fit is worth little"
            )
        return notes


def settings_tried(entries: Iterable[Entry]) -> int | None:
    """Count the settings that models were chosen among, for the deflated Sharpe ratio; None where none was chosen."""
    tried = [entry.model.settings_tried for entry in entries]
    return sum(tried) if max(tried) > 1 else None
