"""What the two studies of stocks share: weeks of many tickers as windows, the network, and the training.

Source: Jansen, *Machine Learning for Algorithmic Trading*, stacked LSTM with feature embeddings: weekly returns 2008 to
2017 of 2,489 tickers; each window of 52 weeks, newest first, clipped at its 1 % and 99 % quantiles over the whole
sample; the ticker embedded, the month of the target week one-hot; the test is 2017, by which early stopping goes.
"""

from __future__ import annotations

import itertools
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from penstock.datasets.stocks import stocks
from penstock.errors import DataError
from penstock.evaluation.leaks import Leak
from penstock.layers.declared import LSTM
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.studies.study import Request
from penstock.training.config import TrainConfig, TrainSpec
from penstock.training.forward import forward
from penstock.training.history import History
from penstock.training.optimizers import Adam
from penstock.training.progress import ProgressBar
from penstock.training.samples import Samples
from penstock.training.source import Source
from penstock.training.train import train_folds

__all__ = ["NETWORK", "WINDOW", "StockWeeks", "TrainedWeeks", "learn_weeks", "read_weeks", "stock_leaks"]

WINDOW = 52
_FIRST, _TEST, _END = "2008-01-01", "2017-01-01", "2017-12-31"
_YEAR_BEFORE = "2016-01-01"
_EPOCHS = 4  # of more than a million windows each; the validation loss is lowest after one or two
_DEAD = 8  # weeks without any change of price after which a ticker counts as no longer traded

NETWORK = Network([LSTM(25, dropout=0.2), LSTM(10, dropout=0.2)], dense=[10], embeddings=[10])
"""The source's network: 29,371 weights at 2,489 tickers."""


def _as_published(choice: bool | None, request: Request) -> bool:
    """Whether to do as the source did: as the option says, else as the protocol has it."""
    return request.leaking if choice is None else choice


def stock_leaks(request: Request) -> list[str]:
    """Say what leaks, or is as odd as in the source, in sentences."""
    asked = request.options
    said = []
    if _as_published(asked.clip_all, request) and asked.clip:
        said.append(
            f"Returns were clipped at the {asked.clip:.3g} and {1 - asked.clip:.3g} quantiles of ALL rows, test rows "
            "included."
        )
    if request.leaking:
        said.append(Leak.STOPPING.value)
    if _as_published(asked.newest_first, request):
        said.append(
            "Windows are fed newest week first (no leak, but the network reads the newest return first and the oldest "
            "last)."
        )
    return said


@dataclass(frozen=True, eq=False)
class StockWeeks:
    """Weekly returns of many tickers, and the windows cut from them.

    Attributes
    ----------
    returns, clipped
        Simple return of each row, ``[rows]``, and the same within its clipping bounds.
    ticker, week
        Ticker and week of each row as numbers, ``[rows]``.
    tickers, weeks
        Names of the tickers, and the weeks, in order.
    train, learn, watch, test
        Row at which each window starts; its target stands 52 rows on. The network learns from `learn`, with `watch` for
        validation; `train` are all windows before the test.
    dropped
        Windows left out because their ticker no longer traded at the cutoff.
    frozen
        Tickers whose price was frozen on purpose.
    """

    returns: NDArray[np.float64]
    clipped: NDArray[np.float64]
    ticker: NDArray[np.int64]
    week: NDArray[np.int64]
    tickers: tuple[str, ...]
    weeks: NDArray[np.datetime64]
    train: NDArray[np.int64]
    learn: NDArray[np.int64]
    watch: NDArray[np.int64]
    test: NDArray[np.int64]
    dropped: int
    frozen: int

    @property
    def targets(self) -> NDArray[np.int64]:
        """Rows of the test targets, ``[n]``."""
        return self.test + WINDOW

    @property
    def momentum(self) -> NDArray[np.float64]:
        """Return over the 52 weeks of each test window, ``[n]``."""
        grown = np.concatenate([[0.0], np.cumsum(np.log1p(np.maximum(self.returns, -0.99)))])
        return grown[self.test + WINDOW] - grown[self.test]

    @property
    def facts(self) -> dict[str, Any]:
        """What can be checked to the digit."""
        return {
            "tickers": len(self.tickers),
            "weeks": len(self.weeks),
            "first": f"{pd.Timestamp(self.weeks[0]):%F}",
            "last": f"{pd.Timestamp(self.weeks[-1]):%F}",
            "windows to learn from": len(self.learn),
            "validation windows": len(self.watch),
            "test windows": len(self.test),
            "windows of tickers no longer traded, dropped": self.dropped,
            "tickers frozen": self.frozen,
            "parameters": NETWORK.parameters(Inputs(categories=(len(self.tickers),), extra=12), 1),
            "parameters at 2,489 tickers": NETWORK.parameters(Inputs(categories=(2489,), extra=12), 1),
        }


