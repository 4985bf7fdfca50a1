"""Weights between Penstock's layout and that of Keras: i, f, g, o in both; r, z, n here, z, r, n there."""

from __future__ import annotations

import keras
import numpy as np

from frame.row import Arrays

__all__ = ["copy_weights", "recurrent", "to_ours"]


def recurrent(cell: str, units: int, **options: object) -> keras.layers.Layer:
    """Make a layer."""
    if cell == "lstm":
        return keras.layers.LSTM(units, **options)
    if cell == "rnn":
        return keras.layers.SimpleRNN(units, **options)
    return keras.layers.GRU(units, reset_after=cell == "gru_after", **options)


def copy_weights(cell: str, layer: keras.layers.Layer, weights: Arrays) -> None:
    """Set the weights of a built layer."""
    W, U, b = (_swap(cell, weights[name]) for name in ("W", "U", "b"))
    layer.set_weights([W, U, np.stack([b, _swap(cell, weights["bU"])]) if cell == "gru_after" else b])


def to_ours(cell: str, gradients: list[np.ndarray]) -> Arrays:
    """Give a layer's gradients in our layout."""
    dW, dU, db = (_swap(cell, np.asarray(gradient)) for gradient in gradients)
    if cell == "gru_after":
        return {"dW": dW, "dU": dU, "db": db[0], "dbU": db[1]}
    return {"dW": dW, "dU": dU, "db": db}


def _swap(cell: str, array: np.ndarray) -> np.ndarray:
    """Exchange the first two of three gates, which is its own inverse."""
    if not cell.startswith("gru"):
        return array
    one, two, three = np.split(array, 3, axis=-1)
    return np.concatenate([two, one, three], axis=-1)
