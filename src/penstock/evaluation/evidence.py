"""The evidence of a comparison on its page: tables and pictures of tests, intervals, members and trading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penstock.evaluation.table import INTERVAL_COLUMNS, interval_cells
from penstock.evaluation.trading import COLUMNS as TRADING_COLUMNS
from penstock.evaluation.trading import HOLDING, Trading
from penstock.evaluation.trading import cells as trading_cells
from penstock.report.evidence import (
    difference_picture,
    fan_picture,
    horizon_picture,
    pairs_picture,
    spread_picture,
    wealth_picture,
)
from penstock.report.page import PageTable, TableRow
from penstock.report.svg import Picture

if TYPE_CHECKING:
    from penstock.evaluation.comparison import Comparison

__all__ = ["evidence_pictures", "evidence_tables"]

_MOST_LINES = 6  # as many as there are colours
_ZOOM = 120  # forecasts in the picture of intervals


def evidence_tables(comparison: Comparison, trading: Trading | None) -> list[PageTable]:
    """Lay out how well intervals held, and what trading earned."""
    tables = []
    if comparison.levels:
        tables.append(
            PageTable(
                "Intervals on the test rows",
                INTERVAL_COLUMNS,
                [TableRow(line) for row in comparison.rows for line in interval_cells(row, comparison.levels)],
                (
                    f"Made by {comparison.intervals!r} from what was known at each cutoff. Good intervals cover as "
                    "often as their level says and are narrow; the interval score weighs both.",
                ),
            )
        )
    if trading is not None:
        tables.append(
            PageTable(
                "Trading on the forecasts",
                list(TRADING_COLUMNS.values()),
                [TableRow(trading_cells(row)) for row in trading.rows],
                (_traded_how(trading),),
            )
        )
    return tables


def evidence_pictures(comparison: Comparison, trading: Trading | None) -> list[Picture]:
    """Draw every picture for which the comparison has more than one thing to show."""
    pictures = []
    others = [name for name in [*comparison.networks, *comparison.entries] if name != comparison.naive]
    others = list(dict.fromkeys(others))
    if comparison.levels:
        name = (others or [comparison.naive])[0]
        pictures += [_fan(comparison, name, each) for each in [comparison.entries[name].bounds] if each is not None]
    if others:
        pictures.append(_difference(comparison))
    if comparison.split.horizon > 1:
        shown = [*others[: _MOST_LINES - 1], comparison.naive]
        y = comparison.panel.y[comparison.targets]
        pictures.append(
            horizon_picture(
                {name: np.sqrt(((y - comparison.entries[name].forecast) ** 2).mean(axis=0)) for name in shown}
            )
        )
    if len(comparison.entries) > 2:
        pairs = comparison.pairs
        pictures.append(pairs_picture(pairs.names, pairs.statistic, pairs.pvalue))
    several = [name for name, entry in comparison.entries.items() if len(entry.yhat) > 1]
    if several:
        rmse = {row["model"]: row["rmse"] for row in comparison.rows}
        members = {name: _member_errors(comparison, name) for name in several}
        pictures.append(spread_picture(members, rmse, rmse[comparison.naive]))
    if trading is not None:
        books = {HOLDING: trading.books[HOLDING], **trading.books}
        shown = list(books)[: _MOST_LINES + 1]
        wealth = {name: books[name].wealth for name in shown}
        pictures.append(wealth_picture(trading.times, wealth, _traded_how(trading)))
    return pictures


def _traded_how(trading: Trading) -> str:
    desk = trading.desk
    return (
        f"Rule {trading.rule!r}; each position is taken {desk.delay} step{'s' * (desk.delay != 1)} after its signal "
        f"and costs {desk.cost_bps:g} basis points a side. Sharpe ratios are annualised ({trading.periods:g} steps a "
        "year) with Mertens' standard error; PSR is the probability that the true ratio is above zero, DSR that it is "
        "above what the best of all strategies tried would reach by luck."
    )


def _difference(comparison: Comparison) -> Picture:
    losses = {name: comparison.losses(entry.forecast) for name, entry in comparison.entries.items()}
    baselines = [name for name in losses if name not in comparison.networks]
    best = min(baselines, key=lambda name: float(losses[name].sum()))
    order = list(dict.fromkeys([*comparison.networks, *losses]))
    shown = [name for name in order if name != best][:_MOST_LINES]
    return difference_picture(comparison.loss_times, {name: losses[best] - losses[name] for name in shown}, best)


def _fan(comparison: Comparison, name: str, bounds: NDArray[np.float64]) -> Picture:
    """Draw the intervals of one model for the newest cutoffs of the first series that was forecast."""
    entry, panel = comparison.entries[name], comparison.panel
    series = panel.series_of(comparison.origins)
    mine = np.flatnonzero(series == series.min())[-_ZOOM:]
    step = comparison.split.horizon - 1
    picked: tuple[Any, Any]
    if len(mine) > 1:
        rows, picked = comparison.targets[mine, step], (mine, step)
        what = f"The last {len(mine)} forecasts, {step + 1} step{'s' if step else ''} ahead"
    else:
        rows, picked = comparison.targets[mine[0]], (mine[0], slice(None))
        what = "The forecast of all steps"
    bands: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {
        f"{level:g} %": (bounds[place, 0][picked], bounds[place, 1][picked])
        for place, level in reversed(list(enumerate(comparison.levels)))
    }
    whose = "" if len(panel) == 1 else f" (series {panel.ids[int(series.min())]!r})"
    caption = f"{what}{whose}, with its intervals; dots are what came."
    return fan_picture(name, caption, panel.times[rows], panel.y[rows], entry.forecast[picked], bands)


def _member_errors(comparison: Comparison, name: str) -> NDArray[np.float64]:
    y = comparison.panel.y[comparison.targets]
    errors: NDArray[np.float64] = np.sqrt(((comparison.entries[name].yhat - y) ** 2).mean(axis=(1, 2)))
    return errors
