"""Linear recurrences in parallel."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from penstock.cells.padding import true_steps

__all__ = ["linear_recurrence"]


def linear_recurrence(
    a: jax.Array,
    b: jax.Array,
    h: jax.Array,
    *,
    lengths: jax.Array | None = None,
    reverse: bool = False,
) -> tuple[jax.Array, jax.Array]:
    """Give every h' = a ⊙ h + b of a sequence, in some log(time) parallel steps (Blelloch 1990).

    Parameters
    ----------
    a, b
        What each step multiplies by, and adds, ``[batch, time, units]``.
    h
        The state before the first step, ``[batch, units]``.
    lengths, reverse
        As in :func:`penstock.layers.unroll.unroll`.

    Returns
    -------
    The states ``[batch, time, units]``, unchanged in the padding, and the last one.

    Examples
    --------
    >>> states, last = linear_recurrence(jnp.full((1, 3, 1), 0.5), jnp.ones((1, 3, 1)), jnp.zeros((1, 1)))
    >>> states[0, :, 0].tolist(), last.tolist()
    ([1.0, 1.5, 1.75], [[1.75]])
    """
    if lengths is not None:
        true = true_steps(lengths, b.shape[1])[:, :, None]
        a, b = jnp.where(true, a, 1), jnp.where(true, b, 0)

    def join(first: tuple[jax.Array, jax.Array], then: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        return first[0] * then[0], then[0] * first[1] + then[1]

    product, added = jax.lax.associative_scan(join, (jnp.broadcast_to(a, b.shape), b), reverse=reverse, axis=1)
    states = product * h[:, None] + added
    return states, states[:, 0] if reverse else states[:, -1]
