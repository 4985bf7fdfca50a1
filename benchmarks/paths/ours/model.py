"""A study's model in Penstock."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

import penstock as ps
from frame.row import Arrays
from jobs.model import Model

__all__ = ["inputs_of", "network_of", "with_weights"]


def network_of(model: Model) -> ps.Network:
    """Describe the network."""
    layers: list[Any] = [ps.Embedding(*model.tokens)] if model.tokens else []
    layers += [_recurrent(cell, units, model) for cell, units in model.cells]
    return ps.Network(layers, dense=model.dense, embeddings=[model.category[1]] if model.category else [])


def inputs_of(model: Model) -> ps.Inputs:
    """Describe what the network reads."""
    categories = (model.category[0],) if model.category else ()
    return ps.Inputs(features=model.features, categories=categories, extra=model.extra)


def _recurrent(cell: str, units: int, model: Model) -> Any:
    dropout = {"dropout": model.dropout, "recurrent_dropout": model.recurrent}
    if cell.startswith("gru"):
        return ps.GRU(units, reset_after=cell == "gru_after", **dropout)
    return {"lstm": ps.LSTM, "rnn": ps.RNN}[cell](units, **dropout)


def with_weights(module: Any, model: Model, arrays: Arrays) -> Any:
    """Put the given weights in place of those that were drawn."""
    below = 1 if model.tokens else 0
    names = {".layers[0].table": "embedding", ".embeddings[0].table": "category"}
    for place in range(len(model.cells)):
        cell = f".layers[{place + below}].cell"
        names |= {f"{cell}.{letter}": f"{place}.{letter}" for letter in ("W", "U", "b", "bU")}
    for place in range(len(model.dense) + 1):
        names |= {f".dense[{place}].{letter}": f"dense{place}.{letter}" for letter in ("W", "b")}

    def put(path: tuple[object, ...], leaf: jax.Array) -> jax.Array:
        return jnp.asarray(arrays[names[jax.tree_util.keystr(path)]], leaf.dtype).reshape(leaf.shape)

    weights, rest = eqx.partition(module, eqx.is_array)
    return eqx.combine(jax.tree_util.tree_map_with_path(put, weights), rest)
