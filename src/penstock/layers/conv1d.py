"""Convolution over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.cells.activations import ACTIVATIONS
from penstock.cells.initializers import input_weights
from penstock.cells.padding import check_sequence, last_step, without_padding
from penstock.layers.layer import Layer
from penstock.options import option

__all__ = ["PADDINGS", "Conv1D", "Conv1DModule"]

PADDINGS = ("causal", "same")
"""What a step sees: itself and steps before it; or as many before as after."""


class Conv1DModule(eqx.Module):
    """y_t = φ(Σ_k x_{t + (k − s) dilation} W_k + b), with zeros where there is no step.

    W is ``[size, features, filters]``, Glorot uniform as in Keras, b ``[filters]`` zero; s is size − 1 if causal,
    half of that (rounded down) otherwise.
    """

    W: jax.Array
    b: jax.Array
    padding: str = eqx.field(static=True)
    dilation: int = eqx.field(static=True)
    activation: str = eqx.field(static=True)

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        sequence: bool = True,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Map ``[batch, time, features]`` to ``[batch, time, filters]``, or ``[batch, filters]`` of the last step."""
        check_sequence("Conv1D", x, lengths)
        time, reach = x.shape[1], (len(self.W) - 1) * self.dilation
        before = reach if self.padding == "causal" else reach // 2
        padded = jnp.pad(without_padding(x, lengths), ((0, 0), (before, reach - before), (0, 0)))
        parts = [padded[:, k * self.dilation :][:, :time] @ W for k, W in enumerate(self.W)]
        y = without_padding(ACTIVATIONS[self.activation](sum(parts[1:], parts[0]) + self.b), lengths)
        return y if sequence else last_step(y, lengths)


@dataclass(frozen=True, repr=False)
class Conv1D(Layer):
    """A convolution over time, described, such as stands in front of a recurrent layer to find short patterns for it.

    It keeps the number of steps.

    Examples
    --------
    >>> Conv1D(16, size=5)
    Conv1D(16, 5)
    """

    over_time: ClassVar[bool] = True

    filters: int = option(help="outputs at each step", at_least=1)
    size: int = option(help="steps that an output sees", at_least=1, at_most=1000)
    padding: str = option("causal", "which steps it sees: those before, or as many on both sides", choices=PADDINGS)
    dilation: int = option(1, "steps between those that it sees", at_least=1, at_most=1000)
    activation: str = option("relu", "activation of the outputs", choices=ACTIVATIONS)

    @property
    def outputs(self) -> int:
        """Width of the output at each step."""
        return self.filters

    def build(self, inputs: int, key: jax.Array) -> Conv1DModule:
        """Draw the weights."""
        dtype = jax.dtypes.canonicalize_dtype(float)
        W = input_weights(key, (self.size, inputs, self.filters), dtype)
        return Conv1DModule(W, jnp.zeros(self.filters, dtype), self.padding, self.dilation, self.activation)
