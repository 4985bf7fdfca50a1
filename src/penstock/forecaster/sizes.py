"""Sizes that cannot be meant: held against the data and the memory before anything is built."""

from __future__ import annotations

import os
from typing import Any

from penstock.data.panel import Panel
from penstock.errors import OptionError
from penstock.networks.inputs import Inputs

__all__ = ["refuse_sizes"]

_COPIES = 5  # of the weights: the best so far, gradients, two moments of the optimiser
_LEAST_BATCH = 10_000  # a batch up to here is padded, whatever the data
_MOST_UNITS = 2**31 - 1  # what an array's side can count


def refuse_sizes(model: Any, train: Panel) -> None:
    """Refuse a window or a batch far beyond the data, and weights beyond the memory.

    Parameters
    ----------
    model
        A forecaster: its batch, window, members and network are looked at.
    train
        The training rows.

    Raises
    ------
    OptionError
        With what was given and what is allowed.
    """
    longest = int(train.lengths.max())
    if model.window > max(longest, _LEAST_BATCH):
        raise OptionError(
            f"{model.label}: window={model.window:,} is more than the {longest:,} rows of the longest series; allowed: "
            f"up to {max(longest, _LEAST_BATCH):,}."
        )
    samples = int((train.lengths - model.window).clip(min=1).sum())
    if model.batch > max(samples, _LEAST_BATCH):
        raise OptionError(
            f"{model.label}: batch={model.batch:,} is more than the {samples:,} samples there are; allowed: up to "
            f"{max(samples, _LEAST_BATCH):,}."
        )
    widest = max((layer.outputs or 0 for layer in (*model.network.layers, *model.network.dense)), default=0)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 2**40
    least = 4 * widest * model.members  # bytes of one bias
    if widest > _MOST_UNITS or _COPIES * least > memory:
        needed, count = _COPIES * least, widest
    else:
        inputs = Inputs(features=1 + train.past.shape[1] + train.known.shape[1])
        count = _weights(model, inputs)
        needed = 4 * count * model.members * _COPIES
    if widest > _MOST_UNITS or needed > memory:
        raise OptionError(
            f"{model.label}: a network with {count:,} weights or more and members={model.members} takes at least "
            f"{needed / 2**30:,.0f} GiB to train, and this machine has {memory / 2**30:,.0f} GiB; give fewer units or "
            "members."
        )


def _weights(model: Any, inputs: Inputs) -> int:
    """Count the weights of one member, by the square of its widest layers where they are too wide to be laid out."""
    widths = [layer.outputs or 0 for layer in model.network.layers]
    square = sum(width * width for width in widths)
    if square > 2**31:
        return square
    return int(model.network.parameters(inputs, 1)) if not model.network.embeddings else square
