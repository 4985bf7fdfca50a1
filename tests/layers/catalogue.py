"""Every layer over time, for the tests that all of them pass, at sizes that share their compiled shapes."""

from __future__ import annotations

from typing import Any

import jax

from penstock.layers import (
    GRU,
    LRU,
    LSTM,
    RNN,
    SLSTM,
    AdditiveAttention,
    AttentionPooling,
    Bidirectional,
    Clockwork,
    Conv1D,
    DeepTransition,
    Dilated,
    DilatedStack,
    DotAttention,
    EchoState,
    Flatten,
    Grid,
    LayerNorm,
    Leaky,
    MinGRU,
    MinLSTM,
    OutputRecurrence,
    Pooling,
    Recurrent,
    Residual,
    SelfAttention,
    Smoothing,
    TransformerEncoder,
    Zoneout,
)  # fmt: skip

FEATURES = 2
LAYERS: dict[str, Any] = {
    "lstm": LSTM(2),
    "lstm hard": LSTM(2, "hard_sigmoid"),
    "lstm peepholes": LSTM(2, peepholes=True),
    "lstm coupled": LSTM(2, forget="coupled", peepholes=True),
    "lstm without a forget gate": LSTM(2, forget="none"),
    "gru": GRU(2),
    "gru, reset after": GRU(2, reset_after=True),
    "rnn": RNN(2),
    "rnn sigmoid": RNN(2, "sigmoid"),
    "leaky": Leaky(2, learned=True),
    "echo state": EchoState(3, leak=0.5, density=1.0),
    "output recurrence": OutputRecurrence(3, values=2),
    "min gru": MinGRU(2),
    "min lstm": MinLSTM(2),
    "lru": LRU(2, r_min=0.3, r_max=0.9),
    "slstm": SLSTM(2),
    "slstm exp": SLSTM(2, forget="exp"),
    "clockwork": Clockwork(2, periods=(1, 2)),
    "deep transition": DeepTransition(2, depth=3),
    "any cell": Recurrent("LeakyCell", 2, leak=0.3),
    "zoneout": Zoneout(LSTM(2), hidden=0.2, memory=0.3),
    "dilated": Dilated(GRU(2), skip=2),
    "dilated stack": DilatedStack(GRU(2), ((1, 2), (3,))),
    "smoothing": Smoothing(2, rates=2),
    "conv1d": Conv1D(2, 3, activation="tanh"),
    "conv1d same": Conv1D(2, 3, padding="same", dilation=2, activation="tanh"),
    "flatten": Flatten(2),
    "grid": Grid(1, columns=2),
    "transformer": TransformerEncoder(4, heads=2, blocks=1, hidden=3),
    "transformer causal": TransformerEncoder(4, heads=2, blocks=1, hidden=3, causal=True),
    "bidirectional concat": Bidirectional(GRU(2)),
    "bidirectional sum": Bidirectional(MinLSTM(2), merge="sum"),
    "residual": Residual([LayerNorm(0.5), GRU(2)]),
    "skip": Residual(RNN(3), merge="concat"),
    "dot attention": SelfAttention(),
    "general attention": SelfAttention(DotAttention(general=True)),
    "additive attention": SelfAttention(AdditiveAttention(3)),
    "attention pooling": AttentionPooling(3),
    "pooling": Pooling(),
}
POOLS = (AttentionPooling, Pooling)  # these give no sequence


def built(layer: Any, key: int = 0) -> Any:
    """Draw the weights, and move those that start at zero or one away from there."""
    leaves, structure = jax.tree.flatten(layer.build(FEATURES, jax.random.key(key)))
    moved = [leaf + 0.1 * jax.random.normal(jax.random.key(n), leaf.shape, leaf.dtype) for n, leaf in enumerate(leaves)]
    return jax.tree.unflatten(structure, moved)
