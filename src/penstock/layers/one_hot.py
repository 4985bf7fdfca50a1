"""One-hot: a category as a row of zeros with a single one."""

from __future__ import annotations

import equinox as eqx
import jax

__all__ = ["OneHotModule"]


class OneHotModule(eqx.Module):
    """Maps ids ``[...]`` to ``[..., size]``; it has no weights."""

    size: int = eqx.field(static=True)

    def __call__(self, ids: jax.Array) -> jax.Array:
        """Give a one at the place of each id, zero elsewhere."""
        return jax.nn.one_hot(ids, self.size, dtype=jax.dtypes.canonicalize_dtype(float))
