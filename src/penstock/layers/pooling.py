"""A whole sequence read to one vector by its last step, its mean and its maximum, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.argument_types import described
from penstock.cells.padding import check_sequence, last_step, true_steps, without_padding
from penstock.errors import OptionError, nearest
from penstock.layers.layer import Layer

__all__ = ["POOLS", "Pooling", "PoolingModule"]

POOLS = ("last", "mean", "max")
"""The last true step, and the mean and the maximum of each feature over the true steps."""


class PoolingModule(eqx.Module):
    """Reads a sequence to one vector; it has no weights."""

    parts: tuple[str, ...] = eqx.field(static=True)

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        sequence: bool = True,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Map ``[batch, time, features]`` to ``[batch, parts · features]``: zeros for a sample without steps.

        Raises
        ------
        OptionError
            Where a sequence is wanted.
        """
        check_sequence("Pooling", x, lengths)
        if sequence:
            raise OptionError("Pooling reads a sequence to one vector; put it on top of the layers over time.")
        counts = jnp.full(x.shape[0], x.shape[1]) if lengths is None else lengths
        found = {
            "last": lambda: last_step(x, lengths),
            "mean": lambda: jnp.sum(without_padding(x, lengths), axis=1) / jnp.maximum(counts, 1)[:, None],
            "max": lambda: _largest(x, counts),
        }
        return jnp.concatenate([found[part]().astype(x.dtype) for part in self.parts], axis=-1)


@dataclass(frozen=True, init=False, repr=False)
class Pooling(Layer):
    """Pooling over time, described: the top one of the layers over time.

    Parameters
    ----------
    parts
        What is read of the sequence, side by side: ``last``, ``mean`` and ``max``, or some of them.

    Examples
    --------
    >>> pooling = Pooling(["mean", "max"])
    >>> pooling.build(1, jax.random.key(0))(jnp.array([[[1.0], [5.0], [3.0]]]), sequence=False).tolist()
    [[3.0, 5.0]]
    >>> Pooling("median")
    Traceback (most recent call last):
    penstock.errors.OptionError: Pooling: parts holds 'median'; did you mean 'mean'? Allowed: 'last', 'mean', 'max'.

    References
    ----------
    Howard & Ruder (2018), *Universal language model fine-tuning for text classification*, section 3.3 (concat pooling).
    """

    over_time: ClassVar[bool] = True

    parts: tuple[str, ...]

    def __init__(self, parts: Iterable[str] | str = POOLS) -> None:
        if not isinstance(parts, Iterable):
            raise OptionError(f"Pooling: parts={described(parts)}; allowed: some of {list(POOLS)}.")
        given = (parts,) if isinstance(parts, str) else tuple(parts)
        wrong = [part for part in given if not isinstance(part, str) or part not in POOLS]
        if wrong:
            raise OptionError(f"Pooling: parts holds {wrong[0]!r}; {nearest(str(wrong[0]), POOLS)}")
        if not given or len({*given}) < len(given):
            raise OptionError(f"Pooling: parts={list(given)}; allowed: some of {list(POOLS)}, each once.")
        object.__setattr__(self, "parts", given)

    def __repr__(self) -> str:
        return "Pooling()" if self.parts == POOLS else f"Pooling({list(self.parts)!r})"

    @property
    def outputs(self) -> None:
        """As wide as the input, for each part."""

    def width(self, inputs: int) -> int:
        """Give the width of the output for ``inputs`` features.

        Parameters
        ----------
        inputs
            Width of the input at each step.

        Returns
        -------
        That of all parts.
        """
        return inputs * len(self.parts)

    def build(self, inputs: int, key: jax.Array) -> PoolingModule:
        """Make the module; it has no weights."""
        return PoolingModule(self.parts)


def _largest(x: jax.Array, counts: jax.Array) -> jax.Array:
    """Return the largest of each feature over the true steps, ``[batch, features]``."""
    true = true_steps(counts, x.shape[1])[:, :, None]
    return jnp.where(counts[:, None] > 0, jnp.max(jnp.where(true, x, -jnp.inf), axis=1), 0)
