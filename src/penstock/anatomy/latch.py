"""The demonstration: networks that learn to hold the sign of the last pulse, which takes a memory and a gate."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from penstock.anatomy.subject import Subject
from penstock.layers.declared import GRU, LSTM, RNN, Leaky
from penstock.layers.layer import Layer
from penstock.networks.network import Network
from penstock.programs import keep_programs
from penstock.training.config import TrainConfig, TrainSpec
from penstock.training.optimizers import Adam
from penstock.training.samples import Samples
from penstock.training.source import Source
from penstock.training.train import train_folds

__all__ = ["LATCHES", "latch"]

LATCHES: dict[str, Layer] = {"LSTM": LSTM(4), "GRU": GRU(4), "Leaky": Leaky(4, leak=0.1), "RNN": RNN(4)}
"""The networks that are shown beside each other."""

_WINDOW, _ROWS, _PULSES = 60, 1500, 0.05
_UNSEEN = (64, _WINDOW, 1)


@keep_programs(8)
def latch(layer: Layer, epochs: int = 60, seed: int = 0) -> Subject:
    """Train a network of one layer to give the sign of the last pulse, and give it with 64 sequences it has not seen.

    The input is zero but for pulses of ±1 at one step in twenty; pulses before the window are out of sight.
    """
    rng = np.random.default_rng(seed)
    pulses, unseen = (
        np.where(rng.random(shape) < _PULSES, rng.choice([-1.0, 1.0], shape), 0.0) for shape in (_ROWS, _UNSEEN)
    )
    network, config = Network([layer]), TrainConfig(optimizer=Adam(0.02), batch=64, clip=1.0)
    source = Source.of(pulses[:, None])
    learn = np.arange(_ROWS - _WINDOW)
    samples = Samples.of_windows(source, _held(pulses), learn, learn[:0], window=_WINDOW)
    spec = TrainSpec(network, config, source.widths, outputs=1)
    (trained,) = train_folds(spec, [samples], epochs=epochs, seed=seed)
    weights: Any = jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), trained.weights)
    module = network.with_weights(weights, source.widths, 1)
    name = f"{layer!r}, trained to hold the sign of the last pulse"
    return Subject(name, module, jnp.asarray(unseen))


def _held(pulses: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Give the sign of the last pulse before each row, zero before the first."""
    places = np.maximum.accumulate(np.where(pulses != 0, np.arange(len(pulses)), -1))
    held = np.where(places >= 0, pulses[places], 0.0)
    return np.concatenate([[0.0], held[:-1]])
