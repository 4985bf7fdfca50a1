"""Blocks of dilated layers, with connections around all blocks but the first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import jax

from penstock.errors import OptionError
from penstock.layers.chain import Chain, ChainModule
from penstock.layers.dilated import Dilated
from penstock.layers.layer import Layer
from penstock.layers.recurrent import RecurrentLayer
from penstock.layers.residual import Residual
from penstock.options import option

__all__ = ["DilatedStack"]


@dataclass(frozen=True, init=False, repr=False)
class DilatedStack(Layer):
    """A dilated residual stack, described: the recurrent network of ES-RNN (Smyl 2020, figure 1).

    Each block is a chain of one recurrent layer for each of its skips; every block but the first learns what to add to
    its input. A network in a line: ``Network([DilatedStack(LSTM(40), ((1, 3), (6, 12)))], dense=[40])``.

    Parameters
    ----------
    layer
        The recurrent layer that all are made as, each with weights of its own.
    blocks
        The skips of each block, bottom first.

    Examples
    --------
    >>> from penstock.layers.declared import LSTM
    >>> DilatedStack(LSTM(8), ((1, 3), (6, 12)))
    DilatedStack(LSTM(8), ((1, 3), (6, 12)))
    >>> len(DilatedStack(LSTM(8), ((1, 3), (6, 12))).layers)
    3
    """

    over_time: ClassVar[bool] = True

    layer: RecurrentLayer
    blocks: tuple[tuple[int, ...], ...] = option(help="the skips of each block, bottom first")

    def __init__(self, layer: RecurrentLayer, blocks: Iterable[Iterable[int]]) -> None:
        object.__setattr__(self, "layer", layer)
        try:
            object.__setattr__(self, "blocks", tuple(tuple(block) for block in blocks))
        except TypeError:
            raise OptionError(
                f"DilatedStack: blocks={blocks!r}; allowed: the skips of each, ((1, 2), (4, 8))."
            ) from None
        if not isinstance(layer, RecurrentLayer):
            raise OptionError(f"DilatedStack: layer={layer!r} is no recurrent layer; allowed: such as LSTM(40).")
        if not self.blocks or not all(self.blocks):
            raise OptionError(f"DilatedStack: blocks={self.blocks!r}; allowed: the skips of each, ((1, 2), (4, 8)).")
        self.layers  # noqa: B018 (refuses skips that are none)

    def __repr__(self) -> str:
        return f"DilatedStack({self.layer!r}, {self.blocks!r})"

    @property
    def outputs(self) -> int:
        """Width of the output at each step."""
        return self.layer.outputs

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that it stands for: those of the first block, then each block with a connection around it."""
        first, *others = [[Dilated(self.layer, skip) for skip in block] for block in self.blocks]
        return (*first, *(Residual(block) for block in others))

    def build(self, inputs: int, key: jax.Array) -> ChainModule:
        """Draw the weights."""
        return Chain(self.layers).build(inputs, key)
