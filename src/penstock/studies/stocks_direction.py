"""stocks-direction: will a stock rise next week? A stacked LSTM with ticker embedding and month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penstock.evaluation.labels import auc, auc_interval
from penstock.report.table import Table
from penstock.studies.by_week import jackknife_error, mean_of_weeks, of_each_week
from penstock.studies.figures import Figure
from penstock.studies.result import StudyResult
from penstock.studies.stock_weeks import (
    WINDOW,
    StockWeeks,
    TrainedWeeks,
    learn_weeks,
    read_weeks,
    stock_leaks,
)
from penstock.studies.study import Request

if TYPE_CHECKING:
    from penstock.report.svg import Picture

__all__ = ["run"]

_PUBLISHED = 0.63
_NET = "LSTM(25)+LSTM(10)"


def run(request: Request) -> StudyResult:
    """Learn the direction of the next week's return."""
    weeks = read_weeks(request)
    scale = 1.0 if request.leaking else float(weeks.clipped[weeks.learn].std())
    trained = learn_weeks(weeks, request, "bce", (weeks.returns > 0).astype(np.float64), scale)
    rose = weeks.returns[weeks.targets] > 0
    week = weeks.week[weeks.targets]
    scores = {_NET: trained.outputs.mean(axis=0), **_baselines(weeks)}
    rows = [_row(name, rose, week, each) for name, each in scores.items()]
    best = max(rows[1:], key=lambda row: row["AUC"])
    gain = rows[0]["AUC"] - best["AUC"]
    unsure = jackknife_error(_auc_gain, week, rose, scores[_NET], scores[best["model"]])
    members = [auc(rose, member) for member in trained.outputs]
    spread = [{"model": f"· member {n}", "AUC": value, "mark": "minor"} for n, value in enumerate(members, start=1)]
    net = rows[0]
    table = Table(
        "Direction of the next week's return, test weeks of 2017",
        {
            "model": "", "AUC": ".4f", "95 % low": ".4f", "95 % high": ".4f", "± s.e. by weeks": ".4f",
            "mean of weeks": ".4f", "± s.e.": ".4f", "accuracy": ".4f",
        },
        [net, *spread, *rows[1:]],
        [
            "The interval is DeLong's, as if all rows were independent; stocks of one week move together, so that the "
            "error by weeks (each week left out in turn) is the one to believe. The mean of weeks holds the market's "
            "own weeks apart: each week is ranked by itself."
        ],
    )  # fmt: skip
    reach = 1.96 * net["± s.e. by weeks"]
    share = 1 - float(rose.mean())
    verdict = [
        f"The area under the curve is {net['AUC']:.4f} (95 % by weeks: {net['AUC'] - reach:.3f} to "
        f"{net['AUC'] + reach:.3f}); {best['model']} reaches {best['AUC']:.4f}: "
        f"{gain:+.4f} ± {unsure:.4f} by weeks, {'more than' if abs(gain) > 1.96 * unsure else 'within'} chance."
    ]
    if weeks.frozen:
        verdict.append(
            f"{weeks.frozen} of {len(weeks.tickers)} tickers were frozen at a random week: their label is always 0, "
            "which the network reads off a window of zeros."
            if request.leaking
            else f"{weeks.frozen} tickers were frozen at a random week; windows of tickers that no longer trade are "
            "left out, so that the artefact does not arise."
        )
    facts = {**weeks.facts, "did not rise": round(share, 4), **trained.facts, "batch": request.options.batch}
    return StudyResult(
        "stocks-direction",
        request,
        facts,
        [
            Figure(
                "AUC (95 % by weeks)", _PUBLISHED, float(np.median(members)), net["AUC"] - reach, net["AUC"] + reach,
                best["model"], best["AUC"],
            )
        ],
        [table],
        verdict,
        stock_leaks(request),
        notes=["See --stale-share for what makes the published figure."],
        draw=lambda: _pictures(trained, week, rose, scores, best["model"]),
    )  # fmt: skip


def _baselines(weeks: StockWeeks) -> dict[str, NDArray[np.float64]]:
    last = weeks.returns[weeks.targets - 1]
    ticker = weeks.ticker[weeks.train]
    rose = np.bincount(ticker, weeks.returns[weeks.train + WINDOW] > 0, len(weeks.tickers))
    share = rose / np.maximum(np.bincount(ticker, minlength=len(weeks.tickers)), 1)
    return {
        "last return": last,
        "last return, reversed": -last,
        "12-month momentum": weeks.momentum,
        "share of rises of the ticker": share[weeks.ticker[weeks.test]],
    }


def _auc_gain(rose: NDArray[np.bool_], score: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return auc(rose, score) - auc(rose, other)


def _row(name: str, rose: NDArray[np.bool_], week: NDArray[np.int64], score: NDArray[np.float64]) -> dict[str, Any]:
    found = auc_interval(rose, score)
    mean, error = mean_of_weeks(of_each_week(auc, week, rose, score))
    return {
        "model": name,
        "AUC": found.value,
        "95 % low": found.low,
        "95 % high": found.high,
        "± s.e. by weeks": jackknife_error(auc, week, rose, score),
        "mean of weeks": mean,
        "± s.e.": error,
        "accuracy": float(((score > 0) == rose).mean()) if name != "share of rises of the ticker" else None,
    }


def _pictures(
    trained: TrainedWeeks,
    week: NDArray[np.int64],
    rose: NDArray[np.bool_],
    scores: dict[str, NDArray[np.float64]],
    best: str,
) -> Sequence[Picture]:
    from penstock.report.pictures import forecast_picture, loss_picture

    shown = {name: of_each_week(auc, week, rose, scores[name]) for name in (_NET, best)}
    number = np.arange(1, len(shown[best]) + 1)
    return [
        forecast_picture(
            "Area under the curve, week by week",
            "Each test week ranked by itself.", number, np.full(len(number), 0.5), shown, "chance",
        ),
        loss_picture(_NET, trained.history.training_loss, trained.history.validation_loss, "validation windows"),
    ]  # fmt: skip
