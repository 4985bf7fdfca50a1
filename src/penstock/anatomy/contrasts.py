"""Cells whose gradients fare differently on their way back through time."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from penstock.anatomy.subject import Subject
from penstock.cells.cell import Cell
from penstock.cells.gru import GRUCell
from penstock.cells.leaky import LeakyCell
from penstock.cells.lstm import LSTMCell
from penstock.cells.rnn import RNNCell

__all__ = ["contrasts"]

_STEPS = 100


def contrasts(sequences: int = 1) -> list[Subject]:
    """Give simple RNNs, leaky units, a GRU and LSTMs of 8 units, with fresh weights, on sequences of white noise."""
    key, units = jax.random.key(0), 8
    x = jnp.asarray(0.3 * np.random.default_rng(0).normal(size=(sequences, _STEPS, 1)))

    # Its bias keeps every unit above zero, so that each Jacobian is 1.1 I.
    growing = RNNCell(1, units, key, "relu")
    growing = eqx.tree_at(lambda cell: (cell.U, cell.b), growing, (1.1 * jnp.eye(units), jnp.ones(units)))
    lstm = LSTMCell(1, units, key)
    open_lstm = eqx.tree_at(lambda cell: cell.b, lstm, jnp.asarray(lstm.b).at[units : 2 * units].set(4.0))
    cells: dict[str, Cell[Any]] = {
        "RNN tanh": RNNCell(1, units, key),
        "RNN 1.1 I": growing,
        "Leaky a=.05": LeakyCell(1, units, key, leak=0.05),
        "GRU": GRUCell(1, units, key),
        "LSTM f≈.73": lstm,
        "LSTM f≈.98": open_lstm,
    }
    return [Subject(name, cell, x) for name, cell in cells.items()]
