"""Weights of modules: combined with the rest of a module, and counted."""

from __future__ import annotations

import abc
import math
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import equinox as eqx
import jax
import numpy as np

from penstock.networks.inputs import Inputs
from penstock.programs import keep_programs

__all__ = ["Buildable", "as_declared", "count_untrained", "count_weights", "end_to_end", "module_shapes"]

M = TypeVar("M")


class Buildable(abc.ABC, Generic[M]):
    """A network's description, which builds a module; what follows from that."""

    @abc.abstractmethod
    def build(self, inputs: Inputs, outputs: int, key: jax.Array) -> M:
        """Draw the weights of a module.

        Parameters
        ----------
        inputs
            What the network reads.
        outputs
            Width of an output.
        key
            JAX key that the weights are drawn from.

        Returns
        -------
        The module with weights.
        """

    def with_weights(self, weights: Any, inputs: Inputs, outputs: int) -> M:
        """Combine weights (what ``eqx.filter(module, eqx.is_array)`` keeps) with the rest of the module.

        Parameters
        ----------
        weights
            The weights.
        inputs
            What the network reads.
        outputs
            Width of an output.

        Returns
        -------
        The module with these weights.
        """
        own = as_declared(self, weights, inputs, outputs)
        module: M = eqx.combine(own, _without_weights(self, inputs, outputs))
        return module

    def parameters(self, inputs: Inputs, outputs: int) -> int:
        """Count the weights that training changes, without drawing them: none of a reservoir or a frozen embedding.

        Parameters
        ----------
        inputs
            What the network reads.
        outputs
            Width of an output.

        Returns
        -------
        The number of trained weights.
        """
        module = module_shapes(self, inputs, outputs)
        return count_weights(module) - count_untrained(module)


@keep_programs(64)
def module_shapes(network: Buildable[Any], inputs: Inputs, outputs: int) -> Any:
    """Return a network's module with shapes in place of weights; every fit and each trace of a program asks for it."""
    return eqx.filter_eval_shape(lambda: network.build(inputs, outputs, jax.random.key(0)))


def as_declared(network: Buildable[Any], weights: Any, inputs: Inputs, outputs: int) -> Any:
    """Return weights in the structure of a network as it was declared.

    A compiled program that is given the shares of dropout as data trains a network which differs in nothing else.
    Parts of the weights are returned as they are.
    """
    leaves = jax.tree.leaves(weights)
    structure: Any = jax.tree.structure(eqx.filter(module_shapes(network, inputs, outputs), _is_shape))
    return jax.tree.unflatten(structure, leaves) if len(leaves) == structure.num_leaves else weights


def end_to_end(parts: Sequence[Any]) -> Any:
    """Lay the weights of members, ``[members, ...]``, of networks that differ in shares of dropout alone end to end."""
    leaves = [np.concatenate(each) for each in zip(*map(jax.tree.leaves, parts), strict=True)]
    return jax.tree.unflatten(jax.tree.structure(parts[0]), leaves)


def _is_shape(leaf: Any) -> bool:
    return isinstance(leaf, jax.ShapeDtypeStruct)


def _without_weights(network: Buildable[Any], inputs: Inputs, outputs: int) -> Any:
    """Return a network's module without its weights."""
    shapes = module_shapes(network, inputs, outputs)
    return eqx.filter(shapes, _is_shape, inverse=True)


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
