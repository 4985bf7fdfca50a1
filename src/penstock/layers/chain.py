"""Layers one after another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax

from penstock.cells.padding import without_padding
from penstock.errors import OptionError
from penstock.layers.layer import Layer
from penstock.layers.noise import fold_in

__all__ = ["Chain", "ChainModule", "run_layers"]


def run_layers(
    modules: Sequence[Any],
    over_time: Sequence[bool],
    x: jax.Array,
    *,
    lengths: jax.Array | None = None,
    sequence: bool = True,
    key: jax.Array | None = None,
    first: int = 0,
) -> jax.Array:
    """Run layers one after the other; all below the top one over time hand their whole sequence on.

    Parameters
    ----------
    modules, over_time
        The layers with weights, bottom first, and whether each runs over time.
    x
        Inputs ``[batch, time, features]``.
    lengths
        True steps of each sample, ``[batch]``; all if left out.
    sequence
        Whether to return every step, or the last true one.
    key
        What dropout draws from, in training: the layer in place n from ``fold_in(key, n)``.
    first
        Place of the first module given, where layers below it have run already.

    Returns
    -------
    ``[batch, time, width]``, or ``[batch, width]`` of the last true step.
    """
    if not (first or all(over_time[:1])):
        x = without_padding(x, lengths)  # what maps each step for itself would see it
    top = max((place for place, runs in enumerate(over_time) if runs), default=-1)
    for place, (module, runs) in enumerate(zip(modules, over_time, strict=True)):
        own = None if key is None else fold_in(key, first + place)
        told = {"lengths": lengths, "sequence": sequence or place < top} if runs else {}
        x = module(x, key=own, **told)
    return x


class ChainModule(eqx.Module):
    """Modules one after another; all below the top one over time hand their whole sequence on."""

    modules: tuple[Any, ...]
    over_time: tuple[bool, ...] = eqx.field(static=True)

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        sequence: bool = True,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Map ``[batch, time, features]`` to ``[batch, time, width]``, or ``[batch, width]`` of the last true step."""
        return run_layers(self.modules, self.over_time, x, lengths=lengths, sequence=sequence, key=key)


@dataclass(frozen=True)
class Chain:
    """Layers described, at least one of them over time."""

    layers: tuple[Layer, ...]

    @staticmethod
    def of(owner: str, given: Iterable[Layer] | Layer) -> Chain:
        """Read what the user of `owner` gave: a layer, or several.

        Raises
        ------
        OptionError
            Where something is no layer, or none of them runs over time.
        """
        layers = tuple(given) if isinstance(given, Iterable) else (given,)
        wrong = [layer for layer in layers if not isinstance(layer, Layer)]
        if wrong or not any(layer.over_time for layer in layers):
            said = f"{wrong[0]!r} is no layer" if wrong else "no layer over time was given"
            raise OptionError(f"{owner}: {said}; allowed: a layer such as LSTM(20), or a list of layers.")
        return Chain(layers)

    def width(self, inputs: int) -> int:
        """Give the width of the top layer's output."""
        for layer in self.layers:
            inputs = layer.width(inputs)
        return inputs

    def build(self, inputs: int, key: jax.Array) -> ChainModule:
        """Draw the weights."""
        modules = []
        for layer, own in zip(self.layers, jax.random.split(key, len(self.layers)), strict=True):
            modules.append(layer.build(inputs, own))
            inputs = layer.width(inputs)
        return ChainModule(tuple(modules), tuple(layer.over_time for layer in self.layers))
