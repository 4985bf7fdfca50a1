"""Models by their name on the command line."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from penstock.errors import OptionError, nearest

if TYPE_CHECKING:
    from penstock.estimator import Estimator

__all__ = ["MODELS", "model_named"]

_LAGS = 5  # that the feed-forward net reads
_NETWORKS = ("lstm", "gru", "rnn", "mlp")

MODELS: dict[str, tuple[int | None, str]] = {
    "lstm": (20, "penstock.layers.declared:LSTM"),
    "gru": (20, "penstock.layers.declared:GRU"),
    "rnn": (20, "penstock.layers.declared:RNN"),
    "mlp": (20, "penstock.layers.dense:Dense"),
    "naive": (None, "penstock.baselines.naive:Naive"),
    "seasonal": (5, "penstock.baselines.seasonal_naive:SeasonalNaive"),
    "drift": (None, "penstock.baselines.drift:Drift"),
    "mean": (None, "penstock.baselines.mean:Mean"),
    "sma": (0, "penstock.baselines.sma:SMA"),
    "ema": (0, "penstock.baselines.ema:EMA"),
    "trend": (20, "penstock.baselines.linear_trend:LinearTrend"),
    "ar": (5, "penstock.baselines.autoregression:AR"),
    "arx": (5, "penstock.baselines.arx:ARX"),
    "var": (1, "penstock.baselines.vector_autoregression:VAR"),
    "ridge": (20, "penstock.baselines.ridge:Ridge"),
    "lasso": (20, "penstock.baselines.lasso:Lasso"),
    "relaxed": (20, "penstock.baselines.relaxed_lasso:RelaxedLasso"),
    "elastic": (20, "penstock.baselines.elastic_net:ElasticNet"),
    "theta": (0, "penstock.baselines.theta:Theta"),
    "local-level": (None, "penstock.baselines.local_level:LocalLevel"),
    "local-trend": (None, "penstock.baselines.local_trend:LocalTrend"),
}
"""The number after the colon if none is given (0: the model chooses; None: it takes none), and the class, which is
imported when the model is built; of the first four it is the layer of a network."""


def model_named(asked: str, network_options: dict[str, Any], categories: int = 0) -> Estimator:
    """Build the model that was asked for, such as ``lstm:20``; networks take their options from the command line.

    `categories` counts the static covariates, which networks read one-hot.
    """
    name, _, number = asked.partition(":")
    if name not in MODELS:
        raise OptionError(f"there is no model {name!r}; {nearest(name, MODELS)}")
    usual, place = MODELS[name]
    if number and (usual is None or not number.isdecimal() or int(number) < 1):
        takes = "takes no number" if usual is None else f"takes a whole number from 1, such as {name}:{usual or 20}"
        raise OptionError(f"model {asked!r}: {name} {takes}.")
    module, _, kind = place.partition(":")
    build: Any = getattr(import_module(module), kind)
    size = int(number) if number else usual
    if name in _NETWORKS:
        from penstock.forecaster import Forecaster
        from penstock.layers.flatten import Flatten
        from penstock.networks.network import Network

        layers, dense = ([Flatten(_LAGS)], [build(size)]) if name == "mlp" else ([build(size)], [])
        return Forecaster(Network(layers, dense, embeddings=[0] * categories), **network_options)
    model: Estimator = build() if usual is None else build(size or None)
    return model
