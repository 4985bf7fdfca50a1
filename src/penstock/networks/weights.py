"""Weights of modules: combined with the rest of a module, and counted."""

from __future__ import annotations

import math
from typing import Any, Protocol

import equinox as eqx
import jax

from penstock.networks.inputs import Inputs
from penstock.programs import keep_programs

__all__ = ["Built", "count_untrained", "count_weights", "module_of_weights"]


class Built(Protocol):
    """A network's description, which builds a module."""

    def build(self, inputs: Inputs, outputs: int, key: jax.Array) -> Any:
        """Draw the weights."""


def module_of_weights(network: Built, weights: Any, inputs: Inputs, outputs: int) -> Any:
    """Combine weights (what ``eqx.filter(module, eqx.is_array)`` keeps) with the rest of the network's module."""
    return eqx.combine(weights, _without_weights(network, inputs, outputs))


@keep_programs(64)
def _without_weights(network: Built, inputs: Inputs, outputs: int) -> Any:
    """Return a network's module without its weights; each trace of a program asks for it several times."""
    shapes = eqx.filter_eval_shape(lambda: network.build(inputs, outputs, jax.random.key(0)))
    return eqx.filter(shapes, lambda leaf: isinstance(leaf, jax.ShapeDtypeStruct), inverse=True)


def count_weights(part: Any) -> int:
    """Count the weights of a part, trained or not."""
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(part) if hasattr(leaf, "shape"))


def count_untrained(part: Any) -> int:
    """Count the weights of a part that training leaves as they are: those that a module names in `untrained`.

    Examples
    --------
    >>> from penstock.cells.echo_state import EchoStateCell
    >>> reservoir = EchoStateCell(features=1, units=3, key=jax.random.key(0))
    >>> count_weights(reservoir), count_untrained((reservoir, reservoir))
    (15, 30)
    """
    if isinstance(part, (tuple, list)):
        return sum(map(count_untrained, part))
    if not isinstance(part, eqx.Module):
        return 0
    untrained = getattr(part, "untrained", ())
    return sum(
        count_weights(value) if name in untrained else count_untrained(value) for name, value in vars(part).items()
    )
