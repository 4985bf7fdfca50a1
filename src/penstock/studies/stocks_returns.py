"""stocks-returns: the next week's return of many stocks, by a stacked LSTM with ticker embedding and month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from penstock.evaluation.sharpe import deflated_sharpe, sharpe, sharpe_error
from penstock.report.table import Table
from penstock.studies.by_week import jackknife_error, mean_of_weeks, of_each_week, rank_correlation
from penstock.studies.figures import Figure
from penstock.studies.result import StudyResult
from penstock.studies.stock_weeks import TrainedWeeks, learn_weeks, read_weeks, stock_leaks
from penstock.studies.study import Request

if TYPE_CHECKING:
    from penstock.report.svg import Picture

__all__ = ["long_short", "quintiles", "run"]

_PUBLISHED = {"rank IC × 100, overall": 4.68, "rank IC × 100, mean of weeks": 1.95}
_NET = "LSTM(25)+LSTM(10)"
_WEEKS_A_YEAR = 52

Values = NDArray[np.float64]


def run(request: Request) -> StudyResult:
    """Learn the next week's return, and trade on it."""
    weeks = read_weeks(request)
    scale = 1.0 if request.leaking else float(weeks.clipped[weeks.learn].std())
    trained = learn_weeks(weeks, request, "mse", weeks.clipped / scale, scale)
    outputs = trained.outputs * scale
    y, week = weeks.returns[weeks.targets], weeks.week[weeks.targets]
    bounded = weeks.clipped[weeks.targets]
    last = weeks.returns[weeks.targets - 1]
    forecasts = {
        _NET: outputs.mean(axis=0),
        "zero": np.zeros(len(y)),
        "last return": last,
        "last return, reversed": -last,
        "12-month momentum": weeks.momentum,
    }
    rows = [_row(name, y, bounded, week, each) for name, each in forecasts.items()]
    columns = ("IC × 100", "weeks' IC × 100")
    best = [max((row for row in rows[2:]), key=lambda row: row[name]) for name in columns]
    members = np.array([_ics(y, week, member) for member in outputs])
    figures = [
        Figure(name, published, *_spread(members[:, place]), best[place]["model"], best[place][columns[place]], ".2f")
        for place, (name, published) in enumerate(_PUBLISHED.items())
    ]
    net = rows[0]
    sure = abs(net["weeks' IC × 100"]) > 1.96 * net["± s.e. of weeks"]
    figures.append(Figure("MSE", 0.00154, net["MSE"], baseline="zero", baseline_value=rows[1]["MSE"], form=".6f"))
    table, cost = quintiles(forecasts, week, y), request.options.cost
    held = {
        name: long_short(week, each, y, weeks.ticker[weeks.test], cost)
        for name, each in forecasts.items()
        if name != "zero"
    }
    return StudyResult(
        "stocks-returns",
        request,
        {**weeks.facts, **trained.facts, "batch": request.options.batch},
        figures,
        [
            Table(
                "Rank information coefficients on the test weeks of 2017",
                {
                    "model": "", "IC × 100": ".2f", "± s.e. by weeks": ".2f", "weeks' IC × 100": ".2f",
                    "± s.e. of weeks": ".2f", "MSE": ".6f",
                },
                rows,
                [
                    "Overall, the rows of all weeks are ranked together, so that a forecast of the market helps; the "
                    "mean of weeks ranks each week by itself, which is what picking stocks needs. MSE is of clipped "
                    "returns."
                ],
            ),
            table,
            _trading(held, cost),
        ],
        [
            f"The mean weekly rank IC × 100 is {net[columns[1]]:.2f} ± {net['± s.e. of weeks']:.2f}, "
            f"{'more than' if sure else 'within'} chance; overall it is {net[columns[0]]:.2f} ± "
            f"{net['± s.e. by weeks']:.2f}. The best baseline by weeks is {best[1]['model']} with "
            f"{best[1][columns[1]]:.2f} ± {best[1]['± s.e. of weeks']:.2f}."
        ],
        stock_leaks(request),
        draw=lambda: _pictures(trained, weeks.weeks[np.unique(week)], table, held, cost),
    )  # fmt: skip


def quintiles(forecasts: dict[str, Values], week: NDArray[np.int64], y: Values) -> Table:
    """Give the mean return of each fifth of the stocks, sorted by forecast within each week."""
    rows = []
    for name, each in forecasts.items():
        if np.ptp(each) == 0:
            continue
        fifth = _fifths(week, each)
        rows.append({"model": name} | {f"fifth {n + 1}": float(y[fifth == n].mean()) for n in range(5)})
    forms = {"model": "", **{f"fifth {n}": ".3%" for n in range(1, 6)}}
    return Table("Mean weekly return by fifths of the forecast, lowest to highest", forms, rows)