def read_weeks(request: Request) -> StockWeeks:
    """Read prices, freeze what is to be frozen, and cut windows as the protocol asks."""
    asked = request.options
    returns, names, days, frozen = _returns(request)
    ticker, tickers = pd.factorize(names)  # they come in order
    weeks, week = np.unique(days, return_inverse=True)
    starts = _windows(ticker)
    dropped = 0
    if not request.leaking:
        changes = np.concatenate([[0], np.cumsum(returns != 0)])
        alive = changes[starts + WINDOW] > changes[starts + WINDOW - _DEAD]
        dropped, starts = int((~alive).sum()), starts[alive]
    when = days[starts + WINDOW]
    train, test = starts[when < np.datetime64(_TEST)], starts[when >= np.datetime64(_TEST)]
    last_year = when[when < np.datetime64(_TEST)] >= np.datetime64(_YEAR_BEFORE)
    learn, watch = (train, test) if request.leaking else (train[~last_year], train[last_year])
    if not (len(learn) and len(watch) and len(test)):
        raise DataError(
            f"no ticker has the {WINDOW + 1} weeks that a window needs, before 2016, in 2016 and in 2017: the prices "
            f"run from {pd.Timestamp(days.min()):%F} to {pd.Timestamp(days.max()):%F}."
            if len(days)
            else f"the prices hold no two weeks of one ticker from {_FIRST} to {_END}."
        )
    known = returns if _as_published(asked.clip_all, request) else returns[days < np.datetime64(_TEST)]
    clipped = np.clip(returns, *np.quantile(known, [asked.clip, 1 - asked.clip]))
    learn = learn[:: asked.every]
    return StockWeeks(
        returns, clipped, ticker, week, tuple(map(str, tickers)), weeks, train, learn, watch, test, dropped, frozen
    )


def _returns(request: Request) -> tuple[NDArray[np.float64], NDArray[Any], NDArray[Any], int]:
    """Give the weekly returns of the source's years with their tickers and weeks, ``[rows]``; and how many froze."""
    frame = stocks(request.data)
    names, days = frame["unique_id"].to_numpy(), frame["ds"].to_numpy()
    price = frame["y"].to_numpy(copy=True)
    begins = np.flatnonzero(np.append(True, names[1:] != names[:-1]))
    frozen = _freeze(price, np.append(begins, len(price)), request.options.stale_share, request.seed)
    returns = np.append(np.nan, price[1:] / price[:-1] - 1)
    returns[begins] = np.nan
    inside = (days >= np.datetime64(_FIRST)) & (days <= np.datetime64(_END)) & np.isfinite(returns)
    return returns[inside], names[inside], days[inside], frozen


def _freeze(price: NDArray[np.float64], borders: NDArray[np.int64], share: float, seed: int) -> int:
    """Let the price of a share of the series stand still from a random row on, in place; give their number."""
    rng = np.random.default_rng([seed, 18])
    chosen = rng.permutation(len(borders) - 1)[: round(share * (len(borders) - 1))]
    for begin, end in zip(borders[chosen], borders[chosen + 1], strict=True):
        row = int(rng.integers(begin + 1, max(end, begin + 2)))
        price[row:end] = price[row : row + 1]
    return len(chosen)


def _windows(ticker: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the row at which each window of one ticker starts."""
    borders = np.flatnonzero(np.diff(ticker, prepend=-1, append=-1))
    starts = [np.arange(a, b - WINDOW) for a, b in itertools.pairwise(borders)]
    return np.concatenate(starts) if starts else np.array([], np.int64)


@dataclass(frozen=True, eq=False)
class TrainedWeeks:
    """Outputs on the test windows ``[members, n]``, the losses by epoch, and what the training took."""

    outputs: NDArray[np.float64]
    history: History
    seconds: tuple[float, float]

    @property
    def facts(self) -> dict[str, Any]:
        """What the training took."""
        return {
            "epochs of each member": ", ".join(map(str, self.history.epochs)),
            "training, seconds": round(self.seconds[0]),
            "training, seconds of one core": round(self.seconds[1]),
            "peak memory, GB": _peak_memory(),
        }


def _peak_memory() -> float | str:
    """Return the most memory that this process has held, in GB; Windows has no such figure in Python."""
    try:
        import resource
    except ImportError:
        return "not known on this system"
    unit = 2**30 if sys.platform == "darwin" else 2**20  # bytes there, kilobytes elsewhere
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 2)


def learn_weeks(
    weeks: StockWeeks, request: Request, loss: str, targets: NDArray[np.float64], scale: float
) -> TrainedWeeks:
    """Train the source's network on the windows and run it on the test windows.

    Parameters
    ----------
    loss, targets
        The loss, and what is to be learned of each row, ``[rows]``.
    scale
        What returns are divided by before the network reads them.
    """
    month = pd.DatetimeIndex(weeks.weeks).month.to_numpy()[weeks.week] - 1
    source = Source.of(
        weeks.clipped[:, None] / scale,
        series=weeks.ticker,
        categories=np.arange(len(weeks.tickers))[:, None],
        sizes=(len(weeks.tickers),),
        extra=np.eye(12, dtype=np.uint8)[month],
        reverse=_as_published(request.options.newest_first, request),
    )
    begin, worked = time.perf_counter(), time.process_time()
    (trained,) = train_folds(
        TrainSpec(NETWORK, TrainConfig(loss, Adam(), request.options.batch, patience=2), source.widths, outputs=1),
        [Samples.of_windows(source, targets, weeks.learn, weeks.watch, window=WINDOW)],
        epochs=request.epochs or _EPOCHS,
        members=request.networks,
        seed=request.seed,
        callbacks=[ProgressBar(request.progress)],
    )
    seconds = time.perf_counter() - begin, time.process_time() - worked
    outputs = forward(NETWORK, trained.weights, source, {WINDOW: weeks.test}, 1)[WINDOW][:, :, 0]
    return TrainedWeeks(outputs, trained.history, seconds)
