"""How two outputs become one."""

from __future__ import annotations

import jax
import jax.numpy as jnp

__all__ = ["MERGES", "merge"]

MERGES = ("concat", "sum")
"""Side by side, or added up."""


def merge(how: str, *parts: jax.Array) -> jax.Array:
    """Merge outputs ``[..., features]``.

    Examples
    --------
    >>> merge("concat", jnp.ones(2), jnp.zeros(1)).tolist(), merge("sum", jnp.ones(2), jnp.ones(2)).tolist()
    ([1.0, 1.0, 0.0], [2.0, 2.0])
    """
    return jnp.concatenate(parts, axis=-1) if how == "concat" else sum(parts[1:], parts[0])