def long_short(
    week: NDArray[np.int64], forecast: Values, y: Values, ticker: NDArray[np.int64], cost: float
) -> tuple[Values, Values]:
    """Hold the highest fifth and sell the lowest, equally weighted, anew each week.

    Returns
    -------
    gross, net
        The return of each week, before and after `cost` basis points of each side of what is traded, ``[weeks]``.
    """
    fifth, weeks = _fifths(week, forecast), np.unique(week)
    weights = np.zeros((len(weeks), int(ticker.max()) + 1))
    place = np.searchsorted(weeks, week)
    for side, number in ((1.0, 4), (-1.0, 0)):
        chosen = fifth == number
        count = np.bincount(place[chosen], minlength=len(weeks))
        weights[place[chosen], ticker[chosen]] = side / count[place[chosen]]
    gross = np.bincount(place, weights[place, ticker] * y, len(weeks)).astype(np.float64)
    traded = np.abs(np.diff(weights, axis=0, prepend=np.zeros((1, weights.shape[1])))).sum(axis=1)
    return gross, gross - traded * cost / 1e4


def _fifths(week: NDArray[np.int64], forecast: Values) -> NDArray[np.int64]:
    rank = pd.Series(forecast).groupby(week).rank(method="first", pct=True).to_numpy()
    return np.minimum((rank * 5 - 1e-9).astype(np.int64), 4)


def _ics(y: Values, week: NDArray[np.int64], forecast: Values) -> tuple[float, float]:
    return 100 * rank_correlation(y, forecast), 100 * mean_of_weeks(of_each_week(rank_correlation, week, y, forecast))[
        0
    ]


def _row(name: str, y: Values, bounded: Values, week: NDArray[np.int64], forecast: Values) -> dict[str, Any]:
    mean, error = mean_of_weeks(100 * of_each_week(rank_correlation, week, y, forecast))
    some = np.ptp(forecast) > 0
    return {
        "model": name,
        "IC × 100": 100 * rank_correlation(y, forecast),
        "± s.e. by weeks": 100 * jackknife_error(rank_correlation, week, y, forecast) if some else None,
        "weeks' IC × 100": mean,
        "± s.e. of weeks": error,
        "MSE": float(np.square(bounded - forecast).mean()) if name in (_NET, "zero", "last return") else None,
    }


def _spread(values: Values) -> tuple[float, float | None, float | None]:
    low, high = (float(values.min()), float(values.max())) if len(values) > 1 else (None, None)
    return float(np.median(values)), low, high


def _trading(held: dict[str, tuple[Values, Values]], cost: float) -> Table:
    ratios = {name: sharpe(net) for name, (_, net) in held.items()}
    variance = float(np.var([ratio.value for ratio in ratios.values()], ddof=1))
    rows, root = [], float(np.sqrt(_WEEKS_A_YEAR))
    for name, both in held.items():
        yearly = (float(np.prod(1 + each)) ** (_WEEKS_A_YEAR / len(each)) - 1 for each in both)
        ratio = ratios[name]
        deflated = deflated_sharpe(ratio, len(ratios), variance)
        rows.append([name, *yearly, ratio.value * root, sharpe_error(ratio) * root, deflated])
    columns = {
        "model": "", "a year, gross": ".1%", "a year, net": ".1%", "Sharpe, net": ".2f", "± s.e.": ".2f",
        "deflated": ".1%",
    }  # fmt: skip
    notes = (
        f"Highest fifth held, lowest sold short, anew each week; {cost:g} basis points of each side of what is traded.",
        f"Deflated: the probability that the Sharpe ratio is above what the best of {len(ratios)} reaches by luck.",
    )
    return Table.of("Long-short on the forecast", columns, rows, notes)


def _pictures(
    trained: TrainedWeeks, times: NDArray[Any], fifths: Table, held: dict[str, tuple[Values, Values]], cost: float
) -> Sequence[Picture]:
    from penstock.report.bars import groups_picture
    from penstock.report.pictures import forecast_picture, loss_picture

    numbers = [name for name in fifths.columns if name != "model"]
    curves = {name: np.asarray(np.cumprod(1 + net), dtype=np.float64) for name, (_, net) in held.items()}
    return [
        forecast_picture(
            "Long-short, after costs",
            f"Growth of 1, {cost:g} basis points a side.", times, np.ones(len(times)), curves, "doing nothing",
        ),
        groups_picture(
            "Return by fifths of the forecast",
            "Of each fifth, the mean; a forecast that orders the stocks has bars that rise from left to right.",
            numbers,
            {row["model"]: [100 * row[number] for number in numbers] for row in fifths.rows},
            "mean weekly return, %",
        ),
        loss_picture(_NET, trained.history.training_loss, trained.history.validation_loss, "validation windows"),
    ]  # fmt: skip
