"""Weights between Penstock's layout and torch's: ours [inputs, gates], gates i, f, g, o and r, z, n in both."""

from __future__ import annotations

import numpy as np
import torch

from frame.row import Arrays

__all__ = ["MODULES", "copy_gradients", "copy_weights"]

MODULES = {"lstm": torch.nn.LSTM, "gru_after": torch.nn.GRU, "gru_before": torch.nn.GRU, "rnn": torch.nn.RNN}
"""torch's module for each cell; it has no GRU that resets before the product."""


def copy_weights(layer: torch.nn.RNNBase, weights: Arrays) -> None:
    """Set the weights of a one-layer module; a second bias that we do not have is zero."""
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.tensor(weights["W"].T))
        layer.weight_hh_l0.copy_(torch.tensor(weights["U"].T))
        layer.bias_ih_l0.copy_(torch.tensor(weights["b"]))
        layer.bias_hh_l0.copy_(torch.tensor(weights.get("bU", np.zeros_like(weights["b"]))))


def copy_gradients(layer: torch.nn.RNNBase) -> Arrays:
    """Give the gradients in our layout."""
    return {
        "dW": layer.weight_ih_l0.grad.numpy().T.copy(),
        "dU": layer.weight_hh_l0.grad.numpy().T.copy(),
        "db": layer.bias_ih_l0.grad.numpy().copy(),
        "dbU": layer.bias_hh_l0.grad.numpy().copy(),
    }
