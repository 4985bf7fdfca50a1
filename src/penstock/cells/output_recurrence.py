"""Recurrence through the output."""

from __future__ import annotations

from typing import Annotated, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.cells.activations import ACTIVATIONS
from penstock.cells.cell import Cell
from penstock.cells.initializers import input_weights
from penstock.options import option

__all__ = ["OutputRecurrenceCell"]


class OutputRecurrenceCell(Cell[jax.Array]):
    r"""One step of a network that hears only its own last output, the y of the step before.

    .. math:: h = φ(x W + y U + b) \quad y' = h V + c

    Given the true outputs in place of its own (teacher forcing), no step waits for another: :meth:`teach` runs all of
    them at once.

    Parameters
    ----------
    features
        Width of the input.
    units
        Hidden units.
    key
        JAX key that the weights are drawn from.
    outputs
        Outputs at each step.
    activation
        Activation of the units: ``linear``, ``relu``, ``tanh``, ``sigmoid``, ``hard_sigmoid``, ``hard_sigmoid_keras2``.

    Attributes
    ----------
    W, U
        Weights of the inputs ``[features, units]`` and of the last output ``[outputs, units]``, Glorot uniform.
    b
        Biases, ``[units]``, zero.
    V, c
        Weights ``[units, outputs]``, Glorot uniform, and biases ``[outputs]``, zero, of the output.
    activation
        φ by name.

    Examples
    --------
    >>> cell = OutputRecurrenceCell(features=2, units=8, key=jax.random.key(0), outputs=1)
    >>> output, y = cell(jnp.ones((3, 2)), cell.initial_state(batch=3))
    >>> output.shape, bool((output == y).all())
    ((3, 1), True)

    References
    ----------
    Jordan (1986); Goodfellow, Bengio & Courville (2016), figure 10.4 and section 10.2.1.
    """

    state_names: ClassVar[tuple[str, ...]] = ("y",)
    W: jax.Array
    U: jax.Array
    b: jax.Array
    V: jax.Array
    c: jax.Array
    activation: str = eqx.field(static=True)

    def __init__(
        self,
        features: int,
        units: int,
        key: jax.Array,
        outputs: Annotated[int, option(help="outputs at each step", at_least=1)] = 1,
        activation: Annotated[str, option(help="activation of the units", choices=ACTIVATIONS)] = "tanh",
    ) -> None:
        key_W, key_U, key_V = jax.random.split(key, 3)
        dtype = jax.dtypes.canonicalize_dtype(float)
        self.W = input_weights(key_W, (features, units), dtype)
        self.U = input_weights(key_U, (outputs, units), dtype)
        self.b = jnp.zeros(units, dtype)
        self.V = input_weights(key_V, (units, outputs), dtype)
        self.c = jnp.zeros(outputs, dtype)
        self.activation = activation

    def initial_state(self, batch: int) -> jax.Array:
        """Give y before the first step: zeros ``[batch, outputs]``."""
        return jnp.zeros((batch, self.c.size), self.c.dtype)

    def teach(self, x: jax.Array, y: jax.Array, first: jax.Array | None = None) -> jax.Array:
        """Put out what each step gives after the TRUE output of the step before it, all steps at once.

        Parameters
        ----------
        x
            Inputs ``[batch, time, features]``.
        y
            True outputs ``[batch, time, outputs]``; the last is not read.
        first
            The output before the first step, ``[batch, outputs]``; zeros if left out.

        Returns
        -------
        The outputs of all steps, ``[batch, time, outputs]``.
        """
        before = self.initial_state(x.shape[0]) if first is None else first
        return self(x, jnp.concatenate([before[:, None], y[:, :-1]], axis=1))[0]

    def __call__(self, x: jax.Array, state: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Take one step; the output is the state."""
        h = ACTIVATIONS[self.activation](x @ self.W + state @ self.U + self.b)
        y = h @ self.V + self.c
        return y, y
