"""The network of a fitted estimator."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from penstock.errors import OptionError
from penstock.networks.encoder_decoder import EncoderDecoder
from penstock.networks.module import NetworkModule
from penstock.networks.segrnn import SegRNN

__all__ = ["fitted_network", "has_network"]


def has_network(model: Any) -> bool:
    """Tell whether a model is an estimator that trains a network."""
    return hasattr(model, "network") and hasattr(model, "fit")


def fitted_network(model: Any, member: int = 0) -> NetworkModule:
    """Give one member of a fitted estimator as a module with its weights.

    Parameters
    ----------
    model
        A forecaster, or an estimator of sequences.
    member
        Which of its networks, counted from 0.

    Raises
    ------
    OptionError
        Where the model is not fitted, has no such member, or holds no single stack of layers.
    """
    if not hasattr(model, "weights_"):
        raise OptionError(f"{type(model).__name__} is not fitted; call fit first.")
    if not 0 <= member < model.members:
        raise OptionError(f"member={member} is not there: the model has {model.members}, counted from 0.")
    weights = jax.tree.map(lambda leaf: jnp.asarray(leaf[member]), model.weights_)
    outputs = model.outputs_ if hasattr(model, "outputs_") else model.outputs(len(model.ids_))
    network = getattr(model, "whole_network", model.network)  # text puts an embedding under the one described
    if isinstance(network, EncoderDecoder):
        raise OptionError(
            f"{type(model).__name__} holds an encoder-decoder, which is no single stack of layers; what it attends to "
            "its own attention(X) tells."
        )
    if isinstance(network, SegRNN):
        raise OptionError(
            f"{type(model).__name__} holds a SegRNN, which reads segments and is no single stack of layers; allowed: "
            "a Network of layers."
        )
    return network.with_weights(weights, model.inputs_, outputs)
