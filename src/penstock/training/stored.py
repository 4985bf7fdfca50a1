"""Weights as named arrays, for the model file."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax

from penstock.networks.encoder_decoder import EncoderDecoder
from penstock.networks.inputs import Inputs
from penstock.networks.language import LanguageNetwork
from penstock.networks.network import Network
from penstock.networks.segrnn import SegRNN
from penstock.networks.weights import module_shapes
from penstock.storage import Arrays
from penstock.training.history import History

__all__ = ["named_leaves", "restored_history", "restored_weights", "stored_history", "stored_weights", "weight_shapes"]

AnyNetwork = Network | EncoderDecoder | SegRNN | LanguageNetwork


def stored_weights(weights: Any) -> Arrays:
    """Name each leaf by its path, such as ``weights.layers[0].cell.W``."""
    return {f"weights{name}": leaf for name, leaf in named_leaves(weights)}


def restored_weights(arrays: Arrays, network: AnyNetwork, inputs: Inputs, outputs: int, members: int) -> Any:
    """Take back what :func:`stored_weights` gave.

    Raises
    ------
    KeyError, ValueError
        Where a weight is missing, or has another shape than the network's.
    """
    shapes = weight_shapes(network, inputs, outputs)
    leaves = []
    for name, leaf in named_leaves(shapes):
        stored = arrays[f"weights{name}"]
        if stored.shape != (members, *leaf.shape):
            raise ValueError(f"weights{name} has the shape {stored.shape}, not {(members, *leaf.shape)}")
        leaves.append(stored)
    return jax.tree.unflatten(jax.tree.structure(shapes), leaves)


def weight_shapes(network: AnyNetwork, inputs: Inputs, outputs: int) -> Any:
    """Return the structure of one member's weights, with the shape and type of each."""
    return eqx.filter(module_shapes(network, inputs, outputs), lambda leaf: isinstance(leaf, jax.ShapeDtypeStruct))


def stored_history(history: History) -> Arrays:
    """Name the losses by epoch."""
    return {"history.learned": history.training_loss, "history.watched": history.validation_loss}


def restored_history(arrays: Arrays) -> History:
    """Take back what :func:`stored_history` gave."""
    return History(arrays["history.learned"], arrays["history.watched"])


def named_leaves(tree: Any) -> list[tuple[str, Any]]:
    """Name the leaves of a tree by their paths."""
    return [(jax.tree_util.keystr(path), leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(tree)]
