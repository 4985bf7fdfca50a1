"""The network: recurrent layers read to their last step, then dense layers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax

from penstock.errors import OptionError
from penstock.layers.dense import Dense
from penstock.layers.layer import Layer
from penstock.options import Description

__all__ = ["Network", "NetworkModule"]


class NetworkModule(eqx.Module):
    """A network with weights: a sequence in, one vector out, read from the LAST step of the top recurrent layer."""

    layers: tuple[eqx.Module, ...]
    dense: tuple[eqx.Module, ...]

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map inputs ``[batch, time, features]`` to outputs ``[batch, outputs]``."""
        for layer in self.layers:
            x = layer(x)  # type: ignore[operator]
        x = x[:, -1]
        for dense in self.dense:
            x = dense(x)  # type: ignore[operator]
        return x


@dataclass(frozen=True, init=False, repr=False)
class Network(Description):
    """A network described: layers over time, then dense layers; the output layer is added by whoever builds it.

    Parameters
    ----------
    layers
        Layers over time, bottom first, such as ``[LSTM(25), LSTM(10)]``. All but the top one hand their whole
        sequence on.
    dense
        Dense layers between the last step and the output: :class:`Dense`, or a number of ReLU units.

    Examples
    --------
    >>> from penstock.layers.lstm import LSTM
    >>> network = Network([LSTM(20)])
    >>> network.parameters(inputs=1, outputs=1)
    1781
    >>> network == Network((LSTM(20),), dense=[])
    True
    """

    layers: tuple[Layer, ...]
    dense: tuple[Dense, ...]

    def __init__(self, layers: Iterable[Layer], dense: Iterable[Dense | int] = ()) -> None:
        layers = tuple(layers) if isinstance(layers, Iterable) else (layers,)
        dense = tuple(dense) if isinstance(dense, Iterable) else (dense,)
        wrong = [layer for layer in layers if not isinstance(layer, Layer) or isinstance(layer, Dense)]
        if wrong or not layers:
            given = f"{wrong[0]!r} is no layer over time" if wrong else "no layer was given"
            raise OptionError(f"Network: {given}; allowed: a list of layers such as [LSTM(20)].")
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "dense", tuple(d if isinstance(d, Dense) else Dense(d) for d in dense))

    def __repr__(self) -> str:
        dense = f", dense={list(self.dense)!r}" if self.dense else ""
        return f"Network({list(self.layers)!r}{dense})"

    def build(self, inputs: int, outputs: int, key: jax.Array) -> NetworkModule:
        """Draw the weights of a module from ``[batch, time, inputs]`` to ``[batch, outputs]``."""
        built: list[eqx.Module] = []
        chain = self._chain(outputs)
        for layer, subkey in zip(chain, jax.random.split(key, len(chain)), strict=True):
            built.append(layer.build(inputs, subkey))
            inputs = layer.outputs
        return NetworkModule(tuple(built[: len(self.layers)]), tuple(built[len(self.layers) :]))

    def with_weights(self, weights: Any, inputs: int, outputs: int) -> NetworkModule:
        """Join weights (what ``eqx.filter(module, eqx.is_array)`` keeps) with the rest of the module."""
        shapes = eqx.filter_eval_shape(self.build, inputs, outputs, jax.random.key(0))
        rest = eqx.filter(shapes, lambda leaf: isinstance(leaf, jax.ShapeDtypeStruct), inverse=True)
        module: NetworkModule = eqx.combine(weights, rest)
        return module

    def parameters(self, inputs: int, outputs: int) -> int:
        """Count the weights without drawing them."""
        return sum(self._counts(inputs, outputs))

    def summary(self, inputs: int = 1, outputs: int = 1, window: int | None = None) -> str:
        """Give a table of the layers: what each puts out and how many weights it has.

        Examples
        --------
        >>> from penstock.layers.lstm import LSTM
        >>> print(Network([LSTM(20)]).summary(window=63))
        layer     output       parameters
        LSTM(20)  [batch, 20]       1,760
        Dense(1)  [batch, 1]           21
        total                       1,781
        """
        time = "time" if window is None else window
        rows = [("layer", "output", "parameters")]
        for place, (layer, count) in enumerate(
            zip(self._chain(outputs), self._counts(inputs, outputs), strict=True), start=1
        ):
            steps = f"{time}, " if place < len(self.layers) else ""
            rows.append((f"{type(layer).__name__}({layer.outputs})", f"[batch, {steps}{layer.outputs}]", f"{count:,}"))
        rows.append(("total", "", f"{self.parameters(inputs, outputs):,}"))
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows)

    def _chain(self, outputs: int) -> list[Layer]:
        return [*self.layers, *self.dense, Dense(outputs, "linear")]

    def _counts(self, inputs: int, outputs: int) -> list[int]:
        module = jax.eval_shape(lambda: self.build(inputs, outputs, jax.random.key(0)))
        return [
            sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(layer)) for layer in (*module.layers, *module.dense)
        ]
