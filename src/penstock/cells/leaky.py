"""The leaky unit."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Unpack

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock import kernels
from penstock.cells.cell import DropoutUnrollOptions, HiddenCell, masked
from penstock.cells.initializers import input_weights, recurrent_weights
from penstock.options import option

__all__ = ["LeakyCell"]


class LeakyCell(HiddenCell):
    r"""One step of leaky units: :math:`h' = (1 - a) ⊙ h + a ⊙ \tanh(x W + h U + b)`.

    The smaller the leak a, the longer a unit remembers: some 1/a steps.

    Parameters
    ----------
    features
        Width of the input.
    units
        Hidden units.
    key
        JAX key that the weights are drawn from.
    leak
        Share of its new value that a unit takes at each step.
    learned
        Whether each unit learns a leak of its own, beginning with this one.

    Attributes
    ----------
    W
        Input weights, ``[features, units]``, Glorot uniform.
    U
        Recurrent weights, ``[units, units]``, orthogonal.
    b
        Biases, ``[units]``, zero.
    logit
        Where the leak is learned, one for each unit: a = σ(logit), ``[units]``; else None.
    leak
        The fixed leak, or the one that learning starts from.

    Examples
    --------
    >>> import jax
    >>> cell = LeakyCell(features=1, units=4, key=jax.random.key(0), leak=0.25)
    >>> output, h = cell(jax.numpy.ones((3, 1)), cell.initial_state(batch=3))
    >>> output.shape, cell.a
    ((3, 4), 0.25)

    References
    ----------
    Jaeger, Lukoševičius, Popovici & Siewert (2007), equation 2, with the time step in the leak.
    """

    supports_input_dropout: ClassVar[bool] = True
    W: jax.Array
    U: jax.Array
    b: jax.Array
    logit: jax.Array | None
    leak: float = eqx.field(static=True)

    def __init__(
        self,
        features: int,
        units: int,
        key: jax.Array,
        leak: Annotated[
            float, option(help="share of its new value that a unit takes at each step", above=0, below=1)
        ] = 0.5,
        learned: Annotated[bool, option(help="learn a leak for each unit, from this one on")] = False,
    ) -> None:
        key_W, key_U = jax.random.split(key)
        dtype = jax.dtypes.canonicalize_dtype(float)
        self.W = input_weights(key_W, (features, units), dtype)
        self.U = recurrent_weights(key_U, (units, units), dtype)
        self.b = jnp.zeros(units, dtype)
        self.logit = jnp.full(units, math.log(leak / (1 - leak)), dtype) if learned else None
        self.leak = leak

    @property
    def a(self) -> jax.Array | float:
        """The leak: one number, or one for each unit ``[units]`` where it is learned."""
        return self.leak if self.logit is None else jax.nn.sigmoid(self.logit)

    def run(
        self, x: jax.Array, h: jax.Array, **options: Unpack[DropoutUnrollOptions]
    ) -> tuple[jax.Array | None, jax.Array]:
        """Run a whole sequence by the compiled kernel, or its ``lax.scan`` twin."""
        return kernels.leaky(x, h, self.W, self.U, self.b, self.a, **options)

    def gates(self, x: jax.Array, state: jax.Array, mask: jax.Array | None = None) -> dict[str, jax.Array]:
        """Give the candidate n = tanh(x W + h U + b), ``[batch, units]``; the leak does not change with the step."""
        return {"n": jnp.tanh(x @ self.W + masked(state, mask) @ self.U + self.b)}

    def __call__(self, x: jax.Array, state: jax.Array, mask: jax.Array | None = None) -> tuple[jax.Array, jax.Array]:
        """Take one step; the output is h."""
        h = (1 - self.a) * state + self.a * self.gates(x, state, mask)["n"]
        return h, h
