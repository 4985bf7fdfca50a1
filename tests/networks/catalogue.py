"""Every kind of network, with what it reads and what it should put out, for the tests that all of them pass."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import penstock as ps
from penstock.layers.attention import AdditiveAttention, DotAttention
from penstock.networks.decoder import Teacher
from penstock.training.losses import sample_losses

END = 3  # three labels, and the end
KEY = jax.random.key(0)
DROPS = {"dropout": 0.3, "recurrent_dropout": 0.3}

NETWORKS: dict[str, ps.Network | ps.EncoderDecoder | ps.SegRNN] = {
    "many to one": ps.Network([ps.LSTM(3), ps.LSTM(2)], dense=[ps.Dense(3, "tanh")]),
    "aligned many to many": ps.Network([ps.GRU(2)], return_sequences=True),
    "dropped": ps.Network([ps.GRU(3, **DROPS), ps.Dropout(0.3), ps.RNN(3)], [ps.Dense(3, "tanh"), ps.Dropout(0.3)]),
    "tokens": ps.Network([ps.Embedding(5, 2), ps.GRU(2)]),
    "categories and extra": ps.Network([ps.RNN(2)], embeddings=[2, 0]),
    "a feed-forward net on lags": ps.Network([ps.Flatten(2)], dense=[ps.Dense(3, "tanh")]),
    "segments": ps.SegRNN(ps.GRU(3, reset_after=True), 2),
    "segments with categories and extra": ps.SegRNN(ps.LSTM(6), 2, dropout=0.3, embeddings=[2, 0], highway=3),
    "plain": ps.EncoderDecoder(ps.GRU(3), ps.GRU(2), embedding=2),
    "additive": ps.EncoderDecoder(ps.GRU(3), ps.LSTM(2), AdditiveAttention(2), embedding=2),
    "dot, every step": ps.EncoderDecoder([ps.RNN(2)], ps.GRU(2), DotAttention(), condition="every_step", embedding=2),
    "values": ps.EncoderDecoder(ps.GRU(2), ps.GRU(3)),
    "one to many, first state": ps.EncoderDecoder([], ps.LSTM(3), autoregressive=False),
    "one to many, every step": ps.EncoderDecoder([], ps.RNN(3), condition="every_step", autoregressive=False),
}
TOKENS = ("plain", "additive", "dot, every step")  # these put out labels


class Problem(NamedTuple):
    """A network with weights, sources of different lengths and true outputs; how it is called, and its loss."""

    module: Any
    x: jax.Array
    lengths: jax.Array
    y: jax.Array
    given: dict[str, Any]
    loss: str = "mse"
    steps: jax.Array | None = None

    def outputs(self, module: Any, x: jax.Array | None = None, **instead: Any) -> jax.Array:
        """What a module like this one puts out."""
        return module(self.x if x is None else x, **{"lengths": self.lengths, **self.given, **instead})

    def mean_loss(self, module: Any) -> jax.Array:
        """The mean loss of a module like this one."""
        return jnp.mean(sample_losses(self.loss, self.y, self.outputs(module), self.steps))


def inputs_of(name: str) -> tuple[ps.Inputs, int]:
    """What a network of the list reads, and how many outputs it has."""
    if name == "tokens":
        return ps.Inputs(), 2
    return ps.Inputs(2, (3, 2), 1) if "categories and extra" in name else ps.Inputs(2), END + 1 if name in TOKENS else 2


def problem(name: str, steps: int = 4) -> Problem:
    """Pose a problem to a network of the list."""
    network, (inputs, width) = NETWORKS[name], inputs_of(name)
    module, rng = network.build(inputs, width, KEY), np.random.default_rng(0)
    many = not isinstance(network, ps.EncoderDecoder) or bool(network.encoder)
    x = jax.random.normal(KEY, (3, 5 if many else 1, 2))
    lengths = jnp.asarray([5, 2, 3] if many else [1, 1, 1])
    if isinstance(network, ps.EncoderDecoder):
        y = rng.integers(0, END + 1, size=(3, steps, 1)) if name in TOKENS else rng.normal(size=(3, steps, 2))
        y = jnp.asarray(y, x.dtype)
        loss = "cross_entropy" if name in TOKENS else "mse"
        return Problem(module, x, lengths, y, {"teacher": Teacher(y)}, loss, jnp.asarray([4, 2, 3]))
    given: dict[str, Any] = {}
    if name == "tokens":
        x = jnp.asarray(rng.integers(0, 5, size=(3, 5)))
    if "categories and extra" in name:
        given = {"categories": jnp.asarray([[2, 0], [0, 1], [1, 1]]), "extra": jnp.asarray([[0.5], [-1.0], [2.0]])}
    if name == "dropped":
        given = {"key": jax.random.key(4)}
    aligned = name == "aligned many to many"
    y = rng.normal(size=(3, 5, 2) if aligned else (3, 2))
    return Problem(module, x, lengths, jnp.asarray(y), given, steps=lengths if aligned else None)
