"""Every layer over time, for the tests that all of them pass, at sizes that share their compiled shapes."""

from __future__ import annotations

from typing import Any

import jax

from penstock.layers.attention import AdditiveAttention, DotAttention
from penstock.layers.attention_pooling import AttentionPooling
from penstock.layers.bidirectional import Bidirectional
from penstock.layers.gru import GRU
from penstock.layers.layer_norm import LayerNorm
from penstock.layers.lstm import LSTM
from penstock.layers.residual import Residual
from penstock.layers.rnn import RNN
from penstock.layers.self_attention import SelfAttention

FEATURES = 2
LAYERS: dict[str, Any] = {
    "bidirectional concat": Bidirectional(GRU(2)),
    "bidirectional sum": Bidirectional(LSTM(2), merge="sum"),
    "residual": Residual([LayerNorm(0.5), GRU(2)]),
    "skip": Residual(RNN(3), merge="concat"),
    "dot attention": SelfAttention(),
    "general attention": SelfAttention(DotAttention(general=True)),
    "additive attention": SelfAttention(AdditiveAttention(3)),
    "attention pooling": AttentionPooling(3),
}
POOLS = (AttentionPooling,)  # these give no sequence


def built(layer: Any, key: int = 0) -> Any:
    """Draw the weights, and move those that start at zero or one away from there."""
    leaves, structure = jax.tree.flatten(layer.build(FEATURES, jax.random.key(key)))
    moved = [leaf + 0.1 * jax.random.normal(jax.random.key(n), leaf.shape, leaf.dtype) for n, leaf in enumerate(leaves)]
    return jax.tree.unflatten(structure, moved)
