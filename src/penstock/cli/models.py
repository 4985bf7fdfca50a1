"""Models and networks by their name on the command line."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from penstock.catalogue import MODELS, model_class
from penstock.errors import OptionError, nearest

if TYPE_CHECKING:
    from penstock.estimator import Estimator
    from penstock.networks.network import Network

__all__ = ["MODEL_NAMES", "is_network", "make_model", "make_text_network"]

_LAYERS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
_LAGS, _UNITS = 5, 20  # what the feed-forward net reads; units of a layer of a forecaster
_COMMANDS = {entry.command: name for name, entry in MODELS.items() if entry.command}

MODEL_NAMES = (*_LAYERS, "mlp", *_COMMANDS)
"""The models of series; the first are networks of one layer."""


def make_model(asked: str, network_options: dict[str, Any], categories: int = 0) -> Estimator:
    """Make the model that was asked for, such as ``lstm:20``; networks take their options from the command line.

    `categories` counts the static covariates, which networks read one-hot.
    """
    name, _, number = asked.partition(":")
    if name not in MODEL_NAMES:
        raise OptionError(f"there is no model {name!r}; {nearest(name, MODEL_NAMES)}")
    usual = MODELS[_COMMANDS[name]].number if name in _COMMANDS else _UNITS
    if number and (usual is None or not number.isdecimal() or int(number) < 1):
        takes = "takes no number" if usual is None else f"takes a whole number from 1, such as {name}:{usual or 20}"
        raise OptionError(f"model {asked!r}: {name} {takes}.")
    size = int(number) if number else usual
    if name in _COMMANDS:
        kind = model_class(_COMMANDS[name])
        model: Estimator = kind() if size is None else kind(size or None)
        return model
    from penstock.forecaster import Forecaster
    from penstock.layers.dense import Dense
    from penstock.layers.flatten import Flatten
    from penstock.networks.network import Network

    layers, dense = ([Flatten(_LAGS)], [Dense(size or _UNITS)]) if name == "mlp" else ([_layer(name, size)], [])
    return Forecaster(Network(layers, dense, embeddings=[0] * categories), **network_options)


def is_network(asked: str) -> bool:
    """Tell whether a model that is asked for is a network, which takes the options of networks."""
    return asked.partition(":")[0] in (*_LAYERS, "mlp")


def make_text_network(asked: str) -> Network:
    """Make a network of layers such as ``gru:32,bilstm:16``."""
    from penstock.layers.bidirectional import Bidirectional
    from penstock.networks.network import Network

    layers = list[Any]()
    for part in asked.split(","):
        name, _, number = part.strip().partition(":")
        plain = name.removeprefix("bi")
        if plain not in _LAYERS:
            known = nearest(name, [*_LAYERS, *(f"bi{each}" for each in _LAYERS)])
            raise OptionError(f"--model: there is no layer {name!r}; {known}")
        if number and not (number.isdecimal() and int(number)):
            raise OptionError(f"--model {part!r}: a whole number of units is needed, such as {name}:32.")
        layer = _layer(plain, int(number or 32))
        layers.append(layer if plain == name else Bidirectional(layer))
    return Network(layers)


def _layer(name: str, units: int | None) -> Any:
    return getattr(import_module("penstock.layers.declared"), _LAYERS[name])(units)
