"""The trading view: what forecasts would have earned, costs paid, beside holding."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.frames import FrameKind
from penstock.data.panel import Panel
from penstock.errors import DataError, OptionError, nearest
from penstock.evaluation.positions import Market, Rule, positions
from penstock.evaluation.sharpe import Sharpe, deflated_sharpe, probabilistic_sharpe, sharpe, sharpe_error
from penstock.notebook import notebook_html
from penstock.options import Description, option
from penstock.report.table import Table

__all__ = ["COLUMNS", "HOLDING", "StrategyReturns", "Trading", "TradingOptions", "trade", "trading_options"]

Values = NDArray[np.float64]

HOLDING = "Buy and hold"

COLUMNS = {
    "strategy": ("strategy", ""),
    "total_return": ("total", ".1 %"),
    "annual_return": ("a year", ".1 %"),
    "volatility": ("volatility", ".1 %"),
    "sharpe": ("Sharpe", ".2f"),
    "sharpe_error": ("± s.e.", ".2f"),
    "probabilistic": ("PSR", ".2f"),
    "deflated": ("DSR", ".2f"),
    "drawdown": ("drawdown", ".1 %"),
    "hit_rate": ("hits", ".1 %"),
    "turnover": ("turnover a year", ".1f"),
}
"""The columns of the table: key of a figure, its heading, and how its numbers are shown."""


@dataclass(frozen=True, repr=False)
class TradingOptions(Description):
    """How positions are traded."""

    delay: int = option(1, "steps between a signal and its trade; 0: at the price it was read from", at_least=0)
    cost_bps: float = option(0.0, "cost of each side, in basis points of what is traded", at_least=0)
    periods: float | None = option(None, "steps in a year; None: read from the dates", above=0)
    trials: int | None = option(None, "strategies tried, for the deflated Sharpe ratio; None: those shown", at_least=1)


def trading_options(options: Mapping[str, Any]) -> TradingOptions:
    """Return the options given by name; an unknown name is refused with the nearest."""
    for name in options:
        if name not in TradingOptions.__dataclass_fields__:
            raise OptionError(f"trade has no option {name!r}; {nearest(name, TradingOptions.__dataclass_fields__)}")
    return TradingOptions(**options)


@dataclass(frozen=True, eq=False)
class StrategyReturns:
    """One strategy, step by step.

    Attributes
    ----------
    held
        Weight of each series in the capital during each step, ``[steps, series]``.
    returns
        Return of each step after costs, ``[steps]``.
    traded
        Share of the capital traded at the start of each step, ``[steps]``.
    """

    held: Values
    returns: Values
    traded: Values

    @property
    def wealth(self) -> Values:
        """Growth of 1, ``[steps]``."""
        return np.asarray(np.cumprod(1 + self.returns), dtype=np.float64)

    @property
    def drawdown(self) -> float:
        """Deepest fall from a peak, as a share of it."""
        wealth = np.concatenate([[1.0], self.wealth])
        return float((1 - wealth / np.maximum.accumulate(wealth)).max())


@dataclass(frozen=True, eq=False)
class Trading:
    """What strategies earned over the same steps.

    Attributes
    ----------
    times
        End of each step, ``[steps]``.
    strategies
        Strategies by name, holding all series among them.
    rule, options, periods
        How forecasts became positions, how these were traded, and steps in a year.
    """

    times: NDArray[Any]
    strategies: dict[str, StrategyReturns]
    kind: FrameKind
    rule: Rule
    options: TradingOptions
    periods: float

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """One row a strategy with every figure; Sharpe ratios and their errors are annualised."""
        ratios = {name: sharpe(strategy.returns) for name, strategy in self.strategies.items()}
        tried = [ratio.value for name, ratio in ratios.items() if name != HOLDING and not math.isnan(ratio.value)]
        trials = self.options.trials or max(len(tried), 1)
        variance = float(np.var(tried, ddof=1)) if len(tried) > 1 else 1 / len(self.times)
        return [self._row(name, strategy, ratios[name], trials, variance) for name, strategy in self.strategies.items()]

    @property
    def scores(self) -> Any:
        """The rows, as a frame of the kind that was given to the comparison."""
        return self.kind.plain_frame({key: [row[key] for row in self.rows] for key in self.rows[0]})

    def table(self) -> Table:
        """Lay the rows out."""
        rows = [{heading: row[key] for key, (heading, _) in COLUMNS.items()} for row in self.rows]
        delay, cost = self.options.delay, self.options.cost_bps
        note = (
            f"Rule {self.rule!r}; each position is taken {delay} step{'s' * (delay != 1)} after its signal "
            f"and costs {cost:g} basis points a side. Sharpe ratios are annualised ({self.periods:g} steps a "
            "year) with Mertens' standard error; PSR is the probability that the true ratio is above zero, DSR that it "
            "is above what the best of all strategies tried would reach by luck."
        )
        return Table("Trading on the forecasts", dict(COLUMNS.values()), rows, (note,))

    def to_json(self) -> dict[str, Any]:
        """Give rule, options and rows; the caller turns NaN into null."""
        return {"rule": repr(self.rule), "options": repr(self.options), "periods": self.periods, "rows": self.rows}

    def __str__(self) -> str:
        """Lay the table out as text."""
        return str(self.table())

    def _repr_html_(self) -> str:
        return notebook_html(self.table().to_html(), self.table().notes)

    def _row(self, name: str, strategy: StrategyReturns, ratio: Sharpe, trials: int, variance: float) -> dict[str, Any]:
        steps, year = len(strategy.returns), math.sqrt(self.periods)
        total = float(strategy.wealth[-1]) - 1
        active = strategy.returns[(strategy.held != 0).any(axis=1)]
        known = not math.isnan(ratio.value)
        deflated = deflated_sharpe(ratio, trials, variance) if known and name != HOLDING else math.nan
        return {
            "strategy": name,
            "total_return": total,
            "annual_return": (1 + total) ** (self.periods / steps) - 1 if total > -1 else -1.0,
            "volatility": float(strategy.returns.std(ddof=1)) * year if steps > 1 else math.nan,
            "sharpe": ratio.value * year,
            "sharpe_error": sharpe_error(ratio) * year if known else math.nan,
            "probabilistic": probabilistic_sharpe(ratio) if known else math.nan,
            "deflated": deflated,
            "drawdown": strategy.drawdown,
            "hit_rate": float((active > 0).mean()) if len(active) else math.nan,
            "turnover": float(strategy.traded.sum()) * self.periods / steps,
            "costs": float(strategy.traded.sum()) * self.options.cost_bps / 1e4,
        }


def trade(
    panel: Panel,
    kind: FrameKind,
    origins: NDArray[np.int64],
    forecasts: Mapping[str, Values],
    rule: Rule,
    options: TradingOptions,
) -> Trading:
    """Trade forecasts, each by itself, and hold every series beside them.

    A signal read at time t becomes a position at t + `delay` and earns from there to the next time; it is held until
    the next cutoff's signal arrives. Every position is a share of the capital, which is set again at each step.

    Parameters
    ----------
    panel, kind
        All rows, and the kind of their frame. The values are prices, or returns where the rule says so.
    origins
        Flat row of each cutoff, ``[n]``.
    forecasts
        Forecasts ``[n, horizon]`` by the name of their model.
    rule, options
        How forecasts become positions, and how these are traded.
    """
    market = Market.of(panel, origins, rule)
    if len(market.times) < options.delay + 2:
        raise DataError(
            f"{len(market.times)} times from the first cutoff on leave no step to earn in with delay={options.delay}; "
            "choose a larger test, or a shorter delay."
        )
    strategies = {
        name: _returns_of(positions(rule, market, panel, origins, yhat), market.returns, options)
        for name, yhat in forecasts.items()
    }
    if HOLDING in strategies:
        raise OptionError(f"a model is called {HOLDING!r}, which is the name of the holding beside it; rename it.")
    there = np.isfinite(market.returns)
    held = there / np.maximum(there.sum(axis=1, keepdims=True), 1)
    strategies[HOLDING] = _returns_of(held, market.returns, options)
    times = market.times[1 + options.delay :]
    return Trading(times, strategies, kind, rule, options, options.periods or _periods(panel.times))


def _returns_of(wanted: Values, returns: Values, options: TradingOptions) -> StrategyReturns:
    """Trade the positions `wanted` at each time, ``[times, series]``, `delay` steps later.

    ``returns[t]`` is earned from time t − 1 to t, by what was wanted at t − 1 − delay.
    """
    earned = np.nan_to_num(returns[1 + options.delay :])
    held = wanted[: len(wanted) - 1 - options.delay]
    traded = np.abs(np.diff(held, axis=0, prepend=np.zeros((1, held.shape[1])))).sum(axis=1)
    return StrategyReturns(held, (held * earned).sum(axis=1) - traded * options.cost_bps / 1e4, traded)


def _periods(times: NDArray[Any]) -> float:
    """Read the steps in a year from dates."""
    if times.dtype.kind != "M":
        raise OptionError("counted steps have no year; say how many make one, for example periods=252.")
    gaps = np.diff(np.unique(times)).astype("timedelta64[s]").astype(np.float64)
    days = float(np.median(gaps)) / 86_400
    if days < 0.9:
        raise OptionError("steps shorter than a day: say how many make a year, for example periods=252 * 390.")
    if days < 1.5:
        return 252.0 if np.is_busday(times.astype("datetime64[D]")).all() else 365.0
    return float(max(round(365.25 / days), 1))
