"""From forecasts to positions: what to hold, from nothing but what was known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.errors import DataError, OptionError
from penstock.options import Description, option
from penstock.registry import resolve

__all__ = ["RULES", "Market", "Quantile", "Rule", "Sign", "VolatilityScaled", "positions", "resolve_rule"]

Values = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Rule(Description):
    """How forecasts become positions; a rule is one of its kinds."""

    values: str = option("prices", "what the series hold", choices=("prices", "returns"))
    ahead: int = option(1, "step of the horizon that is the signal", at_least=1)

    def weights(self, signal: Values, past: Values) -> Values:
        """Give the weight of each series, ``[series]``, which are shares of the capital.

        Parameters
        ----------
        signal
            Expected return of each series, ``[series]``; NaN where there is no forecast.
        past
            Returns up to the cutoff, ``[times, series]``; NaN where a series has none.
        """
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class Sign(Rule):
    """Long where the forecast rises, short where it falls, each series with an equal share of the capital."""

    def weights(self, signal: Values, past: Values) -> Values:
        """Share the capital among the series that have a forecast."""
        count = max(int(np.isfinite(signal).sum()), 1)
        shares: Values = np.nan_to_num(np.sign(signal)) / count
        return shares


@dataclass(frozen=True, repr=False)
class Quantile(Rule):
    """Long the series with the highest forecasts, short those with the lowest, half the capital on each side."""

    share: float = option(0.2, "share of the series on each side", above=0, below=0.5)

    def weights(self, signal: Values, past: Values) -> Values:
        """Rank the series that have a forecast; fewer than two give no position, ties by their order in the frame."""
        there = np.flatnonzero(np.isfinite(signal))
        out = np.zeros(len(signal))
        side = max(int(self.share * len(there)), 1)
        if len(there) < 2 or np.ptp(signal[there]) == 0:
            return out
        order = there[np.argsort(signal[there], kind="stable")]
        out[order[:side]], out[order[-side:]] = -0.5 / side, 0.5 / side
        return out


@dataclass(frozen=True, repr=False)
class VolatilityScaled(Rule):
    """As Sign, each position so large that past volatility would give it the target; at most `leverage` times."""

    target: float = option(0.01, "volatility of each step that a position aims at", above=0)
    window: int = option(60, "returns up to the cutoff that tell the volatility", at_least=2)
    leverage: float = option(2.0, "largest position, in shares of what Sign would hold", above=0)

    def weights(self, signal: Values, past: Values) -> Values:
        """Divide the target by the standard deviation of the last returns; no position where there are too few."""
        newest = past[-self.window :]
        known = np.isfinite(newest).sum(axis=0)
        mean = np.nansum(newest, axis=0) / np.maximum(known, 1)
        squares = np.nansum((newest - mean) ** 2, axis=0)
        deviation = np.sqrt(squares / np.maximum(known - 1, 1))
        with np.errstate(divide="ignore"):
            size = np.minimum(self.target / deviation, self.leverage)
        shares: Values = Sign().weights(signal, past) * np.where(known >= 2, size, 0.0)
        return shares


RULES: dict[str, type[Rule]] = {"sign": Sign, "quantile": Quantile, "volatility": VolatilityScaled}
"""The rules by name."""


def resolve_rule(given: str | Rule) -> Rule:
    """Return the rule that a name stands for, with its defaults, or what was given.

    Examples
    --------
    >>> resolve_rule("sign"), resolve_rule(Quantile(share=0.1))
    (Sign(), Quantile(share=0.1))
    """
    return resolve("rule", given, RULES, Rule)


@dataclass(frozen=True, eq=False)
class Market:
    """The steps that can be traded.

    Attributes
    ----------
    times
        Every time from the first cutoff on, ``[times]``.
    returns
        Return of each series from the time before, ``[times, series]``; NaN where it has none.
    past
        Returns before the first cutoff and at it, ``[times before, series]``.
    """

    times: NDArray[Any]
    returns: Values
    past: Values

    @classmethod
    def of(cls, panel: Panel, origins: NDArray[np.int64], rule: Rule) -> Market:
        """Lay the returns of a panel out in time."""
        calendar = np.unique(panel.times)
        returns = np.full((len(calendar), len(panel)), np.nan)
        for series in range(len(panel)):
            span = panel.span(series)
            when = np.searchsorted(calendar, panel.times[span])
            y = panel.y[span]
            if rule.values == "returns":
                returns[when, series] = y
            else:
                if (y <= 0).any():
                    row = int((y <= 0).argmax()) + span.start
                    raise DataError(
                        f"prices are positive, but {panel.place(row)} holds {panel.y[row]:g}; where the series are "
                        "returns, give the rule values='returns'."
                    )
                returns[when[1:], series] = y[1:] / y[:-1] - 1
        first = int(np.searchsorted(calendar, panel.times[origins].min()))
        return cls(calendar[first:], returns[first:], returns[: first + 1])


def positions(rule: Rule, market: Market, panel: Panel, origins: NDArray[np.int64], yhat: Values) -> Values:
    """Give the weights wanted at each time, ``[times, series]``, held from one cutoff to the next.

    `yhat` ``[n, horizon]`` are the forecasts made at the flat rows `origins`.
    """
    if rule.ahead > yhat.shape[1]:
        raise OptionError(f"ahead={rule.ahead} is beyond the horizon; allowed: 1 to {yhat.shape[1]}.")
    expected = yhat[:, rule.ahead - 1]
    if rule.values == "prices":
        expected = expected / panel.y[origins] - 1
    when, series = np.searchsorted(market.times, panel.times[origins]), panel.series_of(origins)
    wanted = np.zeros((len(market.times), len(panel)))
    cutoffs = np.unique(when)
    for cutoff, end in zip(cutoffs, [*cutoffs[1:], len(market.times)], strict=True):
        mine = when == cutoff
        signal = np.full(len(panel), math.nan)
        signal[series[mine]] = expected[mine]
        past = np.concatenate([market.past[:-1], market.returns[: cutoff + 1]])
        wanted[cutoff:end] = rule.weights(signal, past)
    return wanted
