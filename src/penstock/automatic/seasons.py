"""The season of a panel: as given, from the frequency, or found in the values where times are counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.data.rhythm import read_rhythm
from penstock.data.season import check_season, season_of_panel, season_steps

__all__ = ["choose_season", "find_season"]

Values = NDArray[np.float64]

_PERIODS = (4, 5, 7, 12, 13, 24, 48, 52, 96, 144, 168, 288, 336)
"""Periods that are looked for: quarters, days of a week, months, weeks, hours and shorter steps of days and weeks."""

_LEAST = 0.15  # autocorrelation of the differences at a period
_STANDARD_ERRORS = 2.5
_SERIES = 300  # series that are looked at, evenly chosen


def choose_season(panel: Panel, given: int | Sequence[int] | None) -> tuple[tuple[int, ...], str]:
    """Return the periods of a panel in steps, and where they come from.

    Parameters
    ----------
    panel
        Training rows.
    given
        Periods as the user gave them; None: from the frequency, or, where times are counts, from the values.

    Raises
    ------
    DataError
        Where a period that is given is longer than every series.
    """
    periods = season_steps(given)
    if periods is not None:
        check_season(periods, panel)
        return periods, "as given"
    longest = int(np.argmax(panel.lengths))
    if read_rhythm(panel.times[panel.span(longest)]).kind != "count":
        return season_of_panel(panel), "from the frequency"
    return find_season(panel), "found in the values, as times are counts"


def find_season(panel: Panel) -> tuple[int, ...]:
    """Find one period, or two of which the longer holds the shorter whole, by the autocorrelation of differences.

    The mean over the series of the autocorrelation of first differences at a period must be a peak, at least .15, and
    at least 2.5 of its standard errors. Of several periods the shortest counts that comes near the highest; a longer
    one must show in the same way in the differences from one short season to the next.

    Examples
    --------
    >>> y = np.tile([1.0, 3.0, 2.0, 5.0], 20) + np.arange(80) / 10
    >>> find_season(Panel(y, np.arange(80), np.array([0, 80]), (None,)))
    (4,)
    >>> find_season(Panel(np.arange(80.0), np.arange(80), np.array([0, 80]), (None,)))
    ()
    """
    looked_at = np.unique(np.linspace(0, len(panel) - 1, _SERIES).astype(int))
    differences = [np.diff(panel.y[panel.span(series)]) for series in looked_at]
    scores = {period: score for period in _PERIODS if (score := _score(differences, period)) > 0}
    if not scores:
        return ()
    highest = max(scores.values())
    first = min(period for period, score in scores.items() if score >= 0.8 * highest)
    values = [panel.y[panel.span(series)] for series in looked_at]
    without = [y[first:] - y[:-first] for y in values if len(y) > first]
    longer = {period: _score(without, period) for period in _PERIODS if period > first and period % first == 0}
    best = max(longer, key=lambda period: longer[period], default=0)
    return (first, best) if longer.get(best, 0) > 0 else (first,)


def _score(differences: list[Values], period: int) -> float:
    """Return the mean autocorrelation of long enough series at a period; 0 where it is no peak, or within chance."""
    found, rows = [], 0
    for each in differences:
        if len(each) < 3 * period:
            continue
        centred = each - each.mean()
        power = float(centred @ centred)
        if power <= 1e-20 * max(float(np.abs(each).max()), 1e-300) ** 2 * len(each):
            continue
        lags = (period - 1, period, period + 1)
        found.append([float(centred[lag:] @ centred[:-lag]) / (len(each) - lag) * len(each) / power for lag in lags])
        rows += len(each)
    if not found:
        return 0.0
    before, at, after = np.mean(found, axis=0)
    significant = at >= max(_LEAST, _STANDARD_ERRORS / np.sqrt(rows))
    return float(at) if significant and at > before and at > after else 0.0
