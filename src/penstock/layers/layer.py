"""What a layer's description can do."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax

from penstock.options import Description

__all__ = ["Layer"]


@dataclass(frozen=True, repr=False)
class Layer(Description):
    """A layer described: how wide its output is, and how to build the module with weights.

    The module of a layer over time maps ``[batch, time, features]`` and takes the keywords `lengths`, `sequence` and
    `key`, as :class:`penstock.layers.recurrent.RecurrentModule` does. That of any other layer maps the last axis
    alone and takes the keyword `key`. A key means training: whatever is random, such as dropout, is drawn from it;
    without one nothing is. What stands behind a sample's true steps never changes a result.
    """

    over_time: ClassVar[bool] = False

    @property
    @abc.abstractmethod
    def outputs(self) -> int | None:
        """Width of the output at each step; None where it depends on that of the input, as :meth:`width` says."""

    def width(self, inputs: int) -> int:
        """Give the width of the output for ``inputs`` features: the same, where `outputs` is None.

        Parameters
        ----------
        inputs
            Width of the input at each step.

        Returns
        -------
        Width of the output at each step.
        """
        return self.outputs or inputs

    @abc.abstractmethod
    def build(self, inputs: int, key: jax.Array) -> eqx.Module:
        """Draw the weights of a module that takes ``inputs`` features.

        Parameters
        ----------
        inputs
            Width of the input at each step.
        key
            JAX key that the weights are drawn from.

        Returns
        -------
        The module with weights.
        """
