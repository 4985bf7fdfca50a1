"""Models by their name on the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from penstock.baselines.arx import ARX
from penstock.baselines.autoregression import AR
from penstock.baselines.drift import Drift
from penstock.baselines.elastic_net import ElasticNet
from penstock.baselines.ema import EMA
from penstock.baselines.lasso import Lasso
from penstock.baselines.linear_trend import LinearTrend
from penstock.baselines.local_level import LocalLevel
from penstock.baselines.local_trend import LocalTrend
from penstock.baselines.mean import Mean
from penstock.baselines.naive import Naive
from penstock.baselines.relaxed_lasso import RelaxedLasso
from penstock.baselines.ridge import Ridge
from penstock.baselines.seasonal_naive import SeasonalNaive
from penstock.baselines.sma import SMA
from penstock.baselines.vector_autoregression import VAR
from penstock.errors import OptionError, nearest
from penstock.estimator import Estimator
from penstock.forecaster import Forecaster
from penstock.layers.dense import Dense
from penstock.layers.flatten import Flatten
from penstock.layers.gru import GRU
from penstock.layers.lstm import LSTM
from penstock.layers.rnn import RNN
from penstock.networks.network import Network

__all__ = ["BUILDERS", "model_named"]

_LAGS = 5  # that the feed-forward net reads

BUILDERS: dict[str, tuple[int | None, Callable[[int], Estimator]]] = {
    "lstm": (20, lambda units: Forecaster(Network([LSTM(units)]))),
    "gru": (20, lambda units: Forecaster(Network([GRU(units)]))),
    "rnn": (20, lambda units: Forecaster(Network([RNN(units)]))),
    "mlp": (20, lambda units: Forecaster(Network([Flatten(_LAGS)], [Dense(units)]))),
    "naive": (None, lambda _: Naive()),
    "seasonal": (5, SeasonalNaive),
    "drift": (None, lambda _: Drift()),
    "mean": (None, lambda _: Mean()),
    "sma": (0, lambda span: SMA(span or None)),
    "ema": (0, lambda span: EMA(span or None)),
    "trend": (20, LinearTrend),
    "ar": (5, AR),
    "arx": (5, ARX),
    "var": (1, VAR),
    "ridge": (20, Ridge),
    "lasso": (20, Lasso),
    "relaxed": (20, RelaxedLasso),
    "elastic": (20, ElasticNet),
    "local-level": (None, lambda _: LocalLevel()),
    "local-trend": (None, lambda _: LocalTrend()),
}
"""The number after the colon if none is given (0: the model chooses; None: it takes none), and how to build."""


def model_named(asked: str, network_options: dict[str, Any], categories: int = 0) -> Estimator:
    """Build the model that was asked for, such as ``lstm:20``; networks take their options from the command line.

    `categories` counts the static covariates, which networks read one-hot.
    """
    name, _, number = asked.partition(":")
    if name not in BUILDERS:
        raise OptionError(f"there is no model {name!r}; {nearest(name, BUILDERS)}")
    usual, build = BUILDERS[name]
    if number and (usual is None or not number.isdecimal() or int(number) < 1):
        takes = "takes no number" if usual is None else f"takes a whole number from 1, such as {name}:{usual or 20}"
        raise OptionError(f"model {asked!r}: {name} {takes}.")
    model = build(int(number) if number else usual or 0)
    if not isinstance(model, Forecaster):
        return model
    network = Network(model.network.layers, model.network.dense, embeddings=[0] * categories)
    return model.set_params(network=network, **network_options)
