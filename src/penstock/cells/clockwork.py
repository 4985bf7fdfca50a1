"""The clockwork: groups of units that tick at different rates."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from penstock.argument_types import described
from penstock.cells.cell import Cell, masked
from penstock.cells.initializers import input_weights, recurrent_weights
from penstock.errors import OptionError

__all__ = ["ClockworkCell"]


class ClockworkCell(Cell[tuple[jax.Array, jax.Array]]):
    r"""One step of a clockwork: groups of units, of which the k-th changes only at every T_k-th step.

    .. math:: h_k' = \tanh\bigl(x W_k + \sum_{T_j ≥ T_k} h_j U_{jk} + b_k\bigr) \text{ where } T_k \text{ divides } t,
        \text{ else } h_k

    Fast groups hear slow ones, not the other way about. What a slow group holds, steps skip.

    Parameters
    ----------
    features
        Width of the input.
    units
        Hidden units.
    key
        JAX key that the weights are drawn from.
    periods
        Steps from one change of a group to its next, for each group.

    Attributes
    ----------
    W
        Input weights, ``[features, units]``, Glorot uniform.
    U
        Recurrent weights, ``[units, units]``, orthogonal; those from faster to slower groups do not count.
    b
        Biases, ``[units]``, zero.
    periods
        T, one for each group; the groups share the units evenly.

    Examples
    --------
    >>> cell = ClockworkCell(features=1, units=4, key=jax.random.key(0), periods=(1, 2))
    >>> _, (h, t) = cell(jnp.ones((3, 1)), cell.initial_state(batch=3))
    >>> _, (after, t) = cell(jnp.ones((3, 1)), (h, t))
    >>> (after == h)[0].tolist(), t.tolist()
    ([False, False, True, True], [2, 2, 2])

    References
    ----------
    Koutník, Greff, Gomez & Schmidhuber (2014), A Clockwork RNN, equations 1 and 2.
    """

    supports_recurrent_dropout: ClassVar[bool] = True
    state_names: ClassVar[tuple[str, ...]] = ("h", "t")
    W: jax.Array
    U: jax.Array
    b: jax.Array
    periods: tuple[int, ...] = eqx.field(static=True)

    def __init__(self, features: int, units: int, key: jax.Array, periods: tuple[int, ...] = (1, 2, 4, 8)) -> None:
        key_W, key_U = jax.random.split(key)
        dtype = jax.dtypes.canonicalize_dtype(float)
        self.W = input_weights(key_W, (features, units), dtype)
        self.U = recurrent_weights(key_U, (units, units), dtype)
        self.b = jnp.zeros(units, dtype)
        self.periods = checked_periods("ClockworkCell", periods)

    def initial_state(self, batch: int) -> tuple[jax.Array, jax.Array]:
        """Give h and the count of steps t before the first step: zeros, ``[batch, units]`` and ``[batch]``."""
        return jnp.zeros((batch, self.b.size), self.b.dtype), jnp.zeros(batch, jnp.int32)

    def __call__(
        self, x: jax.Array, state: tuple[jax.Array, jax.Array], mask: jax.Array | None = None
    ) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        """Take one step; the output is h."""
        h, t = state
        T = np.repeat(self.periods, self.b.size // len(self.periods))
        U = jnp.where(T[:, None] >= T, self.U, 0)
        ticks = t[:, None] % T == 0
        h = jnp.where(ticks, jnp.tanh(x @ self.W + masked(h, mask) @ U + self.b), h)
        return h, (h, t + 1)


def checked_periods(owner: str, periods: Any) -> tuple[int, ...]:
    """Read the steps from one change of each group of units to its next; refuse what is none."""
    given = tuple(periods) if isinstance(periods, Iterable) and not isinstance(periods, str) else (periods,)
    if not given or any(not isinstance(T, Integral) or isinstance(T, bool) or T < 1 for T in given):
        raise OptionError(f"{owner}: periods={described(periods)}; allowed: whole numbers from 1, such as (1, 2, 4).")
    return tuple(map(int, given))
