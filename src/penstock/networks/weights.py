"""Weights of modules: joined with the rest, counted."""

from __future__ import annotations

import math
from typing import Any, Protocol

import equinox as eqx
import jax

from penstock.layers.embedding import EmbeddingModule
from penstock.networks.inputs import Inputs

__all__ = ["Built", "count_weights", "joined"]


class Built(Protocol):
    """A network's description, which builds a module."""

    def build(self, inputs: Inputs, outputs: int, key: jax.Array) -> Any:
        """Draw the weights."""


def joined(network: Built, weights: Any, inputs: Inputs, outputs: int) -> Any:
    """Join weights (what ``eqx.filter(module, eqx.is_array)`` keeps) with the rest of the network's module."""
    shapes = eqx.filter_eval_shape(network.build, inputs, outputs, jax.random.key(0))
    rest = eqx.filter(shapes, lambda leaf: isinstance(leaf, jax.ShapeDtypeStruct), inverse=True)
    return eqx.combine(weights, rest)


def count_weights(part: Any) -> int:
    """Count the weights of a part; a frozen embedding has none."""
    if isinstance(part, EmbeddingModule) and part.frozen:
        return 0
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(part) if hasattr(leaf, "shape"))
