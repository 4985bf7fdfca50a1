"""trackers: moving averages, a Kalman filter, least squares and an LSTM, all following one price.

Source: Jansen, *Machine Learning for Algorithmic Trading*, and many others, who draw such lines through a price. A line
that follows a price looks right because it is late. Edition 1 follows the S&P 500 by the day, edition 2 one stock by
the week; each tracker stands as the forecast of the next price, and how late it is, is measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from penstock.baselines.autoregression import AR
from penstock.baselines.ema import EMA
from penstock.baselines.linear_trend import LinearTrend
from penstock.baselines.local_level import LocalLevel
from penstock.baselines.local_trend import LocalTrend
from penstock.baselines.naive import Naive
from penstock.baselines.sma import SMA
from penstock.datasets.stocks import stocks
from penstock.errors import DataError, nearest
from penstock.evaluation.compare import compare
from penstock.evaluation.comparison import Comparison
from penstock.evaluation.rolling_origin import RollingOrigin
from penstock.forecaster import Forecaster
from penstock.layers.declared import LSTM
from penstock.networks.network import Network
from penstock.report.table import Table
from penstock.studies.comparisons import comparison_tables, of_members
from penstock.studies.figures import Figure
from penstock.studies.result import StudyResult
from penstock.studies.sp500 import read_index
from penstock.studies.study import Request

if TYPE_CHECKING:
    from penstock.report.svg import Picture

__all__ = ["delay", "run"]

Values = NDArray[np.float64]

_FARTHEST = 40  # steps back at which a tracker is looked for
_LSTM = "LSTM(20)"


def run(request: Request) -> StudyResult:
    """Let every tracker follow the price, one step ahead."""
    frame, test = _read(request)
    lstm = Forecaster(
        Network([LSTM(20)]),
        window=20,
        transform="log_return",
        scale="standard",
        patience=10,
        **request.training(100),
    )
    models = {
        _LSTM: lstm, "Naive": Naive(), "SMA(20)": SMA(20), "SMA(5)": SMA(5), "EMA(20)": EMA(20),
        "Kalman, local level": LocalLevel(), "Kalman, local trend": LocalTrend(), "OLS line (20)": LinearTrend(20),
        "OLS on 5 lags": AR(5),
    }  # fmt: skip
    result = compare(models, frame, RollingOrigin(horizon=1, test=test), level=(95,), intervals="adaptive")
    late = _late(result)
    naive = result.row("Naive")
    best = min((row for row in result.rows if row["model"] != _LSTM), key=lambda row: row["rmse"])
    net = result.row(_LSTM)
    members = of_members(net, "rmse")
    slow = max(late, key=lambda name: late[name])
    return StudyResult(
        "trackers",
        request,
        {
            "series": str(result.panel.ids[0]),
            "rows": len(frame),
            "first": f"{frame['ds'].iloc[0]:%F}",
            "last": f"{frame['ds'].iloc[-1]:%F}",
            "test": test,
            "parameters of the LSTM": lstm.parameters,
        },
        [
            Figure(
                "RMSE of the LSTM", None, members["median"], members["low"], members["high"], best["model"],
                best["rmse"], "4g",
            )
        ],
        [_table(result, late), *comparison_tables(result)],
        [
            f"Every tracker follows the price from behind: the last value by {late['Naive']:.1f} steps, {slow} by "
            f"{late[slow]:.1f}. None but those that lean on the last value come near its RMSE of {naive['rmse']:.4g}; "
            f"the best is {best['model']} with {best['rmse']:.4g}.",
            *result.said,
        ],
        draw=lambda: [_chart(result), *result.pictures()],
        comparison=result,
    )  # fmt: skip


def _read(request: Request) -> tuple[pd.DataFrame, int]:
    if request.edition == 1:
        return read_index(request), 251
    frame = stocks(request.data)
    ticker = request.options.ticker
    names = frame["unique_id"].astype(str)
    if not (names == ticker).any():
        raise DataError(f"the prices have no ticker {ticker!r}; {nearest(ticker, sorted(set(names)))}")
    return frame[names == ticker].reset_index(drop=True), 104


def delay(y: Values, tracker: Values) -> float:
    """Measure how many steps a tracker is late: where, going back, the price lies nearest to it.

    Parameters
    ----------
    y
        The price with :data:`_FARTHEST` earlier values in front, ``[40 + n]``.
    tracker
        The tracker's values at the last n of them, ``[n]``.

    Returns
    -------
    The number of steps with the least mean squared distance, refined by a parabola through its neighbours.

    Examples
    --------
    >>> price = np.cumsum(np.random.default_rng(0).normal(size=140))
    >>> round(delay(price, price[37:-3]), 3)
    3.0
    """
    n = len(tracker)
    loss = np.array([np.square(y[len(y) - n - k : len(y) - k] - tracker).mean() for k in range(len(y) - n + 1)])
    least = int(loss.argmin())
    if least in (0, len(loss) - 1) or loss[least] < 1e-12 * loss.max():
        return float(least)
    before, here, after = loss[least - 1 : least + 2]
    return least + float(0.5 * (before - after) / (before - 2 * here + after))


def _late(result: Comparison) -> dict[str, float]:
    rows = result.targets[:, 0]
    y = result.panel.y[rows[0] - _FARTHEST : rows[-1] + 1]
    return {name: delay(y, entry.forecast[:, 0]) for name, entry in result.entries.items()}


def _table(result: Comparison, late: dict[str, float]) -> Table:
    naive, rows = result.row(result.naive)["rmse"], []
    for row in result.rows:
        moves = np.abs(np.diff(result.entries[row["model"]].forecast[:, 0]))
        name, rmse = row["model"], row["rmse"]
        rows.append([name, late[name], rmse, rmse / naive, moves.mean(), row["skill"], row["p_holm"]])
    columns = {
        "tracker": "", "late by": ".1f", "RMSE": "4g", "RMSE / last value": ".3f", "moves a step": "4g",
        "skill": ".4f", "p Holm": "p",
    }  # fmt: skip
    note = (
        "Late by so many steps: going back, where the price lies nearest to the tracker. The smoother a tracker is "
        "(the less it moves a step), the later it is."
    )
    return Table.of("Trackers, each as the forecast of the next price", columns, rows, [note])


def _chart(result: Comparison) -> Picture:
    from penstock.report.pictures import forecast_picture

    rows = result.targets[-90:, 0]
    shown = ("SMA(20)", "EMA(20)", "Kalman, local level", "OLS line (20)", _LSTM)
    return forecast_picture(
        "One price, five trackers",
        f"The last {len(rows)} test steps. Each line is the forecast made a step before; the dark one is the price.",
        result.panel.times[rows],
        result.panel.y[rows],
        {name: result.entries[name].forecast[-90:, 0] for name in shown},
    )
