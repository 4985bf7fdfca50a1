"""True steps and padding: what stands behind a sample's last true step is never read."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from penstock.errors import OptionError

__all__ = ["check_sequence", "last_step", "true_steps", "without_padding"]


def check_sequence(reader: str, x: jax.Array, lengths: jax.Array | None = None) -> None:
    """Refuse, in words, what is no sequence.

    Lengths are checked where their values are known: not within a compiled step.

    Raises
    ------
    OptionError
        Where `x` has other axes than ``[batch, time, features]`` or no step, or where `lengths` are not one whole
        number a sample from 0 to its steps.

    Examples
    --------
    >>> check_sequence("LSTMCell", jnp.ones((3, 5)))
    Traceback (most recent call last):
    penstock.errors.OptionError: LSTMCell reads [batch, time, features], but was given the shape (3, 5).
    """
    if x.ndim != 3:
        raise OptionError(f"{reader} reads [batch, time, features], but was given the shape {x.shape}.")
    if x.shape[1] == 0:
        raise OptionError(f"{reader} was given an empty sequence, of the shape {x.shape}; give at least one step.")
    if lengths is None:
        return
    if lengths.shape != x.shape[:1] or not jnp.issubdtype(lengths.dtype, jnp.integer):
        raise OptionError(
            f"{reader}: lengths have the shape {lengths.shape} and the type {lengths.dtype}; give one whole number "
            f"for each of the {x.shape[0]} samples."
        )
    if isinstance(lengths, jax.core.Tracer):
        return
    known = np.asarray(lengths)
    wrong = np.flatnonzero((known < 0) | (known > x.shape[1]))
    if len(wrong):
        raise OptionError(
            f"{reader}: sample {wrong[0]} is said to have {known[wrong[0]]} steps, but the data hold {x.shape[1]}; "
            f"allowed: 0 to {x.shape[1]}."
        )


def true_steps(lengths: jax.Array, time: int) -> jax.Array:
    """Say which steps are true, ``[batch, time]``.

    Examples
    --------
    >>> true_steps(jnp.asarray([2, 0]), 3).tolist()
    [[True, True, False], [False, False, False]]
    """
    return jnp.arange(time) < lengths[:, None]


def without_padding(x: jax.Array, lengths: jax.Array | None) -> jax.Array:
    """Put zeros where ``[batch, time, features]`` is padding: anything may stand there, NaN included."""
    return x if lengths is None else jnp.where(true_steps(lengths, x.shape[1])[:, :, None], x, 0)


def last_step(x: jax.Array, lengths: jax.Array | None = None) -> jax.Array:
    """Read ``[batch, time, features]`` at each sample's last true step; zeros for a sample without steps.

    Examples
    --------
    >>> last_step(jnp.asarray([[[1.0], [2.0]], [[3.0], [4.0]]]), jnp.asarray([1, 0])).tolist()
    [[1.0], [0.0]]
    """
    if lengths is None:
        return x[:, -1]
    place = jnp.clip(lengths - 1, 0, x.shape[1] - 1)[:, None, None]
    return jnp.where(lengths[:, None] > 0, jnp.take_along_axis(x, place, axis=1)[:, 0], 0)
