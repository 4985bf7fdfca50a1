"""Layers of torch, and the same as ours: for the golden arrays, and for the peers' equality tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from penstock.cells.padding import true_steps, without_padding
from penstock.layers import GRU, LSTM, RNN, Bidirectional, Conv1D, LayerNorm, TransformerEncoder
from penstock.layers.chain import Chain

FEATURES, UNITS = 4, 6

OURS: dict[str, Callable[[Any, jax.Array, jax.Array], jax.Array]] = {
    "bidirectional": lambda module, x, lengths: module(x, lengths=lengths),
    "stacked": lambda module, x, lengths: module(x, lengths=lengths),
    "conv1d": lambda module, x, lengths: module(x, lengths=lengths),
    "layer_norm": lambda module, x, lengths: without_padding(module(x), lengths),
    "transformer": lambda module, x, lengths: without_padding(
        module(x, true_steps(lengths, x.shape[1])[:, None]), lengths
    ),
    "gru": lambda module, x, lengths: module(x, lengths=lengths),
    "rnn": lambda module, x, lengths: module(x, lengths=lengths),
    "rnn relu": lambda module, x, lengths: module(x, lengths=lengths),
}
"""How each of ours runs; zeros in the padding."""


def structure(name: str) -> Any:
    """Give the structure of our module, whose leaves are torch's weights in our order."""
    key = jax.random.key(0)
    module = {
        "bidirectional": lambda: Bidirectional(GRU(UNITS, reset_after=True)).build(FEATURES, key),
        "stacked": lambda: Chain((LSTM(UNITS), LSTM(UNITS))).build(FEATURES, key),
        "conv1d": lambda: Conv1D(UNITS, 3, padding="same", dilation=2, activation="linear").build(FEATURES, key),
        "layer_norm": lambda: LayerNorm().build(FEATURES, key),
        "transformer": lambda: TransformerEncoder(FEATURES, heads=2, blocks=1, hidden=5).build(1, key).blocks[0],
        "gru": lambda: GRU(UNITS, reset_after=True).build(FEATURES, key),
        "rnn": lambda: RNN(UNITS).build(FEATURES, key),
        "rnn relu": lambda: RNN(UNITS, "relu").build(FEATURES, key),
    }[name]()
    return jax.tree.structure(module)


class Leaf(NamedTuple):
    """A weight of theirs; ours has its axes the other way round. Some of our biases are the sum of two of theirs."""

    weight: Any
    plus: Any = None

    @property
    def value(self) -> Any:
        return self.turned(self.weight if self.plus is None else self.weight + self.plus).detach().numpy()

    @staticmethod
    def turned(values: Any) -> Any:
        return values.permute(*range(values.ndim)[::-1]).contiguous()


class Theirs(NamedTuple):
    """A layer of torch: its weights in our order, and how it runs on padded sequences and lengths."""

    leaves: list[Leaf]
    run: Callable[[Any, Any], Any]


def theirs(name: str, torch: Any) -> Theirs:
    """Draw a layer of torch."""
    nn = torch.nn

    def packed(module: Any, x: Any, lengths: Any) -> Any:
        whole = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return nn.utils.rnn.pad_packed_sequence(module(whole)[0], batch_first=True, total_length=x.shape[1])[0]

    def there(x: Any, lengths: Any) -> Any:
        return (torch.arange(x.shape[1]) < lengths[:, None])[:, :, None]

    if name in ("gru", "rnn", "rnn relu"):
        kind = nn.GRU if name == "gru" else nn.RNN
        more = {"nonlinearity": "relu"} if name == "rnn relu" else {}
        one = kind(FEATURES, UNITS, batch_first=True, **more)
        W, U, b, bU = (getattr(one, f"{part}_l0") for part in _PARTS)
        leaves = [Leaf(W), Leaf(U), *([Leaf(b), Leaf(bU)] if name == "gru" else [Leaf(b, bU)])]
        return Theirs(leaves, lambda x, lengths: packed(one, x, lengths))
    if name == "bidirectional":
        gru = nn.GRU(FEATURES, UNITS, batch_first=True, bidirectional=True)
        ways = [[getattr(gru, f"{part}_l0{way}") for part in _PARTS] for way in ("", "_reverse")]
        return Theirs([Leaf(each) for way in ways for each in way], lambda x, lengths: packed(gru, x, lengths))
    if name == "stacked":
        lstm = nn.LSTM(FEATURES, UNITS, batch_first=True, num_layers=2)
        stack = [[getattr(lstm, f"{part}_l{layer}") for part in _PARTS] for layer in (0, 1)]
        leaves = [leaf for W, U, b, bU in stack for leaf in (Leaf(W), Leaf(U), Leaf(b, bU))]
        return Theirs(leaves, lambda x, lengths: packed(lstm, x, lengths))
    if name == "conv1d":
        conv = nn.Conv1d(FEATURES, UNITS, 3, padding="same", dilation=2)
        return Theirs(
            [Leaf(conv.weight), Leaf(conv.bias)],
            lambda x, lengths: conv((x * there(x, lengths)).mT).mT * there(x, lengths),
        )
    if name == "layer_norm":
        norm = nn.LayerNorm(FEATURES)
        nn.init.normal_(norm.weight)
        return Theirs([Leaf(norm.weight), Leaf(norm.bias)], lambda x, lengths: norm(x) * there(x, lengths))
    block = nn.TransformerEncoderLayer(FEATURES, 2, 5, dropout=0.0, batch_first=True, norm_first=True)
    nn.init.normal_(block.self_attn.in_proj_bias)
    nn.init.normal_(block.norm1.weight)
    parts = [block.self_attn.in_proj_weight, block.self_attn.in_proj_bias]
    for each in (block.self_attn.out_proj, block.linear1, block.linear2):
        parts += [each.weight, each.bias]
    parts += [block.norm1.weight, block.norm1.bias, block.norm2.weight, block.norm2.bias]
    return Theirs(
        [Leaf(each) for each in parts],
        lambda x, lengths: block(x, src_key_padding_mask=~there(x, lengths)[:, :, 0]) * there(x, lengths),
    )


_PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def ours_out(name: str, leaves: list[Any], x: Any, lengths: Any) -> tuple[jax.Array, list[jax.Array], jax.Array]:
    """Run ours: the output, and the gradients of the sum of its cosines by each weight and by x."""
    module = jax.tree.unflatten(structure(name), [jnp.asarray(leaf) for leaf in leaves])

    def loss(module: Any, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        out = OURS[name](module, x, jnp.asarray(lengths))
        return jnp.sum(jnp.cos(out)), out

    (_, out), (by_weight, by_x) = jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)(module, jnp.asarray(x))
    return out, jax.tree.leaves(by_weight), by_x
