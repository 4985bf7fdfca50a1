"""The last steps as one vector: what a feed-forward net on lags reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.cells.padding import check_sequence, without_padding
from penstock.errors import OptionError
from penstock.layers.layer import Layer
from penstock.options import option

__all__ = ["Flatten", "FlattenModule"]


class FlattenModule(eqx.Module):
    """Hands on the last `steps` steps side by side, the oldest first; it has no weights."""

    steps: int = eqx.field(static=True)

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        sequence: bool = True,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Map ``[batch, time, features]`` to ``[batch, time, steps · features]``, or to that of the last true step.

        Zeros stand for steps before the first, and behind the last true one.
        """
        check_sequence("Flatten", x, lengths)
        batch, time, features = x.shape
        if time < self.steps:
            raise OptionError(f"Flatten({self.steps}) reads {self.steps} steps, but the window has {time}.")
        if not sequence and lengths is None:
            return x[:, time - self.steps :].reshape(batch, self.steps * features)
        back = jnp.pad(x, ((0, 0), (self.steps - 1, 0), (0, 0)))
        if sequence:
            whole = jnp.concatenate([back[:, lag : lag + time] for lag in range(self.steps)], axis=-1)
            return without_padding(whole, lengths)
        rows = jnp.maximum(lengths, 1)[:, None] - 1 + jnp.arange(self.steps)  # type: ignore[arg-type]
        last = jnp.take_along_axis(back, rows[:, :, None], axis=1).reshape(batch, -1)
        return jnp.where(lengths[:, None] > 0, last, 0)  # type: ignore[index]


@dataclass(frozen=True, repr=False)
class Flatten(Layer):
    """The last `steps` steps as one vector, described; with dense layers above, a feed-forward net on lags.

    Examples
    --------
    >>> from penstock.layers.dense import Dense
    >>> from penstock.networks.inputs import Inputs
    >>> from penstock.networks.network import Network
    >>> Network([Flatten(5)], dense=[Dense(32)]).parameters(Inputs(3), outputs=1)
    545
    """

    over_time: ClassVar[bool] = True

    steps: int = option(help="steps that are handed on", at_least=1)

    @property
    def outputs(self) -> None:
        """As many as the steps have features together."""

    def width(self, inputs: int) -> int:
        """Give the width of the output for ``inputs`` features."""
        return self.steps * inputs

    def build(self, inputs: int, key: jax.Array) -> FlattenModule:
        """Make the module; it has no weights."""
        return FlattenModule(self.steps)
