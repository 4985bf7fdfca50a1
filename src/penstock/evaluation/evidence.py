"""The evidence of a comparison on its page: pictures of tests, intervals, members and trading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from penstock.evaluation.trading import HOLDING, Trading
from penstock.evaluation.typical import shown_series
from penstock.report.evidence import (
    difference_picture,
    fan_picture,
    horizon_picture,
    pairs_picture,
    spread_picture,
    wealth_picture,
)
from penstock.report.svg import Picture

if TYPE_CHECKING:
    from penstock.evaluation.comparison import Comparison

__all__ = ["evidence_pictures"]

_MOST_LINES = 6  # as many as there are colours
_ZOOM = 120  # forecasts in the picture of intervals
_BEFORE = 8  # horizons of history before a fan


def evidence_pictures(comparison: Comparison, trading: Trading | None) -> list[Picture]:
    """Draw every picture for which the comparison has more than one thing to show."""
    pictures = []
    others = [name for name in [*comparison.networks, *comparison.entries] if name != comparison.naive]
    others = list(dict.fromkeys(others))
    if comparison.levels:
        pictures += _intervals(comparison, (others or [comparison.naive])[0])
    if others:
        pictures.append(_difference(comparison))
    if comparison.split.horizon > 1:
        shown = [*others[: _MOST_LINES - 1], comparison.naive]
        errors = comparison.step_errors
        pictures.append(horizon_picture({name: errors[name] for name in shown}, comparison.scoring.judged.heading))
    if len(comparison.entries) > 2 and comparison.pairs.tested:
        pairs = comparison.pairs
        pictures.append(pairs_picture(pairs.names, pairs.statistic, pairs.corrected, pairs.test))
    several = [name for name, entry in comparison.entries.items() if len(entry.yhat) > 1]
    if several:
        rmse = {row["model"]: row["rmse"] for row in comparison.rows}
        members = {name: _member_errors(comparison, name) for name in several}
        caption = "RMSE of each member (dots), of their joint forecast (bar), and of the last value (line)."
        line = ("last value", rmse[comparison.naive])
        pictures.append(spread_picture("Members", caption, members, rmse, "RMSE", line))
    if trading is not None:
        strategies = {HOLDING: trading.strategies[HOLDING], **trading.strategies}
        shown = list(strategies)[: _MOST_LINES + 1]
        wealth = {name: strategies[name].wealth for name in shown}
        pictures.append(wealth_picture(trading.times, wealth, trading.table().notes[0]))
    return pictures


def _difference(comparison: Comparison) -> Picture:
    scoring = comparison.scoring
    losses = {name: scoring.by_time(comparison.rows_of(name)) for name in comparison.entries}
    baselines = [name for name in losses if name not in comparison.networks]
    best = min(baselines, key=lambda name: float(losses[name].sum()))
    order = list(dict.fromkeys([*comparison.networks, *losses]))
    shown = [name for name in order if name != best][:_MOST_LINES]
    what = "squared errors" if scoring.judged.key == "rmse" else scoring.judged.heading
    return difference_picture(scoring.times, {name: losses[best] - losses[name] for name in shown}, best, what)


def _intervals(comparison: Comparison, name: str) -> list[Picture]:
    """Draw the intervals of one model for the series that pictures show first: the newest fan, and cutoff by cutoff."""
    bounds = comparison.entries[name].bounds
    if bounds is None:
        return []
    series, whose = next(iter(shown_series(comparison).items()))
    mine = np.flatnonzero(comparison.scoring.rows.series == series)[-_ZOOM:]
    pictures = []
    if comparison.split.horizon > 1 or len(mine) == 1:
        pictures.append(_fan(comparison, name, bounds, int(mine[-1]), whose))
    if len(mine) > 1:
        pictures.append(_rolled(comparison, name, bounds, mine, whose))
    return pictures


def _fan(comparison: Comparison, name: str, bounds: NDArray[np.float64], place: int, whose: str) -> Picture:
    """Draw all steps ahead from one cutoff, behind the values that led to it; there the fan begins, without width."""
    panel, cutoff, targets = comparison.panel, int(comparison.origins[place]), comparison.targets[place]
    first = max(int(panel.offsets[panel.series_of(comparison.origins[[place]])[0]]), cutoff - _BEFORE * len(targets))
    rows, known = np.arange(first, targets[-1] + 1), panel.y[cutoff]

    def opened(steps: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([np.full(cutoff - first, np.nan), [known], steps])

    bands = {
        f"{level:g} %": (opened(bounds[number, 0, place]), opened(bounds[number, 1, place]))
        for number, level in reversed(list(enumerate(comparison.levels)))
    }
    steps = f"All {len(targets)} steps ahead" if len(targets) > 1 else "The step ahead"
    caption = f"{steps} from the last cutoff{whose}, with their intervals; dots are what came before and after."
    yhat = opened(comparison.entries[name].forecast[place])
    return fan_picture(f"Forecast fan of {name}", caption, panel.times[rows], panel.y[rows], name, yhat, bands)


def _rolled(
    comparison: Comparison, name: str, bounds: NDArray[np.float64], mine: NDArray[np.int64], whose: str
) -> Picture:
    """Draw the last step ahead of the newest cutoffs."""
    panel, step = comparison.panel, comparison.split.horizon - 1
    rows = comparison.targets[mine, step]
    bands = {
        f"{level:g} %": (bounds[number, 0, mine, step], bounds[number, 1, mine, step])
        for number, level in reversed(list(enumerate(comparison.levels)))
    }
    what = f"The last {len(mine)} forecasts, {step + 1} step{'s' * (step > 0)} ahead{whose}"
    caption = f"{what}, with their intervals; dots are what came."
    yhat = comparison.entries[name].forecast[mine, step]
    return fan_picture(f"Intervals of {name}", caption, panel.times[rows], panel.y[rows], name, yhat, bands)


def _member_errors(comparison: Comparison, name: str) -> NDArray[np.float64]:
    y = comparison.panel.y[comparison.targets]
    errors: NDArray[np.float64] = np.sqrt(((comparison.entries[name].yhat - y) ** 2).mean(axis=(1, 2)))
    return errors
